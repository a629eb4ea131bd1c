"""A page is its class and a place in `PAGES`: nothing else of the window knows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QSpinBox

from ebm_studio.app.pages.page import Page
from ebm_studio.app.shell import window as window_module
from ebm_studio.app.shell.commands import commands, key_groups
from ebm_studio.app.studio.openers import Opener
from ebm_studio.app.studio.session import Part
from ebm_studio.app.widgets.actions import act
from tests.app.conftest import PATIENCE


@dataclass(frozen=True)
class ShowNumber:
    number: int


class CountPage(Page):
    key = "grip"  # for an icon that there is
    title = "Count"
    tip = "Count: nothing but a number."
    wishes = (ShowNumber,)

    def __init__(self, studio, theme):
        super().__init__(studio, theme)
        self.number = QSpinBox()
        self.number.setAccessibleName("Number")
        self.number.setToolTip("A number.")
        self.begun = self.shuts = 0
        self.sheet_at_first = QApplication.instance().styleSheet()
        QHBoxLayout(self).addWidget(self.number)
        act(self, "Count on", self.number.stepUp, Qt.Key.Key_J)

    def focus_first(self):
        self.setFocus()

    def openers(self):
        return (Opener(lambda path: path.suffix == ".count", self.read, "Read the number", self.key),)

    def read(self, files):
        self.number.setValue(int(files[0].read_text()))

    def receive(self, wish):
        self.number.setValue(wish.number)

    def session_parts(self):
        return (Part("count", self.number.value, self.number.setValue, (self.number.valueChanged,)),)

    def status_widgets(self):
        return (QLabel("counts"),)

    def begin(self):
        self.begun += 1

    def shut(self):
        self.shuts += 1


@pytest.fixture
def with_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(window_module, "PAGES", (*window_module.PAGES, CountPage))


def test_a_page_needs_nothing_but_its_class(qtbot, with_count, opened, settings, tmp_path: Path):
    window = opened()
    page = window.page_of(CountPage)
    qtbot.waitUntil(lambda: page.begun == 1, timeout=PATIENCE)

    QTest.mouseClick(window.rail.pages[-1], Qt.MouseButton.LeftButton)
    assert window.page is page
    QTest.keyClick(page, Qt.Key.Key_J)
    assert page.number.value() == 1
    titles = dict(key_groups(window, window.pages))
    assert [line.text for line in titles["Count"]] == ["Count on"]
    listed = commands(window, window.pages, window.generate, window.show_page, window.studio)
    found = [command.text for command in listed]
    assert "Go to Count" in found
    assert "Count: Count on" in found
    assert "counts" in {label.text() for label in window.status.findChildren(QLabel)}

    window.show_page(window.generate)
    (tmp_path / "a.count").write_text("7")
    window.files.open([tmp_path / "a.count"])
    assert (window.page, page.number.value()) == (page, 7)

    window.show_page(window.generate)
    window.studio.wish(ShowNumber(12))
    assert (window.page, page.number.value()) == (page, 12)

    window.close()
    assert page.shuts
    assert json.loads(window.studio.session.path.read_text())["count"] == 12

    again = opened(None)
    qtbot.waitUntil(lambda: again.page_of(CountPage).begun == 1, timeout=PATIENCE)
    assert again.page_of(CountPage).number.value() == 12
    assert again.page is again.page_of(CountPage)


def test_every_page_has_a_name_a_tip_and_a_key_of_its_own():
    keys = [page.key for page in window_module.PAGES]
    assert len(set(keys)) == len(keys)
    for page in window_module.PAGES:
        assert page.title
        assert page.tip.startswith(f"{page.title}: ")


def test_pages_are_made_before_the_style_sheet_is_set(qtbot, with_count, opened):
    """With it, Qt would style each of some 1,700 widgets many times: it doubled the time until the first paint."""
    window = opened()
    assert window.page_of(CountPage).sheet_at_first == ""
    assert QApplication.instance().styleSheet()
