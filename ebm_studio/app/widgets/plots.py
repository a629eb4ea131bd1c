"""The curves under the timeline. Imported after the first paint, since pyqtgraph takes its time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QHBoxLayout, QStyleOptionGraphicsItem, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT, Tokens
from ebm_studio.app.studio.playback import ShowsChain
from ebm_studio.app.widgets.chart_head import ChartHead
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.soon import Soon
from ebm_studio.app.widgets.thinning import Values, thin
from ebm_studio.engine.chain_store import ChainStore

pg.setConfigOptions(antialias=True, imageAxisOrder="row-major")

Floats = npt.NDArray[np.float32]
GROWN_EVERY = 100  # milliseconds: a chain grows with each step, and its pictures would halt for the curves
TRAINED = "K used in training"


def thinned(store: ChainStore, values: Floats) -> tuple[Values, Values]:
    """The steps of the values (rows,), and the values: no more of both than a plot can show, and no peak lost."""
    return thin(store.indices[: len(values)], values)


class Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """With a true minus before its figures, and room between them."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [text.replace("-", "−") for text in super().tickStrings(values, scale, spacing)]

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        levels: list[tuple[float, float]] = super().tickSpacing(low, high, size)
        if self.orientation != "bottom" or high <= low:
            return levels
        spacing, offset = levels[0]
        metrics = QFontMetrics(self.style["tickFont"] or QFont())
        while spacing < high - low:
            widest = max(map(metrics.horizontalAdvance, self.tickStrings([low, high], self.scale, spacing)))
            if spacing / (high - low) * size >= widest + UNIT // 2:
                break
            spacing *= 2
        return [(spacing, offset), *levels[1:]]

    @guarded
    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None) -> None:
        super().paint(painter, option, widget)


def quiet_plot(name: str) -> pg.PlotWidget:
    """An empty plot that only shows: no menu, no zoom, no drops, a narrow rim."""
    plot = pg.PlotWidget(axisItems={side: Axis(side) for side in ("left", "bottom")}, enableMenu=False)
    plot.setAcceptDrops(False)
    plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # no key does anything here
    plot.setAccessibleName(name)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
    plot.getAxis("left").setWidth(5 * UNIT)
    plot.getAxis("bottom").setHeight(2 * UNIT)
    for axis in ("left", "bottom"):  # a playhead that moves by would have their words set anew
        plot.getAxis(axis).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
    return plot


def stroke(widget: QWidget, colour: str | QColor, width: float = 1.0, **more: object) -> QPen:
    """A pen so wide on any screen: pyqtgraph counts in the screen's own pixels."""
    pen: QPen = pg.mkPen(colour, width=width * widget.devicePixelRatioF(), **more)
    return pen


def paint_axes(plot: pg.PlotWidget, tokens: Tokens) -> None:
    """Give a plot's ground and axes the theme's colours."""
    plot.setBackground(QColor(tokens.surface))
    font = plot.font()
    font.setPixelSize(SMALL - 1)
    for side in ("left", "bottom", "right"):
        axis = plot.getAxis(side)
        axis.setPen(pg.mkPen(tokens.line))
        axis.setTextPen(pg.mkPen(tokens.muted))
        axis.setStyle(tickFont=font, tickLength=0, maxTickLevel=0, autoExpandTextSpace=False)


