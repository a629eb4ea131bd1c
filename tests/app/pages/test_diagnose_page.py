"""The Diagnose page: claims measured by a click, kept, stopped, saved, and shown for two models."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QToolTip

from ebm_studio.app.pages.diagnose import page as diagnose_page
from ebm_studio.app.pages.diagnose.card import StripView
from ebm_studio.app.pages.diagnose.page import DiagnosePage
from ebm_studio.app.pages.diagnose.plot_view import PlotView
from ebm_studio.app.pages.generate.page import GeneratePage
from ebm_studio.app.pages.reconstruct.page import ReconstructPage
from ebm_studio.app.studio.wishes import ShowDiagnosis
from ebm_studio.core.specs import NetSpec
from tests.app.conftest import PATIENCE, Opened, wait_for_chain
from tests.making import make_data, make_model


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(make_data(tmp_path / "pictures.zip", 30))


@pytest.fixture
def page(qtbot, running, data: str) -> DiagnosePage:
    """The page with pictures chosen and few samples."""
    page = running.page_of(DiagnosePage)
    running.show_page(page)
    assert not page.cards[0]["moments"].measure.isEnabled()  # nobody knows which pictures
    page.headers[0].source.set_source(data)
    page.count.setValue(16)
    return page


def measure(qtbot, page: DiagnosePage, claim, column: int = 0) -> None:
    card, side = page.cards[column][claim], page.state.sides[column]
    card.measure.setFocus()
    qtbot.mouseClick(card.measure, Qt.MouseButton.LeftButton)
    assert card.bar.isVisibleTo(page)
    assert not isinstance(QApplication.focusWidget(), QPushButton)  # which the next Enter would press
    qtbot.waitUntil(lambda: not side.waiting, timeout=PATIENCE)
    assert page.state.fault is None


def test_a_click_measures_a_claim_and_the_next_launch_knows_it(
    qtbot, page: DiagnosePage, opened: Opened, data: str
) -> None:
    card = page.cards[0]["inversion"]
    assert card.findChildren(PlotView) == []
    measure(qtbot, page, "inversion")
    assert card.verdict.text() in ("holds", "holds in part", "does not hold")
    assert "mean squared error" in card.text.text()
    [plot] = card.findChildren(PlotView)
    middle, none = QPointF(plot.rect().center()), Qt.MouseButton.NoButton
    at = plot.mapToGlobal(middle)
    move = QMouseEvent(QEvent.Type.MouseMove, middle, at, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(plot, move)
    assert "samples: " in QToolTip.text()
    QToolTip.hideText()
    assert len(card.findChildren(StripView)) == 4
    assert card.measure.text() == "Measure again"
    assert not card.bar.isVisibleTo(page)
    assert page.cards[0]["moments"].verdict.text() == ""
    page.window().close()

    again = opened()
    wait_for_chain(qtbot, again)
    known = again.page_of(DiagnosePage)
    qtbot.waitUntil(lambda: known.state.sides[0].diagnosis is not None, timeout=PATIENCE)
    assert known.cards[0]["inversion"].text.text() == card.text.text()
    assert known.state.sides[0].source == data


def test_pictures_that_are_gone_are_refused_at_once(qtbot, page: DiagnosePage, tmp_path: Path) -> None:
    page.headers[0].source.set_source(str(tmp_path / "gone.zip"))
    qtbot.mouseClick(page.headers[0].measure, Qt.MouseButton.LeftButton)
    assert page.state.fault is not None
    assert "There is no data set" in page.state.fault.text
    assert page.state.sides[0].waiting == ()


def test_measuring_stops_and_keeps_what_is_done(qtbot, page: DiagnosePage) -> None:
    side = page.state.sides[0]
    page.state.set_count(16)
    side.measure(["energies", "convergence"])
    qtbot.waitUntil(lambda: side.finding("energies") is not None, timeout=PATIENCE)
    assert page.cards[0]["convergence"].left.text() != ""
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not side.waiting, timeout=PATIENCE)
    assert side.finding("energies") is not None
    assert page.state.fault is None
    assert page.headers[0].measure.isEnabled()


def test_cards_lead_to_where_they_can_be_played_with(qtbot, page: DiagnosePage) -> None:
    window, cards = page.window(), page.cards[0]
    qtbot.mouseClick(cards["convergence"].play, Qt.MouseButton.LeftButton)
    generate = window.page_of(GeneratePage)
    assert window.page is generate
    assert generate.state.parameters.run.steps == 120
    wait_for_chain(qtbot, window)
    window.studio.wish(ShowDiagnosis("inversion"))
    assert window.page is page
    qtbot.mouseClick(cards["inversion"].play, Qt.MouseButton.LeftButton)
    assert window.page is window.page_of(ReconstructPage)


def test_cards_are_saved_as_pictures_and_as_a_report(
    qtbot, page: DiagnosePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(qtbot, page, "inversion")
    measure(qtbot, page, "energies")
    chosen = [tmp_path / name for name in ("one.svg", "one.png", "all.html", "all.pdf")]
    files = iter(map(str, chosen))
    monkeypatch.setattr(diagnose_page, "choose_file", lambda *_: next(files))
    for _ in range(2):
        qtbot.mouseClick(page.cards[0]["inversion"].export, Qt.MouseButton.LeftButton)
    root = ET.fromstring(chosen[0].read_text(encoding="utf-8"))
    image = QImage(str(chosen[1]))
    assert image.width() == 2 * int(root.attrib["width"])
    assert image.height() == 2 * int(root.attrib["height"])
    assert "Samples have the energies" not in chosen[0].read_text(encoding="utf-8")
    qtbot.mouseClick(page.export, Qt.MouseButton.LeftButton)
    assert chosen[2].read_text(encoding="utf-8").count("<article") == 2
    qtbot.mouseClick(page.export, Qt.MouseButton.LeftButton)
    assert page.state.fault is not None
    assert ".html" in page.state.fault.text
    assert not chosen[3].exists()


def test_a_second_model_is_measured_beside_the_first(
    qtbot, page: DiagnosePage, tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_model(tmp_path / "other.safetensors", NetSpec(size=16, channels=1, width=4), steps=6, seed=5)
    assert not page.headers[1].isVisibleTo(page)
    qtbot.mouseClick(page.beside, Qt.MouseButton.LeftButton)
    side = page.state.sides[1]
    side.open_model(str(other))
    qtbot.waitUntil(lambda: side.model is not None, timeout=PATIENCE)
    page.headers[1].source.set_source(data)
    measure(qtbot, page, "energies", column=1)
    assert side.finding("energies") is not None
    assert page.state.sides[0].finding("energies") is None
    measure(qtbot, page, "energies")
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *words: (asked.append(words[-1]), ("", ""))[1])
    qtbot.mouseClick(page.export, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.cards[1]["energies"].export, Qt.MouseButton.LeftButton)
    assert ["png" in filters for filters in asked] == [False, True]  # a picture shows one model
    qtbot.mouseClick(page.beside, Qt.MouseButton.LeftButton)
    assert not page.cards[1]["energies"].isVisibleTo(page)
