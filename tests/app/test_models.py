from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from ebm_studio.app.modelcard import duration
from ebm_studio.core.specs import NetSpec
from ebm_studio.data import cards
from ebm_studio.data.thumbnails import COUNT
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.test_window import type_into
from tests.making import make_data, make_model


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_model(tmp_path / "other.safetensors", NetSpec(size=16, channels=3, width=4))


@pytest.fixture(autouse=True)
def _bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle of one small model."""
    make_model(tmp_path / "bundle" / "small.safetensors", steps=3)
    monkeypatch.setattr(cards, "CHECKPOINTS", tmp_path / "bundle")


@pytest.fixture
def page(qtbot, running, other):
    """The Models page over the tiny model, which is open, and another that was, both with thumbnails."""
    running.open_model(str(other))
    wait_for_chain(qtbot, running)
    running.open_model(running.zoo.recent[1])
    qtbot.waitUntil(lambda: running.state.model.card.name == "tiny", timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    QTest.mouseClick(running.rail.pages[running.pages.indexOf(running.models)], Qt.MouseButton.LeftButton)
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


def test_an_evaluation_ends_as_a_table_on_the_card_and_stays(qtbot, opened, running, page, tmp_path):
    card = card_of(page, "other")
    QTest.mouseClick(card.evaluate, Qt.MouseButton.LeftButton)
    card.evaluation.source.set_source(str(make_data(tmp_path / "data.zip", 48)))
    type_into(card.evaluation.count, "16")
    type_into(card.evaluation.held_out, "16")
    QTest.mouseClick(card.evaluation.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not running.zoo.evaluating, timeout=PATIENCE)
    assert running.faults.fault is None
    cells = [label.text() for label in card.evaluation.table.findChildren(QLabel)]
    assert cells[:4] == ["", "model", "floor", "ceiling"]
    assert cells[4] == "KID-lite0"
    kept = running.zoo.evaluations[card.entry.name]
    found = kept.figures
    assert cells[5] == f"{found['kid']['model']['mean']:.3g}"
    assert found["held_out"] == 16
    assert card.evaluation.table.isVisible()

    running.close()
    again = opened()
    wait_for_chain(qtbot, again)
    again.show_page(again.models)
    qtbot.waitUntil(lambda: again.zoo.evaluations.get(card.entry.name) == kept, timeout=PATIENCE)
    assert card_of(again.models, "other").evaluation.table.isVisible()


def test_an_evaluation_is_cancelled(qtbot, running, page, tmp_path):
    card = card_of(page, "tiny")
    QTest.mouseClick(card.evaluate, Qt.MouseButton.LeftButton)
    assert card.evaluation.source.currentText() == "fashion-mnist"
    QTest.mouseClick(card.evaluation.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: running.zoo.progress(card.entry.name) is not None, timeout=PATIENCE)
    QTest.mouseClick(card.evaluation.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not running.zoo.evaluating, timeout=PATIENCE)
    assert card.evaluation.start.isVisible()
    assert not card.evaluation.table.isVisible()


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45 s"), (720, "12 min"), (12000, "3 h 20 min"), (3599, "1 h 0 min"), (6.5e6, "75 days")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
