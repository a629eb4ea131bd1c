from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel

from ebm_studio.app.pages.models.model_card import GAP
from ebm_studio.app.widgets.data_set_box import ZIP
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.core.durations import about, duration
from ebm_studio.core.evaluation.figures import Estimate, Figures
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.models import card as card_module
from ebm_studio.data.models.card import DataCard
from ebm_studio.data.models.model import load_model, save_model
from ebm_studio.data.models.thumbnails import COUNT, keep_thumbnail, read_thumbnail, thumbnail_file
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.shell.test_window import type_into
from tests.hub import TOKEN, serving_hub
from tests.making import make_data, make_figures, make_model


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_model(tmp_path / "other.safetensors", NetSpec(size=16, channels=3, width=4))


@pytest.fixture(autouse=True)
def _bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle of one small model."""
    make_model(tmp_path / "bundle" / "small.safetensors", steps=3)
    monkeypatch.setattr(card_module, "CHECKPOINTS", tmp_path / "bundle")


@pytest.fixture
def page(qtbot, running, other):
    """The Models page over the tiny model, which is open, and another that was, both with thumbnails."""
    running.open_model(str(other))
    wait_for_chain(qtbot, running)
    running.open_model(running.zoo.recent[1])
    qtbot.waitUntil(lambda: running.state.model.card.name == "tiny", timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    QTest.mouseClick(running.rail.pages[running.stack.indexOf(running.models)], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(running.zoo.thumbnails) == 3, timeout=PATIENCE)
    return running.models


def card_of(page, title: str):
    return next(card for card in page.cards.values() if card.entry.title == title)


def test_files_opened_lately_are_on_cards_with_samples(running, page):
    assert [card.entry.title for card in page.cards.values()] == ["small", "tiny", "other"]
    assert card_of(page, "small").parentWidget() is page.bundled
    assert card_of(page, "other").parentWidget() is page.recent
    assert all(pixels.shape[0] == COUNT for pixels in running.zoo.thumbnails.values())
    assert card_of(page, "tiny").current.isVisible()
    assert not card_of(page, "other").current.isVisible()
    texts = [label.text() for label in card_of(page, "other").findChildren(type(card_of(page, "other").name))]
    assert "16 × 16 colour" in texts


@pytest.mark.parametrize(("width", "columns"), [(960, 2), (1280, 2), (1920, 4)])
def test_the_cards_of_a_row_take_its_whole_width(qtbot, running, tmp_path, width, columns):
    for number in range(3):
        make_model(tmp_path / "bundle" / f"small{number}.safetensors", steps=3)
    page = running.models
    running.show_page(page)
    running.resize(width, 1000)

    def is_full() -> bool:
        cards = page.bundled.cards
        top = [card for card in cards if card.y() == min(card.y() for card in cards)]
        edge = max(card.geometry().right() for card in top)
        return len(cards) == 4 and len(top) == columns and page.bundled.width() - edge <= 2

    qtbot.waitUntil(is_full, timeout=PATIENCE)
    samples = page.bundled.cards[0].samples
    assert 0 <= samples.width() - 4 * samples.side - 3 * GAP < 4
    assert samples.height() == 2 * samples.side + GAP  # none is cut


def test_thumbnails_are_kept_with_the_models_and_not_drawn_again(qtbot, opened, running, page, other):
    file = thumbnail_file(other)
    assert file.is_relative_to(platformdirs.user_data_path("ebm-studio", appauthor=False))
    pixels, card = read_thumbnail(file)
    keep_thumbnail(file, np.zeros_like(pixels), card)  # so that one sees where they are from
    running.close()
    again = opened()
    again.show_page(again.models)
    qtbot.waitUntil(lambda: len(again.zoo.thumbnails) == 3, timeout=PATIENCE)
    assert not again.zoo.thumbnails[str(other)].any()


def test_files_opened_lately_are_in_every_menu_of_models(running, page, other):
    choosers = [chooser for each in running.pages for chooser in each.findChildren(ModelChooser)]
    assert len(choosers) >= 5
    for chooser in choosers:
        chooser.choices.aboutToShow.emit()
        texts = [action.text() for action in chooser.choices.actions()]
        assert any(text.startswith("other\t") for text in texts), texts


def test_menus_of_models_call_a_model_as_its_card_does_and_tips_tell_its_file(running, page, tmp_path):
    model = load_model(make_model(tmp_path / "model.safetensors"), "cpu")
    save_model(card_module.new_user_model("model"), model.net, replace(model.card, name="birds"))
    chooser = running.generate.header.model
    chooser.choices.aboutToShow.emit()
    [action] = [action for action in chooser.choices.actions() if action.text().startswith("birds\t")]
    assert "model.safetensors" in action.toolTip()
    assert chooser.choices.toolTipsVisible()


def test_all_text_of_a_card_can_be_read(qtbot, running, learned):
    learned("birds", make_figures())
    card = shown(qtbot, running, "learned")
    for scheme in ("dark", "light"):
        running._theme.choose(scheme)
        ground = QColor(running._theme.tokens.raised)
        for text in (text for text in card.findChildren(QLabel) if text.isVisible() and text.text()):
            assert text.fontInfo().pixelSize() >= 12, text.text()
            assert contrast(text.palette().color(text.foregroundRole()), ground) >= 4.5, text.text()


def contrast(text: QColor, ground: QColor) -> float:
    """Of two colours, as the Web Content Accessibility Guidelines have it."""

    def light(colour: QColor) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(text), light(ground)))
    return (high + 0.05) / (low + 0.05)


def test_evaluations_stand_side_by_side(qtbot, running, page, tmp_path):
    assert page.evaluations.isHidden()
    for name, kid in (("worse", 0.4), ("better", 0.2)):
        found = make_figures()
        found = replace(found, kid=replace(found.kid, model=Estimate(kid, 0.01)))
        _add_model(tmp_path / "bundle" / f"{name}.safetensors", name, found)
    page.zoo.refresh()
    assert page.evaluations.isVisible()
    rows = page.evaluations._shown
    assert [row[0] for row in rows] == ["better", "worse"]
    assert [row[3] for row in rows] == ["0.2000 ± 0.0100", "0.4000 ± 0.0100"]
    table = page.evaluations.table()
    assert len(table.rows) == len(rows)
    kid = table.names.index("KID")
    assert all(isinstance(row[kid], float) and isinstance(row[kid + 1], float) for row in table.rows)
    texts = [page.evaluations.grid.itemAt(i).widget().text() for i in range(page.evaluations.grid.count())]
    assert "Fréchet distance" in texts
    assert "better" in texts


def _add_model(path: Path, name: str, figures: Figures) -> None:
    model = load_model(make_model(path), "cpu")
    save_model(path, model.net, replace(model.card, name=name, figures=figures))


def test_a_card_is_opened_by_its_button_and_by_enter(qtbot, running, page):
    QTest.mouseClick(card_of(page, "other").open, Qt.MouseButton.LeftButton)
    assert running.page is running.generate
    qtbot.waitUntil(lambda: running.state.model.card.name == "other", timeout=PATIENCE)
    running.show_page(page)
    running.activateWindow()
    card = card_of(page, "tiny")
    card.setFocus()
    qtbot.waitUntil(card.hasFocus, timeout=PATIENCE)
    QTest.keyClick(card, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: running.state.model.card.name == "tiny", timeout=PATIENCE)
    wait_for_chain(qtbot, running)


def test_a_file_that_is_gone_says_so_and_can_be_removed(qtbot, running, page, other):
    other.unlink()
    QTest.keyClick(page, Qt.Key.Key_F5)
    gone = next(card for card in page.cards.values() if card.entry.problem)
    assert gone.problem.text() == "The file is no longer there."
    assert not gone.open.isEnabled()
    QTest.mouseClick(gone.forget, Qt.MouseButton.LeftButton)
    assert [card.entry.title for card in page.cards.values()] == ["small", "tiny"]
    qtbot.waitUntil(lambda: not running.link.engine.busy, timeout=PATIENCE)


def test_an_evaluation_without_held_out_pictures_is_a_banner(qtbot, running, page, tmp_path):
    card = card_of(page, "other")
    QTest.mouseClick(card.evaluate, Qt.MouseButton.LeftButton)
    card.evaluation.source.set_source(str(make_data(tmp_path / "data.zip")))
    QTest.mouseClick(card.evaluation.start, Qt.MouseButton.LeftButton)
    assert card.evaluation.cancel.isVisible()
    qtbot.waitUntil(running.banner.isVisible, timeout=PATIENCE)
    assert "held out" in running.banner.text.text()
    assert not card.evaluation.cancel.isVisible()


def test_an_evaluation_on_pictures_that_are_gone_is_refused_at_once(running, page, tmp_path):
    card = card_of(page, "other")
    QTest.mouseClick(card.evaluate, Qt.MouseButton.LeftButton)
    card.evaluation.source.set_source(str(tmp_path / "gone.zip"))
    QTest.mouseClick(card.evaluation.start, Qt.MouseButton.LeftButton)
    assert "There is no data set" in running.banner.text.text()
    assert running.banner.isVisible()
    assert not running.zoo.evaluating


def test_an_evaluation_ends_as_a_table_on_the_card_and_stays(qtbot, opened, running, page, tmp_path):
    card = card_of(page, "other")
    QTest.mouseClick(card.evaluate, Qt.MouseButton.LeftButton)
    card.evaluation.source.set_source(str(make_data(tmp_path / "data.zip", 48)))
    type_into(card.evaluation.count, "16")
    type_into(card.evaluation.held_out, "16")
    QTest.mouseClick(card.evaluation.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not running.zoo.evaluating, timeout=PATIENCE)
    assert running.faults.fault is None
    kept = running.zoo.evaluations[card.entry.name]
    found, view = kept.figures, card.evaluation.figures
    assert found.held_out == 16
    texts = [label.text().replace("−", "-") for label in view.findChildren(QLabel)]
    for name, scale, digits in zip(("KID-lite0", "FD-lite0"), (found.kid, found.fd), (4, 1), strict=True):
        assert name in texts
        assert {"model", "best possible", "pure noise"} <= set(texts)
        for value in (scale.model, scale.floor, scale.ceiling):
            assert f"{value.mean:.{digits}f} ± {value.sd:.{digits}f}" in texts
    near, health = found.nearest, found.health
    for text in (
        f"{found.contrast.samples:.3f}, {found.contrast.real:.3f} ({found.contrast.excess:+.1%})",
        f"{near.model:.3f}, {near.held_out:.3f}",
        f"{near.copies:.1%}",
        f"{found.heldout_error:.5f}",
        f"{health.d:+.2f}, {health.v:.2f}, {health.path_length:.1f}",
    ):
        assert text in texts
    assert view.isVisible()
    for text in view.findChildren(QLabel):
        assert text.width() >= text.sizeHint().width() or text.wordWrap()
    command = view.command
    assert command.toPlainText() == f"ebm-studio evaluate {card.entry.name} {kept.source} --count 16 --held-out 16"
    assert command.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
    qtbot.waitUntil(lambda: not command.verticalScrollBar().maximum(), timeout=PATIENCE)  # nothing is out of sight

    running.close()
    again = opened()
    wait_for_chain(qtbot, again)
    again.show_page(again.models)
    qtbot.waitUntil(lambda: again.zoo.evaluations.get(card.entry.name) == kept, timeout=PATIENCE)
    assert card_of(again.models, "other").evaluation.figures.isVisible()


def test_an_evaluation_is_cancelled(qtbot, running, page, tmp_path):
    card = card_of(page, "tiny")
    QTest.mouseClick(card.evaluate, Qt.MouseButton.LeftButton)
    card.evaluation.source.set_source("fashion-mnist")
    QTest.mouseClick(card.evaluation.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: running.zoo.progress(card.entry.name) is not None, timeout=PATIENCE)
    QTest.mouseClick(card.evaluation.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not running.zoo.evaluating, timeout=PATIENCE)
    assert card.evaluation.start.isVisible()
    assert not card.evaluation.figures.isVisible()


@pytest.fixture
def learned(tmp_path: Path):
    """Makes a model of a person's own that says what it learned from."""

    def make(data: str, figures: Figures | None = None, rows: str = "") -> None:
        model = load_model(make_model(tmp_path / "learned.safetensors", NetSpec(size=16, channels=3, width=4)), "cpu")
        about = DataCard(name=data, count=32, held_out=16, held_out_rows=rows)
        card = replace(model.card, data=about, figures=figures)
        save_model(card_module.new_user_model("learned"), model.net, card)

    return make


