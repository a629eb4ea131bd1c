"""The curves along a path. Imported when the page is first shown, since pyqtgraph takes its time."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.widgets.copying import Table
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.plots import Chart, Floats, stroke
from ebm_studio.engine.jobs.interpolation import Surface


class PathChart(Chart):
    """A figure over the frames at the step that is shown, with the cursor of the position."""

    gaps = False
    """Whether the values lie between two frames each, and are measured from 0."""

    def __init__(self, theme: Theme, state: PathState, title: str, tip: str) -> None:
        super().__init__(theme, title, tip)
        self._state = state
        self.curve = pg.PlotCurveItem()
        self.line.hide()
        self._mean = pg.InfiniteLine(angle=0)
        self._mean.setVisible(False)
        self.add(self._mean, self.curve)

    def paint(self) -> None:
        super().paint()
        t = self._theme.tokens
        self.curve.setPen(stroke(self, t.text, 1.5))
        self._mean.setPen(stroke(self, t.muted, 1, style=Qt.PenStyle.DashLine))

    def values(self, surface: Surface) -> Floats:
        """One value for each frame, or for each gap between two, (N,)."""
        raise NotImplementedError

    def most(self) -> int | None:
        surface = self._state.surface
        return None if surface is None else surface.spec.frames - 1

    def go(self, place: int) -> None:
        self._state.go_frame(place)

    def draw(self) -> None:
        """Take the frames at the step that is shown."""
        surface = self._state.surface
        is_empty = surface is None or not surface.chain.rows
        self.plot.getPlotItem().setVisible(not is_empty)
        if surface is None or is_empty:
            self.curve.setData([], [])
            self.value.setText("")
            return
        values = self.values(surface)
        self.curve.setData(np.arange(len(values)) + (0.5 if self.gaps else 0.0), values)
        low, high = (0.0 if self.gaps else float(values.min())), float(values.max())
        self._mean.setVisible(self.gaps)
        self._mean.setValue(float(values.mean()))
        self.plot.setXRange(0, surface.spec.frames - (0 if surface.spec.closed else 1), padding=0.02)
        self.plot.setYRange(low, high if high > low else low + 1, padding=0.15)
        self.follow()

    def table(self) -> Table | None:
        surface = self._state.surface
        if surface is None or not surface.chain.rows:
            return None
        values = self.values(surface)
        return Table.of_columns([("frame", range(len(values))), (self.name, values)])

    def follow(self) -> None:
        surface = self._state.surface
        if surface is None or not surface.chain.rows:
            return
        self.line.show()
        frames = np.arange(len(surface.positions))
        self.line.setValue(float(np.interp(self._state.position, surface.positions, frames)))
        values = self.values(surface)
        frame = self._state.frame if self._pointed is None else self._pointed
        text = signed(float(values[min(frame, len(values) - 1)]))
        self.value.setText(text if self._pointed is None else f"frame {frame}:  {text}")


class DistanceChart(PathChart):
    """How far each frame is from the next."""

    gaps = True

    def values(self, surface: Surface) -> Floats:
        return surface.distances(self._state.row)


class EnergyChart(PathChart):
    """The energy of each frame."""

    def values(self, surface: Surface) -> Floats:
        row = self._state.row  # before the energy, which may have grown by another row meanwhile
        energy: Floats = surface.chain.energy()[row]
        return energy


class PathPlots(QWidget):
    """Distance and energy side by side, with one cursor."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__()
        self.distance = DistanceChart(
            theme, state, "Distance to the next frame",
            "Root mean square difference between neighbouring frames, and its mean. It is flat if the path is smooth. "
                "Click to go there.",
        )  # fmt: skip
        self.energy = EnergyChart(
            theme, state, "Energy E", "The energy E(x) along the path; lower is more likely. Click to go there."
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        for chart in self.charts:
            row.addWidget(chart, 1)
            chart.pointed.connect(self._point)
        self._state = state
        self._drawn: tuple[object, int, int] | None = None
        for signal in (state.surface_changed, state.grew, state.moved):
            signal.connect(self._show)
        self._show()

    @property
    def charts(self) -> tuple[PathChart, ...]:
        """The two plots."""
        return (self.distance, self.energy)

    def _show(self) -> None:
        surface = self._state.surface
        drawn = (surface, self._state.row, surface.chain.rows if surface else 0)
        for chart in self.charts:
            chart.follow() if drawn == self._drawn else chart.draw()
        self._drawn = drawn

    def _point(self, frame: int | None) -> None:
        for chart in self.charts:
            chart.point(frame)
