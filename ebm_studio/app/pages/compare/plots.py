"""The curves of two chains over each other. Imported when the Compare page is first shown, like `plots`."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.widgets.copying import Table
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.plots import Curve, Floats
from ebm_studio.engine.chain_store import ChainStore


class PairCurve(Curve):
    """Left in the text's colour, right in the accent: means over the chains, or the chosen chain of each."""

    def __init__(
        self, theme: Theme, state: CompareState, title: str, tip: str, read: Callable[[ChainStore], Floats]
    ) -> None:
        self._sides = state
        super().__init__(theme, state, title, tip, read)
        theme.changed.connect(self.follow)  # the colours are in the text
        self.value.setTextFormat(Qt.TextFormat.RichText)  # of numbers only, in the colours of their curves

    def draw(self) -> None:
        """Take the steps that are there."""
        pair = self._sides.pair
        self.plot.getPlotItem().setVisible(pair is not None and all(store.rows for store in pair.stores))
        if pair is None:
            return
        low, high = float("inf"), float("-inf")
        for store, line in zip(pair.stores, (self._mean, self._chosen), strict=True):
            along, values = self.points(store, self._figures(store))
            line.setData(along, values)
            if len(values):
                low, high = min(low, float(values.min())), max(high, float(values.max()))
        self.show_steps(pair.run.steps)
        if low <= high:
            self.plot.setYRange(low, high if high > low else low + 1, padding=0.15)
        self.follow()

    def table(self) -> Table | None:
        pair = self._sides.pair
        if pair is None or not all(store.rows for store in pair.stores):
            return None
        steps = [int(step) for step in pair.indices]
        sides = [dict(zip(map(int, store.indices), self._figures(store), strict=False)) for store in pair.stores]
        columns = [
            (name, [side.get(step, "") for step in steps]) for name, side in zip(("left", "right"), sides, strict=True)
        ]
        return Table.of_columns([("step", steps), *columns])

    def follow(self) -> None:
        """Follow the playhead."""
        pair = self._sides.pair
        if pair is None:
            return
        position = self._sides.playback.position
        self.line.setValue(self.to_axis(position))
        here = [self._figures(store)[store.row_of(position)] for store in pair.stores if store.rows]
        colours = (self._theme.tokens.text, self._theme.tokens.accent)
        self.value.setText(
            "&nbsp;&nbsp; ".join(
                f"<span style='color: {colour}'>{signed(float(value))}</span>"
                for colour, value in zip(colours, here, strict=False)
            )
        )

    def _figures(self, store: ChainStore) -> Floats:
        values = self._read(store)
        chosen = self._sides.selected
        mean: Floats = values.mean(1)
        return mean if chosen is None else values[:, chosen]


class PairPlots(QWidget):
    """Energy, gradient norm and path length of both."""

    def __init__(self, theme: Theme, state: CompareState) -> None:
        super().__init__()
        self.curves = [
            PairCurve(theme, state, title, f"{tip} Click to go there.", read)
            for title, tip, read in (
                ("Energy E", "E(x) of each side, from its own model.", ChainStore.energy),
                (
                    "Gradient step length",
                    "s·‖∂E/∂x‖, the length of the gradient part of a step.",
                    ChainStore.gradient_norm,
                ),
                ("Path length", "The total length of the gradient parts of the steps.", ChainStore.path_length),
            )
        ]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        for curve in self.curves:
            row.addWidget(curve, 1)
        for signal in (state.pair_changed, state.playback.grew, state.playback.axis_changed, state.selection_changed):
            signal.connect(self._draw)
        state.playback.position_changed.connect(self._move)
        self._draw()

    def _draw(self) -> None:
        for curve in self.curves:
            curve.draw()

    def _move(self) -> None:
        for curve in self.curves:
            curve.follow()