def shown(qtbot, running, title: str):
    """The card of that title on the Models page, with its form open."""
    running.show_page(running.models)
    qtbot.waitUntil(lambda: not running.link.engine.busy, timeout=PATIENCE)
    card = card_of(running.models, title)
    QTest.mouseClick(card.evaluate, Qt.MouseButton.LeftButton)
    return card


def test_a_set_of_ones_own_is_to_be_chosen_and_never_guessed(qtbot, running, learned, tmp_path):
    learned("birds")
    form = shown(qtbot, running, "learned").evaluation
    assert form.source.source == ""
    assert form.source.currentIndex() == -1
    assert form.source.placeholderText() == "Choose birds…"
    assert not form.start.isEnabled()

    form.source.set_source(str(make_data(tmp_path / "birds.zip")))
    assert form.start.isEnabled()
    assert not form.other.isVisible()
    form.source.set_source(str(make_data(tmp_path / "fish.zip")))
    assert form.start.isEnabled()
    assert form.other.isVisible()
    told = "The card says that the model was trained on birds, but these metrics compare it with fish."
    assert form.other.text() == told


def test_a_set_by_name_is_chosen_from_the_start(qtbot, running, learned):
    learned("cifar10")
    form = shown(qtbot, running, "learned").evaluation
    assert form.source.source == "cifar10"
    assert form.source.currentText() == "CIFAR-10 photos"
    assert form.start.isEnabled()
    form.source.set_source("mnist")
    running.zoo.entry_changed.emit(form._entry.name)
    assert form.source.source == "mnist"


