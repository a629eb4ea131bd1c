"""Short runs from the same start noise, side by side, and one playhead over all of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.compare.grouped_chains import Group
from ebm_studio.app.pages.compare.side import PAGE, Known, Side
from ebm_studio.app.pages.compare.sweep import values_text
from ebm_studio.app.studio.chains import ChainsState
from ebm_studio.app.studio.long_runs import steps_text
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.parameters import Number, Parameters, difference
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.exports.recipe import FEWEST_SIDES, MOST_SIDES, ComparisonRecipe
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Fault

All = tuple[Parameters, ...]
"""What is set of each side, from the left; seed and number of chains are the same."""


class CompareState(ChainsState):
    """Observable. Seed and number of chains are common to all sides, so that they start from the same noise."""

    page = PAGE
    sides_changed = Signal()
    """There are more sides than before, or fewer."""
    group_changed = Signal()

    def __init__(self, open_model: OpenModel, parent: QObject | None = None) -> None:
        super().__init__(open_model.link, parent)
        self._open = open_model
        self.parameters = Parameters(count=9)
        """Those of the first side: seed and number of chains are those of all."""
        self.sides: list[Side] = [Side(self, self.parameters) for _ in range(FEWEST_SIDES)]
        """From the left."""
        self._shown: dict[Side, ChainStore] = {}
        self._undo = open_model.undo
        open_model.asked.connect(self._make_way)

    @property
    def recent(self) -> list[str]:
        """See `OpenModel.recent`."""
        return self._open.recent

    @property
    def model(self) -> ModelReady | None:
        """The model whose trained K the timeline marks: none when the sides differ in it."""
        models = [side.model for side in self.sides]
        trained = {model.card.short_run.steps for model in models if model}
        return models[0] if all(models) and len(trained) == 1 else None

    @property
    def group(self) -> Group | None:
        """What the playhead is over."""
        store: object = self.playback.store
        return store if isinstance(store, Group) else None

    def store_of(self, side: Side) -> ChainStore | None:
        """The chains that are shown of a side; None before they are there."""
        return self._shown.get(side)

    def same_noise(self, side: Side) -> bool:
        """Whether a side starts from the first one's z: it does when pictures and start distribution are the same."""
        first = self.sides[0]
        shapes = {each.model.card.net.shape for each in (first, side) if each.model}
        return len(shapes) == 1 and first.run.start == side.run.start

    def difference(self, side: Side) -> float | None:
        """Root mean square difference of a side's pictures and the first one's at the playhead, in [-1, 1].

        None across sizes.
        """
        a, b = self.pixels(self.sides[0]), self.pixels(side)
        if a is None or b is None or a.shape != b.shape:
            return None
        return float(np.sqrt(np.mean((a.astype(np.float32) - b) ** 2)) / 127.5)

    def pixels(self, side: Side) -> Any:
        """What is shown of a side, uint8 (N, C, H, W); None before its chains are there."""
        store = self.store_of(side)
        return None if store is None else store.pixels(store.row_of(self.playback.position), self.view)

    def open(self) -> bool:
        """Load the models that the session remembers; False when there are none, and none is open."""
        for side in self.sides:
            if side.model is None:
                side.load()
        return any(side.to_keep.model for side in self.sides)  # one that is absent is not replaced

    def change(self, text: str = "", *, key: Hashable = "change", **changes: Any) -> None:
        """Change `seed` or `count`. See `ChainsState.change`."""
        try:
            after = tuple(replace(side.parameters, **changes) for side in self.sides)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        text = text or difference(self.sides[0].parameters, after[0])
        self._swap(text, after, key and (key, *changes))

    def restore(self, recipe: ComparisonRecipe, models: Sequence[str], file: str) -> None:
        """Be as a file's recipe says, its models, by the names that they are opened by, included."""
        after = tuple(
            Parameters(model=name, seed=recipe.seed, count=recipe.count, run=made.short_run)
            for name, made in zip(models, recipe.sides, strict=True)
        )
        self._swap(f"Open {file}", after)

    def begin(self, model: ModelReady, seed: int, run: ShortRun) -> None:
        """Two sides the same: what is different is said after that."""
        for side in self.sides:
            side.set_model(model)
        one = replace(self.parameters, model=model.name, seed=seed, run=run)
        self._swap(f"Compare from {model.card.name}", (one,) * FEWEST_SIDES)

    def add_side(self) -> None:
        """One more at the right, set as the last one is."""
        if len(self.sides) < MOST_SIDES:
            self._swap("Add a side", (*self._all, self._all[-1]))

    def remove_side(self, side: Side) -> None:
        """One fewer; two are the fewest."""
        if len(self.sides) > FEWEST_SIDES:
            self._swap(f"Remove {side.name.lower()}", tuple(each.parameters for each in self.sides if each is not side))

    def sweep(self, number: Number, values: Sequence[float]) -> None:
        """A side for each value of a number of the short run, all else as on the first side."""
        first = self.sides[0].parameters
        each: list[dict[str, Any]] = [{number.name: value} for value in values]
        try:
            after = tuple(replace(first, run=replace(first.run, **changes)) for changes in each)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        self._swap(f"{number.label} over {values_text(values)}", after)

    def set_side(self, side: Side, parameters: Parameters, text: str, key: Hashable = None) -> None:
        """Change one side. Can be undone, as every change."""
        self._swap(text, tuple(parameters if each is side else each.parameters for each in self.sides), key)

    def put_back(self, side: Side, parameters: Parameters) -> None:
        """Change one side because things have changed, which nobody undoes."""
        side.parameters = parameters
        side.run_changed.emit()
        self._pause.start()

    def swap(self) -> None:
        """The order of the sides is turned round: left becomes right and right becomes left."""
        if all(side.model for side in self.sides):
            self._swap("Swap left and right", self._all[::-1])

    def run(self) -> None:
        """Run whatever side has changed."""
        self._pause.stop()
        self.dismiss()
        due = [(side, request) for side in self.sides if (request := side.due(self.bound // len(self.sides)))]
        if due:
            requests = [request for _, request in due]
            load = replace(requests[0].load, units=sum(request.load.units for request in requests))
            what = steps_text(load) + (f" on {len(due)} sides" if len(due) > 1 else "")
            self.long.ask(requests, what, partial(self._begin, due))

    def _begin(self, due: Sequence[tuple[Side, RunChain]]) -> None:
        for side, request in due:
            side.start(request)

    def go_on(self) -> None:
        """Run chains that were cancelled to their end."""
        self.run()

    def run_soon(self) -> None:
        """Run whatever side is not at its end, after a short pause."""
        self._pause.start()

    def _make_way(self) -> None:
        for side in self.sides:
            side.make_way()

    def to_dict(self) -> dict[str, Any]:
        """What a session remembers."""
        return {
            "sides": [side.to_keep.to_dict() for side in self.sides],
            "view": self.view,
            "selected": self.selected,
        }

    def from_dict(self, data: Any) -> None:
        """Be as a session was left; models are loaded by `open`. Raises what `Parameters.from_dict` raises."""
        kept = [Parameters.from_dict(side) for side in data["sides"][:MOST_SIDES]]
        if len(kept) < FEWEST_SIDES:
            raise TypeError("a comparison has two sides")
        self.parameters = first = kept[0]
        self._fit_count(len(kept))
        for side, parameters in zip(self.sides, kept, strict=True):
            side.parameters = replace(parameters, seed=first.seed, count=first.count)
            side.run_changed.emit()
        self.set_view("mean" if data["view"] == "mean" else "state")
        if type(data["selected"]) is int and 0 <= data["selected"] < first.count:
            self.select(data["selected"])
        self.parameters_changed.emit()

    @property
    def _all(self) -> All:
        return tuple(side.parameters for side in self.sides)

    def _swap(self, text: str, after: All, key: Hashable = None) -> None:
        before = self._all
        if after == before:
            if any(side.store is None for side in self.sides):
                self._pause.start()
        elif not before[0].model:
            self._apply(after)  # there is nothing to go back to
        else:
            self._undo.swap(text, self._apply, before, after, key and (PAGE, key), page=PAGE)

    def _apply(self, wanted: All) -> None:
        models = {side.model.name: side.model for side in self.sides if side.model}
        known: Known = {
            side.parameters: (side.model, side.store)
            for side in self.sides
            if side.model is not None and side.store is not None and side.store.whole
        }
        self.parameters = wanted[0]
        self._fit_count(len(wanted))
        for side, parameters in zip(self.sides, wanted, strict=True):
            side.set(parameters, models, known)
        self.parameters_changed.emit()
        self.take_chains(self.playback.position)
        self._pause.start()

    def _fit_count(self, count: int) -> None:
        """Have so many sides."""
        if count == len(self.sides):
            return
        for side in self.sides[count:]:
            side.leave()
        more = [Side(self, self.parameters) for _ in range(count - len(self.sides))]
        self.sides = [*self.sides[:count], *more]
        self.sides_changed.emit()

    def take_model(self, model: ModelReady) -> None:
        """A side has loaded a model."""
        self._open.opened.emit(model)
        self._pause.start()

    def take_chains(self, begins: int) -> None:
        """There are chains, from a step on: put all under the playhead, once those of each side are there."""
        stores = {side: side.store for side in self.sides if side.store is not None}
        is_whole = len(stores) == len(self.sides) and len({store.count for store in stores.values()}) == 1
        if not is_whole or list(stores.values()) == list(self._shown.values()):
            return
        self._shown = stores
        group = Group(list(stores.values()))
        if self.selected is not None and self.selected >= group.count:
            self.select(None)
        self.playback.show_chain(cast(ChainStore, group), begins)  # of a store, a playhead needs what a group has
        if group.whole:  # none of them is new
            self.playback.go(begins)
        self.group_changed.emit()

    def hear_end(self, ended: Ended) -> None:
        """A request of a side has ended."""
        self.playback.watch()
        if ended.fault is not None:
            self.show(ended.fault)
