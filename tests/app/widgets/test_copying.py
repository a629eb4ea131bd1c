"""Plots and tables go out as CSV and as pictures."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

import ebm_studio
from ebm_studio.app.pages.diagnose.card import result_of
from ebm_studio.app.pages.diagnose.plot_view import PlotView
from ebm_studio.app.pages.models.model_card import ModelCard
from ebm_studio.app.widgets.copying import SHARPNESS
from ebm_studio.app.widgets.plots import Chart
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, Series
from tests.app.conftest import PATIENCE


def choose(qtbot, chart, text):
    """Ask a chart's plot, or another widget, for its menu, as a right click does, and choose a line of it."""
    view = chart.plot.viewport() if isinstance(chart, Chart) else chart
    middle = view.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, view.mapToGlobal(middle))
    QApplication.sendEvent(view, event)
    qtbot.waitUntil(lambda: any(menu.isVisible() for menu in chart.findChildren(QMenu)), timeout=PATIENCE)
    menu = next(menu for menu in chart.findChildren(QMenu) if menu.isVisible())
    action = next(action for action in menu.actions() if action.text() == text)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def test_a_curve_is_copied_as_numbers_and_as_a_picture(qtbot, running):
    page = running.generate
    page.state.select(2)
    chart, store = page.timeline.plots.energy, page.state.playback.store
    choose(qtbot, chart, "Copy as CSV")
    names, *rows = csv.reader(io.StringIO(QGuiApplication.clipboard().text()))
    assert names == ["step", "Energy E (mean)", "Energy E (sd)", "Energy E (chain 2)"]
    assert [int(row[0]) for row in rows] == list(store.indices)
    assert float(rows[-1][3]) == pytest.approx(float(store.energy()[-1, 2]))
    QTest.mouseMove(chart.plot.viewport())
    qtbot.waitUntil(chart.pointer.isVisible, timeout=PATIENCE)
    choose(qtbot, chart, "Copy as picture")
    copied = QGuiApplication.clipboard().pixmap()
    assert copied.size() == SHARPNESS * chart.size()
    assert not chart.pointer.isVisible()  # that is at the menu, and is no part of the picture


def test_both_sides_are_copied_as_columns(qtbot, running):
    running.show_page(running.compare)
    state = running.compare_state
    qtbot.waitUntil(lambda: state.group is not None and state.group.whole, timeout=PATIENCE)
    choose(qtbot, running.compare.timeline.plots.curves[0], "Copy as CSV")
    names, *rows = csv.reader(io.StringIO(QGuiApplication.clipboard().text()))
    assert names == ["step", "Energy E (left)", "Energy E (right)"]
    assert all(left == right for _, left, right in rows)
    assert len(rows) == state.group.run.steps + 1


def test_every_chart_of_every_page_has_its_numbers(qtbot, running):
    for page in running.pages:
        running.show_page(page)
    charts = running.findChildren(Chart)
    assert {"Energy E", "Gradient step length v", "TV by update", "Distance to the next frame"} <= {
        chart.name for chart in charts
    }
    assert all(table is None or table.csv() for table in (chart.table() for chart in charts))


def copied(qtbot, widget):
    choose(qtbot, widget, "Copy as CSV")
    return list(csv.reader(io.StringIO(QGuiApplication.clipboard().text())))


def test_the_readouts_of_all_sides_are_copied_as_a_table(qtbot, running):
    running.show_page(running.compare)
    state = running.compare_state
    qtbot.waitUntil(lambda: state.group is not None and state.group.whole, timeout=PATIENCE)
    state.playback.go(state.group.run.steps)
    names, left, right = copied(qtbot, running.compare.panes[1].readout)
    assert names == ["side", "model", "K", "s", "tau", "step", "E (mean)", "RMS from Left"]
    assert left[:2] == ["Left", "tiny"]
    assert (left[-1], float(right[-1])) == ("", 0.0)
    assert float(left[6]) == pytest.approx(float(state.group.stores[0].energy()[-1].mean()))


def test_a_plot_and_the_numbers_of_a_finding_are_copied(qtbot, theme):
    plot = Plot(
        "Steps", "K", "KID", (Series("model", (1.0, 2.0), (0.5, 0.25), (0.1, 0.2)), Series("data", (1.0,), (0,)))
    )
    finding = Finding(
        claim="steps",
        title="More steps",
        verdict="holds",
        text="It holds.",
        measures=(Measure("KID", Estimate(0.5, 0.1), "dB"),),
        plots=(plot,),
    )
    widget = result_of(theme, finding)
    qtbot.addWidget(widget)
    widget.show()
    rows = copied(qtbot, widget.findChild(PlotView))
    assert rows == [["series", "K", "KID", "standard error"], ["model", "1.0", "0.5", "0.1"],
                    ["model", "2.0", "0.25", "0.2"], ["data", "1.0", "0", ""]]  # fmt: skip
    measures = next(child for child in widget.findChildren(QWidget) if child.objectName() == "measures")
    assert copied(qtbot, measures) == [["measure", "value", "standard error", "unit"], ["KID", "0.5", "0.1", "dB"]]


def test_a_models_card_is_copied_as_a_table(qtbot, running):
    running.show_page(running.models)
    qtbot.waitUntil(lambda: bool(running.models.findChildren(ModelCard)), timeout=PATIENCE)
    card = next(card for card in running.models.findChildren(ModelCard) if card.table() is not None)
    assert card.table().names == ("fact", "value")
    assert card.table().rows[0] == ("Model", card.entry.card.name)
    assert "Pictures" in [name for name, _ in card.table().rows]
    assert card.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu


def test_v_has_one_name():
    """The paper's word is said where the word is explained."""
    package = Path(ebm_studio.__file__).parent
    said = [file.name for file in package.rglob("*.py") if "gradient magnitude" in file.read_text("utf-8").lower()]
    assert said == ["glossary.py"]