def test_a_choice_that_is_thought_better_of_changes_nothing(qtbot, running, learned, monkeypatch):
    learned("birds")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    form = shown(qtbot, running, "learned").evaluation
    form.source.activated.emit(form.source.findData(ZIP))
    assert form.source.source == ""
    assert form.source.currentIndex() == -1
    assert not form.start.isEnabled()


def test_the_evaluate_button_shows_whether_it_is_pressed(qtbot, running, page):
    button = card_of(page, "other").evaluate
    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    before = button.grab().toImage()
    button.setChecked(True)
    assert button.grab().toImage() != before


@pytest.mark.parametrize(
    ("rows", "text"), [("32-47", "16 (rows 32–47)"), ("", "16"), ("1-2, 5-6, 9-10, 13-14, 17-25", "16")]
)
def test_the_card_tells_which_pictures_are_held_out(qtbot, running, learned, rows, text):
    learned("birds", rows=rows)
    labels = shown(qtbot, running, "learned").findChildren(QLabel)
    at = next(at for at, label in enumerate(labels) if label.text() == "Held out" and label.toolTip())
    assert labels[at + 1].text() == text
    assert rows in labels[at + 1].toolTip()


def test_figures_in_the_card_are_shown(qtbot, running, learned):
    learned("birds", make_figures())
    texts = [label.text() for label in shown(qtbot, running, "learned").findChildren(QLabel)]
    assert "0.3720 ± 0.0110" in texts
    assert "−0.0002 to 1.2560" in texts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (45, "45 s"),
        (205, "3 min 25 s"),
        (120, "2 min"),
        (720, "12 min"),
        (12000, "3 h 20 min"),
        (3599, "1 h"),
        (6.5e6, "75 days"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(2, "2 s"), (98, "1 min 40 s"), (372, "6 min"), (11640, "3 h 10 min"), (6.5e6, "75 days")]
)
def test_an_estimate_is_no_more_exact_than_it_can_be(seconds, text):
    assert about(seconds) == f"about {text}"