class Chart(QWidget):
    """A plot with a title and a figure: the playhead's line, and the pointer's, which a press or a drag goes to."""

    pointed = Signal(object)
    """The whole number on the axis under the pointer, or None."""

    def __init__(self, theme: Theme, title: str, tip: str) -> None:
        super().__init__()
        self._theme = theme
        self.setToolTip(tip)
        self.name = title
        head = ChartHead(title)
        self.title, self.value = head.title, head.value
        self.plot = quiet_plot(title)
        self.plot.getPlotItem().layout.setContentsMargins(0, UNIT // 2, 0, 0)  # for the topmost figure
        self.line = pg.InfiniteLine(angle=90)
        self.pointer = pg.InfiniteLine(angle=90)
        self.pointer.hide()
        self._pointed: int | None = None
        self._lay_out(head)
        self.plot.viewport().setMouseTracking(True)
        self.plot.viewport().installEventFilter(self)
        self.plot.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # the menu is the whole chart's
        offer_copies(self, self.table)
        theme.changed.connect(self.paint)

    def add(self, *items: pg.GraphicsObject) -> None:
        """Put curves under the two lines, then take the theme's colours."""
        for item in items:  # drawn once, and not again for each step of the line that moves over them
            item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        for item in (*items, self.line, self.pointer):
            self.plot.addItem(item)
        self.paint()

    def _lay_out(self, head: ChartHead) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT // 2)
        column.addWidget(head)
        column.addWidget(self.plot, 1)

    def paint(self) -> None:
        """Take the theme's colours."""
        t = self._theme.tokens
        paint_axes(self.plot, t)
        self.line.setPen(stroke(self, t.accent, 1))
        self.pointer.setPen(stroke(self, t.faint, 1))

    def table(self) -> Table | None:
        """The numbers that are drawn, all of them; None when there are none."""
        raise NotImplementedError

    def most(self) -> int | None:
        """The end of the axis, which begins at 0; None when there is nothing to point at."""
        raise NotImplementedError

    def go(self, place: int) -> None:
        """Go to a place on the axis."""
        raise NotImplementedError

    def follow(self) -> None:
        """Follow the playhead, and say the figure at the pointer, or else there."""
        raise NotImplementedError

    def point(self, place: int | None) -> None:
        """Put the pointer's line at a place, and say the figure there; None takes it away."""
        self._pointed = place
        self.pointer.setVisible(place is not None)
        if place is not None:
            self.pointer.setValue(self.to_axis(place))
        self.follow()

    def to_axis(self, place: float) -> float:
        """Where a place is on the axis as it is drawn; another one when that is logarithmic."""
        return place

    def from_axis(self, x: float) -> float:
        """The place that is drawn there."""
        return x

    def place_at(self, x: float) -> int | None:
        """The place on the axis so many pixels from the plot's left; None beside the axis."""
        most = self.most()
        if most is None:
            return None
        box = self.plot.getPlotItem().vb
        place = round(self.from_axis(box.mapSceneToView(self.plot.mapToScene(QPoint(round(x), 0))).x()))
        return place if 0 <= place <= most else None

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Leave, QEvent.Type.ContextMenu):  # the pointer is no part of a copied picture
            self.pointed.emit(None)
        elif isinstance(event, QMouseEvent) and event.type() != QEvent.Type.MouseButtonRelease:
            place = self.place_at(event.position().x())
            self.pointed.emit(place)
            if event.buttons() & Qt.MouseButton.LeftButton and place is not None:
                self.go(place)
        return super().eventFilter(watched, event)


@dataclass(frozen=True)
class Quantity:
    """What a curve over the steps shows."""

    title: str
    tip: str
    read: Callable[[ChainStore], Floats]
    """Its values in a store, (rows, N)."""


# Called by name: the chains of points have a store of another class with the same methods.
ENERGY = Quantity("Energy E", "The energy E(x) at each step; lower is more likely.", lambda store: store.energy())
GRADIENT = Quantity(
    "Gradient step length v",
    "v = s·‖∂E/∂x‖, the length of the gradient part of a step.",
    lambda store: store.gradient_norm(),
)
PATH = Quantity(
    "Path length", "The total length of the gradient parts of the steps so far.", lambda store: store.path_length()
)


