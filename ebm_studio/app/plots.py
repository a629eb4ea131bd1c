"""The curves under the timeline. Imported after the first paint, since pyqtgraph takes its time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ebm_studio.app.fields import label
from ebm_studio.app.state import GenerateState
from ebm_studio.app.theme import Theme
from ebm_studio.app.tokens import SMALL, UNIT
from ebm_studio.engine.store import ChainStore

pg.setConfigOptions(antialias=True, imageAxisOrder="row-major")

Floats = npt.NDArray[np.float32]
MAX_POINTS = 2000  # drawn of a curve


def thinned(store: ChainStore, values: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """The steps of the values (rows, …), and the values: no more of both than a plot can show."""
    stride = max(1, len(values) // MAX_POINTS)
    return store.indices[: len(values)][::stride], values[::stride]


class Curve(QWidget):
    """One figure over the steps: its mean, a band of one standard deviation over the chains, the selected chain."""

    def __init__(
        self, theme: Theme, state: GenerateState, title: str, tip: str, read: Callable[[ChainStore], Floats]
    ) -> None:
        super().__init__()
        self._theme = theme
        self._state = state
        self._read = read
        self.setToolTip(tip)
        self.value = label("", "value")
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.plot = pg.PlotWidget()
        self.plot.setAccessibleName(title)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.getAxis("left").setWidth(5 * UNIT)
        self.plot.getAxis("bottom").setHeight(2 * UNIT)
        self._top, self._low = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._band = pg.FillBetweenItem(self._top, self._low)
        self._mean, self._chosen = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._trained = pg.InfiniteLine(angle=90)
        self.line = pg.InfiniteLine(angle=90)
        for item in (self._band, self._mean, self._chosen, self._trained, self.line):
            self.plot.addItem(item)
        self._trained.hide()
        self._lay_out(label(title, "small"))
        self.plot.scene().sigMouseClicked.connect(self._click)
        theme.changed.connect(self.paint)
        self.paint()

    def _lay_out(self, title: QLabel) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(5 * UNIT, 0, UNIT, 0)
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT // 2)
        column.addLayout(head)
        column.addWidget(self.plot, 1)

    def paint(self) -> None:
        """Take the theme's colours."""
        t = self._theme.tokens
        self.plot.setBackground(QColor(t.surface))
        band = QColor(t.muted)
        band.setAlpha(50)
        self._band.setBrush(band)
        self._mean.setPen(pg.mkPen(t.text, width=1.5))
        self._chosen.setPen(pg.mkPen(t.accent, width=1.5))
        self._trained.setPen(pg.mkPen(t.warning, width=1, style=Qt.PenStyle.DashLine))
        self.line.setPen(pg.mkPen(t.accent, width=1))
        font = self.font()
        font.setPixelSize(SMALL - 1)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(t.line))
            axis.setTextPen(pg.mkPen(t.muted))
            axis.setStyle(tickFont=font, tickLength=0, maxTickLevel=0, autoExpandTextSpace=False)

    def draw(self) -> None:
        """Take the steps that are there."""
        store = self._state.playback.store
        if store is None:
            return
        steps, values = thinned(store, self._read(store))
        mean, spread = values.mean(1), values.std(1)
        self._mean.setData(steps, mean)
        self._top.setData(steps, mean + spread)
        self._low.setData(steps, mean - spread)
        chosen = self._state.selected
        self._chosen.setData(steps, values[:, chosen]) if chosen is not None else self._chosen.setData([], [])
        low, high = float((mean - spread).min()), float((mean + spread).max())
        if chosen is not None:
            low, high = min(low, float(values[:, chosen].min())), max(high, float(values[:, chosen].max()))
        self.plot.setXRange(0, store.run.steps, padding=0.02)
        self.plot.setYRange(low, high if high > low else low + 1, padding=0.15)
        model = self._state.model
        trained = model.card.short_run.steps if model else store.run.steps
        self._trained.setVisible(trained < store.run.steps)
        self._trained.setValue(trained)
        self.follow()

    def follow(self) -> None:
        """Follow the playhead."""
        playback = self._state.playback
        if playback.store is None or not playback.store.rows:
            return
        self.line.setValue(playback.position)
        values = self._read(playback.store)[playback.row]
        chosen = self._state.selected
        self.value.setText(f"{values.mean():.3g}" if chosen is None else f"{values[chosen]:.3g}")

    def _click(self, event: object) -> None:
        point = self.plot.getPlotItem().vb.mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        self._state.playback.go(round(point.x()))


class Plots(QWidget):
    """Energy, gradient norm and path length side by side, with one cursor."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__()
        self.energy = Curve(
            theme, state, "Energy E", "The energy E(x) of each step: lower is likelier. Click to go there.",
            lambda store: store.energy(),
        )  # fmt: skip
        self.gradient = Curve(
            theme, state, "Gradient norm v", "The length s |∂E/∂x| of the gradient part of a step. Click to go there.",
            lambda store: store.gradient_norm(),
        )  # fmt: skip
        self.path = Curve(
            theme, state, "Path length", "How far the gradient parts of the steps have led so far. Click to go there.",
            lambda store: store.path_length(),
        )  # fmt: skip
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        for curve in self.curves:
            row.addWidget(curve, 1)
        for signal in (state.playback.chain_changed, state.playback.grew, state.selection_changed):
            signal.connect(self._draw)
        state.playback.position_changed.connect(self._move)
        self._draw()

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The three plots."""
        return (self.energy, self.gradient, self.path)

    def _draw(self) -> None:
        for curve in self.curves:
            curve.draw()

    def _move(self) -> None:
        for curve in self.curves:
            curve.follow()
