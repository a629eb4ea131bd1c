"""The three linked views: the energy, its own density, and what the short run draws."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PySide6.QtWidgets import QGridLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.landscape.plane_view import EnergyView, PlaneView
from ebm_studio.app.pages.landscape.state import LandscapeState
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.core.evaluation.plane import Masses, Points
from ebm_studio.data.points.drawing import Field, density_map
from ebm_studio.data.points.film import BRIGHTEST, DATA_SHOWN
from ebm_studio.data.points.scene import GRID
from ebm_studio.data.points.sources import of_points
from ebm_studio.engine.jobs.landscape import PIXELS

Tool = Literal["look", "draw", "erase"]
NEAR = 0.06  # the farthest that the pointer may be from a chain to select it
REACH = 0.12  # radius of the eraser
GAP = 0.02  # between two drawn points
LEAST = 2


class Views(QWidget):
    """The views, side by side on the same axes."""

    def __init__(self, theme: Theme, state: LandscapeState) -> None:
        super().__init__()
        self._state = state
        self.tool: Tool = "look"
        self.drawn: Points | None = None
        """The points being drawn by hand."""
        self._shown_data: Points | None = None
        self._shown_samples: Masses | None = None
        self.energy = EnergyView(theme)
        self.density = PlaneView(
            theme, "exp(−E / T)", "The density of the energy itself, exp(−E / T) / Z, where chains would settle in the "
            "long run.",
        )  # fmt: skip
        self.samples = PlaneView(
            theme, "Short run", "The density of what the short run draws, q, at the step of the playhead, counted from "
            "many chains.",
        )  # fmt: skip
        self.readout = label(" ", "small")
        self.readout.setAccessibleName("At the pointer")
        self._lay_out()
        for view in (self.energy, self.density, self.samples):
            view.pointed.connect(self._point)
        self.energy.brushed.connect(self._brush)
        self.energy.released.connect(self._take_drawn)
        state.sight_changed.connect(self._show_sight)
        state.counted_changed.connect(self._show_counted)
        state.setup_changed.connect(self._show_setup)
        state.selection_changed.connect(self._move)
        for signal in (state.playback.position_changed, state.playback.chain_changed):
            signal.connect(self._move)
        state.playback.position_changed.connect(self._show_counted)
        self._show_setup()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(UNIT, UNIT, UNIT, UNIT // 2)
        grid.setSpacing(UNIT // 2)
        named = (
            (self.energy, "Energy E"),
            (self.density, "exp(−E / T)"),
            (self.samples, "Short run q"),
        )
        for column, (view, title) in enumerate(named):
            grid.addWidget(label(title, "small"), 0, column)
            grid.addWidget(view, 1, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)
        grid.addWidget(self.readout, 2, 0, 1, 3)

    def set_tool(self, tool: Tool) -> None:
        """Look at the chains, draw data, or erase them."""
        self._take_drawn()
        self.tool = tool

    def clear(self) -> None:
        """Remove all points, to draw new ones."""
        self.drawn = np.empty((0, 2), np.float32)
        self._show_data(self.drawn)

    # What is shown

    def _show_setup(self) -> None:
        data = self._state.setup.scene.data
        self._shown_data = data.draw(DATA_SHOWN, 1)
        self._show_data(self._shown_data)

    def _show_data(self, points: Points) -> None:
        self.energy.data = points
        self.energy.renew()

    def _show_sight(self) -> None:
        sight = self._state.sight
        if sight is not None:
            self.energy.slopes = sight.slopes
            self.energy.set_picture(sight.energy_picture)
            self.density.set_picture(sight.density_picture)

    def _show_counted(self) -> None:
        masses = self._samples()
        counted = self._state.counted
        if masses is self._shown_samples:  # as for most steps of the playhead
            return
        self._shown_samples = masses
        if masses is None or counted is None:
            self.samples.set_picture(None)
            return
        self.samples.set_picture(density_map(masses, PIXELS, BRIGHTEST * float(counted.truth.max())))

    def _samples(self) -> Masses | None:
        """The last density measured at or before the playhead; during training, the one after K steps."""
        counted = self._state.counted
        if counted is None:
            return None
        row = int(np.searchsorted(counted.steps, self._state.playback.position, side="right")) - 1
        return counted.samples[max(row, 0)]

    def _move(self) -> None:
        self.energy.cloud = self._state.cloud
        self.energy.position = self._state.playback.position
        self.energy.selected = self._state.selected
        self.energy.update()

    # The pointer

    def _point(self, point: tuple[float, float] | None) -> None:
        if point is None:
            self.readout.setText(" ")
            self._state.select(None)
            return
        chain = self._chain_at(point)
        if self.tool == "look":
            self._state.select(chain)
        x, y = point
        text = f"x {x:.2f}, y {y:.2f}".replace("-", "−")
        sight, samples = self._state.sight, self._samples()
        if sight is not None:
            text += f"    E {signed(_at(sight.energy, point))}"
            text += f"    exp(−E / T) {_at(sight.density, point) / GRID.cell**2:.2f}"
        if samples is not None:
            text += f"    q {_at(samples, point) / GRID.cell**2:.2f}"
        if chain is not None:
            text += f"    chain {chain}"
        self.readout.setText(text)

    def _chain_at(self, point: tuple[float, float]) -> int | None:
        cloud = self._state.cloud
        if cloud is None or not cloud.rows:
            return None
        row = cloud.row_of(self._state.playback.position)
        away = np.nan_to_num(np.linalg.norm(cloud.points(row, row)[0] - np.array(point, np.float32), axis=1), nan=9.0)
        nearest = int(away.argmin())
        return nearest if away[nearest] < NEAR else None

    def _brush(self, point: tuple[float, float]) -> None:
        if self.tool == "look":
            return
        if self.drawn is None:
            self.drawn = self._given()
        at = np.array([point], np.float32).clip(-1, 1)
        if self.tool == "erase":
            self.drawn = self.drawn[np.linalg.norm(self.drawn - at, axis=1) > REACH]
        elif not len(self.drawn) or np.linalg.norm(self.drawn - at, axis=1).min() > GAP:
            self.drawn = np.concatenate([self.drawn, at])
        self._show_data(self.drawn)

    def _given(self) -> Points:
        """The points to draw on: those drawn before, or some of the shape's own when erasing."""
        data = self._state.setup.scene.data
        if data.points is not None:
            return data.points
        return data.draw(DATA_SHOWN, 1) if self.tool == "erase" else np.empty((0, 2), np.float32)

    def _take_drawn(self) -> None:
        """Train on the drawn points, once there are enough."""
        if self.drawn is not None and len(self.drawn) >= LEAST:
            drawn, self.drawn = self.drawn, None
            text = "Erase data" if self.tool == "erase" else "Draw data"
            self._state.set_data(of_points(drawn, "drawn"), text)


def _at(values: Field, point: tuple[float, float]) -> float:
    """The value of the cell that contains a point."""
    cells = len(values)
    column, row = (min(max(int((c + GRID.extent) / (2 * GRID.extent) * cells), 0), cells - 1) for c in point)
    return float(values[row, column])