def test_a_model_is_pushed_to_the_hub_from_its_card_or_the_window_says_why_not(
    qtbot, running, page, monkeypatch, tmp_path
):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    card = card_of(page, "tiny")
    QTest.mouseClick(card.share, Qt.MouseButton.LeftButton)
    assert not card.sharing.push.isEnabled()
    with serving_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
        QTest.keyClicks(card.sharing.place, "me/tiny")
        QTest.mouseClick(card.sharing.push, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: running.faults.fault is not None, timeout=PATIENCE)
        assert "sign in with `hf auth login`" in running.faults.fault.text
        running.faults.dismiss()
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        QTest.keyClick(card.sharing.place, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: "me/tiny" in running.zoo.pushed.get(card.entry.name, ""), timeout=PATIENCE)
        qtbot.waitUntil(card.sharing.push.isEnabled, timeout=PATIENCE)
        assert card.sharing.told.text() == f"Uploaded to {hub.url}/me/tiny"
        assert "samples.png" in hub.files["me/tiny"]
        running.open_model("hf:me/tiny")
        qtbot.waitUntil(lambda: running.state.model.name == "hf:me/tiny", timeout=PATIENCE)
        wait_for_chain(qtbot, running)
    running.show_page(page)
    assert not page.cards["hf:me/tiny"].entry.problem
    if shots := os.environ.get("SHOTS"):
        running.grab().save(f"{shots}/share.png")
