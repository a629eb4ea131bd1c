"""The curves below the views: of the chains by step, of training by update. Importing this loads pyqtgraph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.landscape.curves import Curves
from ebm_studio.app.pages.landscape.state import LandscapeState
from ebm_studio.app.widgets.copying import Table
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.plots import ENERGY, GRADIENT, Chart, Curve, CurveRow, stroke
from ebm_studio.app.widgets.soon import Soon

SHOWN_EVERY = 200  # milliseconds: more often nobody reads a figure, and the chains beside it would halt

Series = Callable[[Curves], tuple[Sequence[int], Sequence[float]]]


@dataclass(frozen=True)
class Kind:
    """What a chart of the training draws."""

    title: str
    tip: str
    series: tuple[Series, ...]
    columns: tuple[str, ...]
    """The names of the series in a table."""
    shown: Callable[[float], str] = signed
    """How a figure is written."""
    has_zero: bool = True
    """Whether the axis shows 0."""


KINDS = (
    Kind(
        "d by update",
        "d = E(data) − E(samples) of each update: it oscillates around 0.",
        (lambda c: (c.updates, c.d),),
        ("d",),
    ),
    Kind(
        "v by update",
        "v, the mean gradient step length s·‖∂E/∂x‖ of each update.",
        (lambda c: (c.updates, c.v),),
        ("v",),
    ),
    Kind(
        "TV by update",
        "Total variation between the data and the short run's density (solid), and between the data and exp(−E / T) "
        "(dashed). 0 is the same, 1 has nothing in common.",
        (lambda c: (c.counted, c.tv_short_run), lambda c: (c.counted, c.tv_energy)),
        ("TV short run", "TV exp(−E / T)"),
        "{:.2f}".format,  # in the smallest window, there is room for two of them and the title
    ),
)


class TrainingChart(Chart):
    """One or two curves over the updates."""

    def __init__(self, theme: Theme, state: LandscapeState, kind: Kind) -> None:
        super().__init__(theme, kind.title, kind.tip)
        self._state = state
        self._kind = kind
        self._curves = [pg.PlotCurveItem() for _ in kind.series]
        self._zero = pg.InfiniteLine(0, angle=0)
        self.add(self._zero, *self._curves)
        self.line.hide()

    def paint(self) -> None:
        super().paint()
        t = self._theme.tokens
        styles = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)
        for curve, colour, style in zip(self._curves, t.series, styles, strict=False):
            curve.setPen(stroke(self, colour, 1.5, style=style))
        self._zero.setPen(stroke(self, t.faint, 1, style=Qt.PenStyle.DotLine))

    def draw(self) -> None:
        """Draw the updates so far."""
        values = [
            (np.asarray(x, np.float64), np.asarray(y, np.float64))
            for x, y in (series(self._state.work.curves) for series in self._kind.series)
        ]
        for curve, (x, y) in zip(self._curves, values, strict=True):
            curve.setData(x, y)
        updates, heights = (np.concatenate(each) for each in zip(*values, strict=True))
        begun = len(updates) > 0 and updates.max() > 0  # before, there is a point and no way to draw an axis
        self.plot.getPlotItem().setVisible(bool(begun))
        if begun:
            low, high = min(heights.min(), 0.0), max(heights.max(), 0.0)
            self.plot.setXRange(0, updates.max(), padding=0.02)
            self.plot.setYRange(low, high if high > low else low + 1, padding=0.1)
        self.value.setText("  ".join(self._kind.shown(y[-1]) for _, y in values if len(y)))

    def table(self) -> Table | None:
        values = [series(self._state.work.curves) for series in self._kind.series]
        updates = values[0][0]
        if not updates:
            return None
        columns = [(name, y) for name, (_, y) in zip(self._kind.columns, values, strict=True)]
        return Table.of_columns([("update", updates), *columns])

    def most(self) -> int | None:
        return None

    def go(self, place: int) -> None:
        """There is no playhead for updates."""

    def follow(self) -> None:
        """There is no playhead for updates."""


class LandscapePlots(CurveRow):
    """Energy and gradient step length of the chains, then d, v and the distances of training."""

    def __init__(self, theme: Theme, state: LandscapeState) -> None:
        energy, gradient = Curve(theme, state, ENERGY), Curve(theme, state, GRADIENT)
        training = [TrainingChart(theme, state, kind) for kind in KINDS]
        super().__init__(state, energy, gradient, beside=training)
        self.energy, self.gradient, self.training = energy, gradient, training
        soon = Soon(self, self._draw_training, SHOWN_EVERY)
        for signal in (state.sight_changed, state.counted_changed, state.work_changed):
            signal.connect(soon.ask)
        self._draw_training()

    def _draw_training(self) -> None:
        for chart in self.training:
            chart.draw()
