"""What a step of the chain does not set going: the window's layout, and the curves that it moves over."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest

from ebm_studio.app.widgets.chart_head import ChartHead
from tests.app.conftest import PATIENCE
from tests.app.shell.test_room import lay_out


class Counter(QObject):
    """How often a widget is asked to lay itself out."""

    count = 0

    def eventFilter(self, watched, event):  # noqa: N802
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def test_a_step_of_the_chain_lays_out_no_window_and_draws_no_curve_anew(qtbot, running, monkeypatch):
    page = running.generate
    curves = page.timeline.plots.curves
    QTest.keyClick(page.canvas, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: page.state.playback.position == 0, timeout=PATIENCE)
    qtbot.waitUntil(lambda: all(curve.value.text() for curve in curves), timeout=PATIENCE)
    lay_out()
    running.repaint()

    drawn, counter = [], Counter()
    for name in ("getPath", "_getLineSegments"):  # one of them is asked for whenever a curve is drawn
        ask = getattr(pg.PlotCurveItem, name)
        monkeypatch.setattr(pg.PlotCurveItem, name, lambda item, ask=ask: drawn.append(item) or ask(item))
    running.installEventFilter(counter)
    seen = set()
    for _ in range(3):
        before = page.state.playback.position
        QTest.keyClick(page.canvas, Qt.Key.Key_Right)
        qtbot.waitUntil(lambda before=before: page.state.playback.position > before, timeout=PATIENCE)
        lay_out()
        for curve in curves:
            curve.plot.viewport().repaint()
        seen.add(curves[0].value.text())
    assert len(seen) == 3  # the figures did change
    assert counter.count == 0
    assert drawn == []


def test_a_figure_that_changed_while_its_page_was_hidden_has_its_room(qtbot):
    head = ChartHead("Energy E")
    qtbot.addWidget(head)
    head.resize(240, 20)
    head.show()
    head.value.setText("9")
    lay_out()
    head.hide()
    head.value.setText("\N{MINUS SIGN}25.9")
    lay_out()
    head.show()
    lay_out()
    assert head.value.width() >= head.value.sizeHint().width()