class Curve(Chart):
    """A quantity over the steps: its mean, a band of one standard deviation over the chains, the selected chain."""

    def __init__(self, theme: Theme, state: ShowsChain, quantity: Quantity) -> None:
        super().__init__(theme, quantity.title, f"{quantity.tip} Click to go there.")
        self._state = state
        self._read = quantity.read
        self._band = pg.PlotCurveItem(fillLevel="enclosed")  # pyqtgraph's own band takes a hundred times as long
        self._mean, self._chosen = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._trained = pg.InfiniteLine(
            angle=90, label=TRAINED, labelOpts={"position": 0.02, "anchors": ((0, 1), (0, 1))}
        )
        self._trained.hide()
        self.add(self._band, self._mean, self._chosen, self._trained)

    def paint(self) -> None:
        super().paint()
        t = self._theme.tokens
        band = QColor(t.muted)
        band.setAlpha(50)
        self._band.setPen(None)
        self._band.setBrush(band)
        self._mean.setPen(stroke(self, t.text, 1.5))
        self._chosen.setPen(stroke(self, t.accent, 1.5))
        font = self.font()
        font.setPixelSize(SMALL - 1)
        self._trained.label.setFont(font)
        self._trained.label.setColor(t.warning)
        self._trained.setPen(stroke(self, t.warning, 1, style=Qt.PenStyle.DashLine))

    def draw(self) -> None:
        """Take the steps that are there."""
        store = self._state.playback.store
        self.plot.getPlotItem().setVisible(store is not None)
        if store is None:
            for curve in (self._mean, self._band, self._chosen):
                curve.setData([], [])
            self.value.setText("")
            return
        values, chosen = self._read(store), self._state.selected
        mean, spread = values.mean(1), values.std(1)
        self._mean.setData(*self.points(store, mean))
        (along, top), (back, bottom) = self.points(store, mean + spread), self.points(store, mean - spread)
        self._band.setData(np.concatenate([along, back[::-1]]), np.concatenate([top, bottom[::-1]]))
        self._chosen.setData(*(self.points(store, values[:, chosen]) if chosen is not None else ([], [])))
        low, high = float((mean - spread).min()), float((mean + spread).max())
        if chosen is not None:
            low, high = min(low, float(values[:, chosen].min())), max(high, float(values[:, chosen].max()))
        self.show_steps(store.run.steps)
        self.plot.setYRange(low, high if high > low else low + 1, padding=0.15)
        model = self._state.model
        trained = model.card.short_run.steps if model else store.run.steps
        self._trained.setVisible(trained < store.run.steps)
        self._trained.setValue(self.to_axis(trained))
        has_room = self.to_axis(trained) < 0.7 * self.to_axis(store.run.steps)
        self._trained.label.setVisible(has_room)
        self.follow()

    def table(self) -> Table | None:
        store, chosen = self._state.playback.store, self._state.selected
        if store is None or not store.rows:
            return None
        values = self._read(store)
        columns = [
            ("step", store.indices[: len(values)]),
            (f"{self.name} (mean)", values.mean(1)),
            (f"{self.name} (sd)", values.std(1)),
        ]
        if chosen is not None:
            columns.append((f"{self.name} (chain {chosen})", values[:, chosen]))
        return Table.of_columns(columns)

    def follow(self) -> None:
        playback = self._state.playback
        if playback.store is None or not playback.store.rows:
            return
        self.line.setValue(self.to_axis(playback.position))
        row = playback.row if self._pointed is None else playback.store.row_of(self._pointed)
        values = self._read(playback.store)[row]
        chosen = self._state.selected
        text = signed(float(values.mean() if chosen is None else values[chosen]))
        self.value.setText(text if self._pointed is None else f"step {playback.store.indices[row]}:  {text}")

    def points(self, store: ChainStore, values: Floats) -> tuple[Values, Values]:
        """Where the values (rows,) are drawn, along and up."""
        steps, drawn = thinned(store, values)
        return (np.log10(1.0 + steps) if self._state.playback.log else steps), drawn

    def to_axis(self, place: float) -> float:
        return math.log10(1 + place) if self._state.playback.log else place

    def from_axis(self, x: float) -> float:
        return float(10 ** min(x, 12) - 1) if self._state.playback.log else x

    def show_steps(self, most: int) -> None:
        """Let the axis go from 0 to so many steps."""
        self.plot.setXRange(0, self.to_axis(most), padding=0.02)
        powers = [0, *(10**power for power in range(math.floor(math.log10(max(most, 1))) + 1))]
        ticks = [(self.to_axis(step), f"{step:,}") for step in powers]
        self.plot.getAxis("bottom").setTicks([ticks] if self._state.playback.log else None)

    def most(self) -> int | None:
        store = self._state.playback.store
        return None if store is None else store.run.steps

    def go(self, place: int) -> None:
        self._state.playback.go(place)


class CurveRow(QWidget):
    """Curves side by side, with one cursor; other charts may stand at their right."""

    def __init__(self, state: ShowsChain, *curves: Curve, beside: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.curves = curves
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT if beside else 2 * UNIT)
        for curve in curves:
            curve.pointed.connect(self._point)
        for chart in (*curves, *beside):
            row.addWidget(chart, 1)
        playback = state.playback
        for signal in (playback.chain_changed, playback.axis_changed, state.selection_changed):
            signal.connect(self._draw)
        playback.grew.connect(Soon(self, self._draw, GROWN_EVERY).ask)
        playback.position_changed.connect(self._move)
        self._draw()

    def _draw(self) -> None:
        for curve in self.curves:
            curve.draw()

    def _point(self, step: int | None) -> None:
        for curve in self.curves:
            curve.point(step)

    def _move(self) -> None:
        for curve in self.curves:
            curve.follow()


class Plots(CurveRow):
    """Energy, gradient step length and path length."""

    def __init__(self, theme: Theme, state: ShowsChain) -> None:
        energy, gradient, path = (Curve(theme, state, quantity) for quantity in (ENERGY, GRADIENT, PATH))
        super().__init__(state, energy, gradient, path)
        self.energy, self.gradient, self.path = energy, gradient, path
