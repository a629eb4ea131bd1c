"""Plots and tables go out as CSV and as pictures."""

from __future__ import annotations

import csv
import io

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from ebm_studio.app.widgets.plots import Chart
from tests.app.conftest import PATIENCE


def choose(qtbot, chart, text):
    """Ask a chart's plot for its menu, as a right click does, and choose a line of it."""
    view = chart.plot.viewport()
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
    assert names == ["step", "mean", "sd", "chain 2"]
    assert [int(row[0]) for row in rows] == list(store.indices)
    assert float(rows[-1][3]) == pytest.approx(float(store.energy()[-1, 2]))
    choose(qtbot, chart, "Copy as picture")
    copied = QGuiApplication.clipboard().pixmap()
    assert copied.size() == chart.size()


def test_both_sides_are_copied_as_columns(qtbot, running):
    running.show_page(running.compare)
    state = running.compare_state
    qtbot.waitUntil(lambda: state.group is not None and state.group.whole, timeout=PATIENCE)
    choose(qtbot, running.compare.timeline.plots.curves[0], "Copy as CSV")
    names, *rows = csv.reader(io.StringIO(QGuiApplication.clipboard().text()))
    assert names == ["step", "left", "right"]
    assert all(left == right for _, left, right in rows)
    assert len(rows) == state.group.run.steps + 1


def test_every_chart_of_every_page_has_its_numbers(qtbot, running):
    for page in running.pages:
        running.show_page(page)
    charts = running.findChildren(Chart)
    assert {"Energy E", "Gradient step length", "TV", "Distance to the next frame"} <= {chart._name for chart in charts}
    assert all(table is None or table.csv() for table in (chart.table() for chart in charts))
