"""Names that other people gave: with HTML, with &, long, and of bytes that are no text."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ebm_studio.app.studio.wishes import CompareModel
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.app.widgets.names import MOST_LETTERS, NameLabel, in_tip, on_button
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.models.model import load_model, save_model
from ebm_studio.engine.requests import Fault
from tests.app.conftest import wait_for_chain
from tests.app.driver import Window
from tests.making import make_model

NAME = "<b>M&M</b> " + "W" * 85
FILE = "<i>A&B<i> " + "M" * 86


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """A model of a long and odd name, in a file of another one."""
    plain = make_model(tmp_path / "plain.safetensors", NetSpec(size=16, channels=1, width=4), steps=5)
    model = load_model(plain, "cpu")
    file = tmp_path / f"{FILE.replace('/', '')}.safetensors"
    save_model(file, model.net, replace(model.card, name=NAME, note=f"{NAME} {NAME}"))
    return file


@pytest.fixture
def window(qtbot, opened, named: Path) -> Window:
    """A window with that model, and a latent of such a name on the shelf and in a slot."""
    window = opened(str(named))
    wait_for_chain(qtbot, window)
    subject = window.state.subject(1)
    kept = window.studio.shelf.keep(subject.latent, subject.picture, NAME)
    window.studio.shelf.set_slot("A", kept)
    window.studio.wish(CompareModel())
    return window


def test_no_page_grows(window: Window):
    window.faults.show(Fault(f"{FILE}{FILE}{FILE} is damaged."))
    for fold in (False, True):
        window.shelf.set_folded(fold)
        for page in window.pages:
            window.show_page(page)
            assert window.minimumSizeHint().width() <= 1280, window.page.key
    assert window.banner.text.text().endswith(" is damaged.")


def test_names_are_plain_and_whole_in_tips(window: Window):
    chooser = window.generate.findChild(ModelChooser)
    assert chooser is not None
    assert chooser.text().startswith("<b>M&&M</b>")
    for tip in (chooser.toolTip(), window.shelf.slots["A"].toolTip()):
        assert "&lt;b&gt;M&amp;M&lt;/b&gt;" in tip
        assert tip.startswith("<qt>")
    assert window.status.where.textFormat() == Qt.TextFormat.PlainText
    assert window.status.where.text().startswith(NAME[:24])
    window.shelf.set_folded(True)
    assert NAME[:80] in window.shelf.summary.text()


def test_a_name_of_a_button_is_short_and_has_no_shortcut():
    assert on_button("M&M") == "M&&M"
    assert len(on_button("W" * 96)) == MOST_LETTERS + 1
    assert in_tip("<a>\n&") == "<qt>&lt;a&gt; &amp;</qt>"


def test_a_label_grows_again_with_its_room(qtbot):
    label, row = NameLabel(), QWidget()
    layout = QHBoxLayout(row)
    layout.addWidget(label)
    layout.addStretch(1)
    qtbot.addWidget(row)
    row.show()
    label.setText(NAME)
    for width in (200, 4000):
        row.resize(width, 30)
        qtbot.waitUntil(lambda width=width: row.width() == width)
    shown = QLabel.text(label)
    assert shown == label.text() == NAME
    label.clear()
    row.resize(3000, 30)
    assert (label.text(), QLabel.text(label), label.toolTip()) == ("", "", "")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_message_with_a_name_that_is_no_text_is_whole(window: Window):
    name = os.fsdecode(b"caf\xe9.doc")
    window.files.open([Path("/nowhere") / name])
    assert "caf?.doc. Drop a picture" in window.banner.text.text()
