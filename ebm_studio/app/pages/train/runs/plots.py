"""The curves of a run, or of several. Imported late, since pyqtgraph takes its time."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QCursor, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.train.runs.chart_kinds import FIDELITY, KINDS, Kind
from ebm_studio.app.pages.train.runs.curve_bar import CurveBar
from ebm_studio.app.pages.train.runs.curve_data import Floats, limits, ratio_ticks
from ebm_studio.app.pages.train.runs.run_reader import WARNINGS
from ebm_studio.app.pages.train.runs.selected_runs import Watch
from ebm_studio.app.widgets.copying import Table
from ebm_studio.app.widgets.formatting import figure
from ebm_studio.app.widgets.plots import Chart, stroke
from ebm_studio.app.widgets.thinning import thin
from ebm_studio.data.training.fidelity_log import best_of

ENOUGH = 27 * UNIT
"""Pixels of a chart's width from which its title and its value are whole."""
DOT, BEST_DOT = 5, 9  # pixels
TINIEST = 1e-5  # on a logarithmic axis
NEAR = 6  # pixels within which the pointer is at an event
MARKERS = 60  # the newest events that are marked


class RunChart(Chart):
    """One figure over the updates: each value thin, its running mean bold; events as marks."""

    def __init__(self, theme: Theme, watch: Watch, kind: Kind) -> None:
        super().__init__(theme, kind.title, kind.tip)
        self._watch = watch
        self.kind = kind
        self._raw: list[pg.PlotCurveItem] = []
        self._means: list[pg.PlotCurveItem] = []
        self._marks: list[pg.InfiniteLine] = []
        self._values: list[tuple[Floats, tuple[Floats, ...]]] = []
        self._zero = pg.InfiniteLine(0, angle=0)
        self._zero.setVisible(kind.signed)
        if kind.times_steps:
            self.plot.showAxis("right")
            self.plot.getAxis("right").setWidth(4 * UNIT)
        self.add(self._zero)

    def paint(self) -> None:
        super().paint()
        t = self._theme.tokens
        self._zero.setPen(stroke(self, t.faint, 1, style=Qt.PenStyle.DotLine))
        self.draw()

    @property
    def is_log(self) -> bool:
        """Whether the upward axis is logarithmic."""
        return self._watch.log_y and self.kind.can_log

    def to_axis(self, place: float) -> float:
        return float(np.log10(max(place, 1))) if self._watch.log_x else place

    def from_axis(self, x: float) -> float:
        return float(10.0 ** min(x, 12.0)) if self._watch.log_x else x

    def draw(self) -> None:
        """Take the updates that are there."""
        views, window = self._watch.views, self._watch.window
        self._values = [
            (self.kind.places(view), tuple(self.kind.smooth(values, window) for values in self.kind.read(view)))
            for view in views
        ]
        lines = [(place, column) for place, view in enumerate(views) for column in range(len(self._values[place][1]))]
        self._fill(self._raw, len(lines) if window > 1 else 0)
        self._fill(self._means, len(lines))
        shown = []
        for number, (place, column) in enumerate(lines):
            updates, means = self._values[place]
            color = QColor(self._watch.color(place, self._theme.tokens))
            style = Qt.PenStyle.DashLine if column else Qt.PenStyle.SolidLine
            shown.append(self._set(self._means[number], updates, means[column], stroke(self, color, 1.5, style=style)))
            if window > 1:
                color.setAlpha(70)
                raw = self.kind.read(views[place])[column]
                shown.append(self._set(self._raw[number], updates, raw, stroke(self, color, 1)))
        self._frame(shown)
        self._mark()
        self.follow()

    def _fill(self, curves: list[pg.PlotCurveItem], count: int) -> None:
        while len(curves) > count:
            self.plot.removeItem(curves.pop())
        while len(curves) < count:
            curve = pg.PlotCurveItem(connect="finite")
            curve.setZValue(1 if curves is self._means else 0)
            self.plot.addItem(curve)
            curves.append(curve)

    def _set(self, curve: pg.PlotCurveItem, updates: Floats, values: Floats, pen: object) -> Floats:
        if self.is_log:
            values = np.abs(values)
        x, y = thin(updates, values)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self._watch.log_x:
                x = np.log10(np.maximum(x, 1))
            if self.is_log:
                y = np.log10(y)
        y = np.where(np.isfinite(y), y, np.nan)
        curve.setData(x, y, pen=pen)
        return y

    def _frame(self, shown: list[Floats]) -> None:
        most = self.most()
        self.plot.getPlotItem().setVisible(most is not None)
        found = self.limits(shown)
        if most is None or found is None:
            return
        low, high = found
        if self.is_log:
            high = max(high, low + 0.1)
        self.plot.setXRange(self.to_axis(0 if not self._watch.log_x else 1), self.to_axis(max(most, 2)), padding=0.02)
        self.plot.setYRange(low, high, padding=0.12)
        self._zero.setVisible(self.kind.signed and not self.is_log)
        self._tick(low, high, most)

    def limits(self, shown: list[Floats]) -> tuple[float, float] | None:
        """What the upward axis shows of curves, (n,) each."""
        return limits(shown)

    def say(self, values: tuple[float, ...]) -> str:
        """The values of a run at an update."""
        return _number(values)

    def _tick(self, low: float, high: float, most: int) -> None:
        bottom, left, right = (self.plot.getAxis(side) for side in ("bottom", "left", "right"))
        bottom.setTicks([_powers(0, self.to_axis(most))] if self._watch.log_x else None)
        steps = self._watch.views[0].plan.short_run.steps
        if self.is_log:
            left.setTicks([_powers(low, high)])
            shift = float(np.log10(steps))
            right.setTicks([[(at - shift, text) for at, text in _powers(low + shift, high + shift)]])
        else:
            left.setTicks(None)
            right.setTicks(None)
            right.setScale(steps)

    def _mark(self) -> None:
        for mark in self._marks:
            self.plot.removeItem(mark)
        t = self._theme.tokens
        self._marks = []
        for view in self._watch.views if len(self._watch.views) == 1 else ():
            for event in view.events[-MARKERS:]:
                color = t.warning if event.kind in WARNINGS else t.faint
                mark = pg.InfiniteLine(
                    self.to_axis(event.update), pen=stroke(self, color, 1, style=Qt.PenStyle.DotLine)
                )
                self.plot.addItem(mark)
                self._marks.append(mark)

    def table(self) -> Table | None:
        if self.most() is None:
            return None
        rows = [
            (view.name, int(update), *values)
            for view in self._watch.views
            for update, *values in zip(self.kind.places(view), *self.kind.read(view), strict=True)
        ]
        return Table(("run", "update", *self.kind.columns), rows)

    def follow(self) -> None:
        shown = self._watch.update_shown
        self.line.setVisible(shown is not None)
        if shown is not None:
            self.line.setValue(self.to_axis(shown))
        if self.most() is None:
            self.value.setText("")
            return
        at = self._pointed
        texts = [self.say(values) for values in (self._at(place, at) for place in range(len(self._values))) if values]
        said = "   ".join(texts) if len(texts) <= 2 else ""
        self.value.setText(said if at is None else f"at {at:,}:  {said}")

    def _at(self, place: int, update: int | None) -> tuple[float, ...]:
        updates, curves = self._values[place]
        if not len(updates):
            return ()
        row = len(updates) - 1 if update is None else min(int(np.searchsorted(updates, update)), len(updates) - 1)
        values = tuple(float(curve[row]) for curve in curves)
        return (*values, values[0] * self._watch.views[place].plan.short_run.steps) if self.kind.times_steps else values

    def point(self, place: int | None) -> None:
        super().point(place)
        if place is not None and self.underMouse():
            self._say_event(place)

    def _say_event(self, place: int) -> None:
        """The words of an event that the pointer is at."""
        box = self.plot.getPlotItem().vb
        near = abs(box.mapSceneToView(QPoint(NEAR, 0)).x() - box.mapSceneToView(QPoint(0, 0)).x())
        events = self._watch.views[0].events if len(self._watch.views) == 1 else ()
        found = [e for e in events if abs(self.to_axis(e.update) - self.to_axis(place)) <= near]
        if found:
            QToolTip.showText(QCursor.pos(), "\n".join(f"Update {e.update}: {e.text}" for e in found[-3:]), self)

    def most(self) -> int | None:
        ends = [int(view.column("update")[-1]) for view in self._watch.views if view.updates]
        return max(ends) if ends else None

    def go(self, place: int) -> None:
        self._watch.go_to_update(place)


