"""The curves of all sides over each other. Imported when the Compare page is first shown, like `plots`."""

from __future__ import annotations

from dataclasses import replace

import pyqtgraph as pg
from PySide6.QtCore import Qt

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.compare.colours import colour_of
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.widgets.copying import Table
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.plots import ENERGY, GRADIENT, PATH, Curve, CurveRow, Floats, Quantity, stroke
from ebm_studio.data.exports.recipe import MOST_SIDES
from ebm_studio.engine.chain_store import ChainStore


class GroupCurve(Curve):
    """A line for each side, in its colour: means over the chains, or the chosen chain of each."""

    def __init__(self, theme: Theme, state: CompareState, quantity: Quantity) -> None:
        self._sides = state
        self.lines: list[pg.PlotCurveItem] = []
        super().__init__(theme, state, quantity)
        self.lines = [pg.PlotCurveItem() for _ in range(MOST_SIDES)]
        for place, line in enumerate(self.lines):
            line.setZValue(-place)  # where two are the same, the end of the shorter one is seen
            self.plot.addItem(line)
        self.paint()
        theme.changed.connect(self.follow)  # the colours are in the text
        self.value.setTextFormat(Qt.TextFormat.RichText)  # of numbers only, in the colours of their curves

    def paint(self) -> None:
        super().paint()
        for place, line in enumerate(self.lines):
            line.setPen(stroke(self, colour_of(self._theme.tokens, place), 1.5))

    def draw(self) -> None:
        """Take the steps that are there."""
        group = self._sides.group
        self.plot.getPlotItem().setVisible(group is not None and all(store.rows for store in group.stores))
        if group is None:
            return
        low, high = float("inf"), float("-inf")
        for place, line in enumerate(self.lines):
            if place >= len(group.stores):
                line.setData([], [])
                continue
            store = group.stores[place]
            along, values = self.points(store, self._figures(store))
            line.setData(along, values)
            if len(values):
                low, high = min(low, float(values.min())), max(high, float(values.max()))
        self.show_steps(group.run.steps)
        if low <= high:
            self.plot.setYRange(low, high if high > low else low + 1, padding=0.15)
        self.follow()

    def table(self) -> Table | None:
        group = self._sides.group
        if group is None or not all(store.rows for store in group.stores):
            return None
        steps = [int(step) for step in group.indices]
        columns: list[tuple[str, list[object]]] = [("step", [*steps])]
        for side, store in zip(self._sides.sides, group.stores, strict=False):
            figures = dict(zip(map(int, store.indices), self._figures(store), strict=False))
            columns.append((f"{self.name} ({side.name.lower()})", [figures.get(step, "") for step in steps]))
        return Table.of_columns(columns)

    def follow(self) -> None:
        """Follow the playhead."""
        group = self._sides.group
        if group is None:
            return
        position = self._sides.playback.position
        self.line.setValue(self.to_axis(position))
        position = position if self._pointed is None else self._pointed
        here = [self._figures(store)[store.row_of(position)] for store in group.stores if store.rows]
        self.value.setText(
            "&nbsp; ".join(
                f"<span style='color: {colour_of(self._theme.tokens, place)}'>{signed(float(value))}</span>"
                for place, value in enumerate(here)
            )
        )

    def _figures(self, store: ChainStore) -> Floats:
        values = self._read(store)
        chosen = self._sides.selected
        mean: Floats = values.mean(1)
        return mean if chosen is None else values[:, chosen]


class GroupPlots(CurveRow):
    """Energy, gradient step length and path length of all sides."""

    def __init__(self, theme: Theme, state: CompareState) -> None:
        quantities = (replace(ENERGY, tip="E(x) of each side, from its own model."), GRADIENT, PATH)
        super().__init__(state, *(GroupCurve(theme, state, quantity) for quantity in quantities))