class FidelityChart(RunChart):
    """KID over the updates: a point for each measurement with its spread, the best one larger."""

    def __init__(self, theme: Theme, watch: Watch, kind: Kind) -> None:
        self._bars: list[pg.ErrorBarItem] = []  # before it is drawn for the first time
        self._dots = pg.ScatterPlotItem(pxMode=True)
        super().__init__(theme, watch, kind)
        self.plot.addItem(self._dots)

    def draw(self) -> None:
        super().draw()
        while self._bars:
            self.plot.removeItem(self._bars.pop())
        dots = []
        for place, view in enumerate(self._watch.views):
            color = QColor(self._watch.color(place, self._theme.tokens))
            best = best_of(view.fidelity)
            measured = [found for found in view.fidelity if found.kid > 0 or not self.is_log]
            x = np.array([self.to_axis(found.update) for found in measured])
            low, kid, high = (
                np.array([self._up(found.kid + sign * found.spread) for found in measured]) for sign in (-1, 0, 1)
            )
            bars = pg.ErrorBarItem(x=x, y=kid, top=high - kid, bottom=kid - low, pen=stroke(self, color, 1))
            self.plot.addItem(bars)
            self._bars.append(bars)
            dots += [
                {"pos": at, "size": BEST_DOT if found is best else DOT, "brush": color, "pen": None}
                for at, found in zip(zip(x, kid, strict=True), measured, strict=True)
            ]
        self._dots.setData(dots)

    def limits(self, shown: list[Floats]) -> tuple[float, float] | None:
        spread = [found for view in self._watch.views for found in view.fidelity]
        ends = [self._up(found.kid + sign * found.spread) for found in spread for sign in (-1, 1)]
        return limits([np.array(ends)])

    def say(self, values: tuple[float, ...]) -> str:
        return f"{values[0]:.4f} ± {values[1]:.4f}".replace("-", "−")

    def _at(self, place: int, update: int | None) -> tuple[float, ...]:
        found = self._watch.views[place].fidelity
        values = super()._at(place, update)
        row = [each.kid for each in found].index(values[0]) if values else 0
        return (values[0], found[row].spread) if values else ()

    def _up(self, value: float) -> float:
        return float(np.log10(max(value, TINIEST))) if self.is_log else value


class RunPlots(QWidget):
    """d, v and the energies side by side, with one cursor; one of them where there is no room for all."""

    def __init__(self, theme: Theme, watch: Watch) -> None:
        super().__init__()
        self._watch = watch
        self.charts = (*(RunChart(theme, watch, kind) for kind in KINDS), FidelityChart(theme, watch, FIDELITY))
        self.bar = CurveBar(watch, [(kind.word, kind.word, kind.tip) for kind in (*KINDS, FIDELITY)])
        self.bar.which.chosen.connect(self.show_kind)
        self._kind = KINDS[0].word
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT // 2)
        column.addWidget(self.bar)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        column.addLayout(row, 1)
        for chart in self.charts:
            chart.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)  # of equal width
            row.addWidget(chart, 1)
            chart.pointed.connect(self._point)
            for signal in (watch.views_changed, watch.grew, watch.display_changed):
                signal.connect(chart.draw)
            watch.moved.connect(chart.follow)
        for signal in (watch.views_changed, watch.grew):
            signal.connect(lambda: self.show_kind(self._kind))
        self.show_kind(self._kind)

    def show_kind(self, word: str) -> None:
        """Show one of the charts where there is no room for all."""
        known = [chart for chart in self.charts if any(map(chart.kind.is_known, self._watch.views))]
        word = word if word in [chart.kind.word for chart in known] else KINDS[0].word
        self._kind = word
        self.bar.which.set_value(word)
        self.bar.which.set_offered(FIDELITY.word, any(chart.kind is FIDELITY for chart in known))
        has_room = self.width() >= max(len(known), len(KINDS)) * ENOUGH
        self.bar.which.setVisible(not has_room)
        for chart in self.charts:
            chart.setVisible((has_room and chart in known) or chart.kind.word == word)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_kind(self._kind)

    def _point(self, update: int | None) -> None:
        for chart in self.charts:
            chart.point(update)


def _powers(low: float, high: float) -> list[tuple[float, str]]:
    return [
        (float(np.log10(value)), _tick_text(value)) for value in ratio_ticks(10.0**low, 10.0 ** max(high, low + 1e-9))
    ]


def _tick_text(value: float) -> str:
    return f"{value:.12g}" if 1e-3 <= value < 1e5 else figure(value)


def _number(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.3g}" for value in values).replace("-", "−")
