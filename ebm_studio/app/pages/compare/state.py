"""Two short runs from the same start noise, and one playhead over both."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.compare.paired_chains import Pair
from ebm_studio.app.studio.chains import ChainsState
from ebm_studio.app.studio.long_runs import steps_text
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.parameters import Parameters, difference
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.exports.recipe import ComparisonRecipe
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import LoadModel, ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Fault

PAGE = "compare"
Both = tuple[Parameters, Parameters]
"""What is set of the left and of the right; seed and number of chains are the same."""


class Side(QObject):
    """Left or right: a model, a short run, and its chains. Observable."""

    model_changed = Signal()
    run_changed = Signal()

    def __init__(self, name: str, state: CompareState) -> None:
        super().__init__(state)
        self.name = name
        self.lane = f"{PAGE} {name}"
        self.model: ModelReady | None = None
        self.parameters = state.parameters
        self.store: ChainStore | None = None
        self._state = state
        self._absent = ""
        self._running = False
        self._goes_on = False

    @property
    def is_left(self) -> bool:
        """Whether it is the left one of the two."""
        return self is self._state.sides[0]

    @property
    def run(self) -> ShortRun:
        """The short run."""
        return self.parameters.run

    def open_model(self, name: str, run: ShortRun | None = None) -> None:
        """Load a model, to be run with `run`, or with its own short run."""
        self._state.dismiss()
        self._load(name, partial(self._take_chosen, run), self._state.hear_end)

    def take_model(self, model: ModelReady, run: ShortRun) -> None:
        """Be set as somebody else is."""
        self._set_model(model)
        after = replace(self.parameters, model=model.name, run=run)
        self._state.set_side(self, after, f"{self.name}: {model.card.name}")

    def change(self, **changes: Any) -> None:
        """Change `steps`, `step_size`, `noise_scale` or `start`."""
        try:
            after = replace(self.parameters, run=replace(self.run, **changes))
        except SettingsError as error:
            self._state.show(Fault(str(error)))
            return
        text = f"{self.name}: {difference(self.parameters, after)}"
        self._state.set_side(self, after, text, (self.name, *changes))

    def reset(self) -> None:
        """Back to the model's own short run."""
        if self.model is not None:
            own = replace(self.parameters, run=self.model.card.short_run)
            self._state.set_side(self, own, f"Reset {self.name.lower()}")

    def set(self, parameters: Parameters, models: Mapping[str, ModelReady]) -> None:
        """Take these settings; `models` are the loaded ones, any other is loaded."""
        if parameters != self.parameters:
            self.parameters = parameters
            self.store = None
            self.run_changed.emit()
        if self.model is None or self.model.name != parameters.model:
            self.store = None
            if parameters.model in models:
                self._set_model(models[parameters.model])
            else:
                self.load()

    def load(self) -> None:
        """Load the model that the parameters name, if they name one."""
        if self.parameters.model:
            self._load(self.parameters.model, self._set_model, self._keep_model)

    def due(self, bound: int) -> RunChain | None:
        """What runs the chains, unless they are there already; cancelled ones continue where they stopped."""
        p, store = self.parameters, self.store
        if self.model is None or self.model.name != p.model or not (store is None or store.finished):
            return None
        if store is not None and store.whole:
            return None
        return RunChain(
            lane=self.lane, page=PAGE, model=p.model, count=p.count, seed=p.seed, run=p.run, bound=bound, after=store
        )

    def start(self, request: RunChain) -> None:
        """Run the chains of `due`."""
        self._running = True
        self._state.link.submit(request, partial(self._take_chains, self.parameters), self._end_chains)

    def make_way(self) -> None:
        """The run here was cancelled for something else; it continues afterwards."""
        self._goes_on = self._running

    def _end_chains(self, ended: Ended) -> None:
        self._state.hear_end(ended)
        if self._goes_on and ended.cancelled:
            self._state.run_soon()
        self._running = self._goes_on = False

    def _load(self, name: str, take: Callable[[ModelReady], object], end: Callable[[Ended], object]) -> None:
        def loaded(model: ModelReady) -> None:
            take(model)
            self._state.take_model(model)

        self._state.link.submit(LoadModel(name=name, lane=self.lane, page=PAGE), loaded, end)

    def _take_chosen(self, run: ShortRun | None, model: ModelReady) -> None:
        self.take_model(model, run or model.card.short_run)

    def _keep_model(self, ended: Ended) -> None:
        """If the model could not be loaded, keep the current one, if any."""
        if ended.fault is not None:
            name = self.model.name if self.model else ""
            self._absent = "" if self.model else self.parameters.model
            self._state.put_back(self, replace(self.parameters, model=name))
        self._state.hear_end(ended)

    def _take_chains(self, made_by: Parameters, store: ChainStore) -> None:
        if made_by == self.parameters:  # else they have changed since
            self.store = store
        self._state.take_chains(store.begins)

    @property
    def to_keep(self) -> Parameters:
        """What a session remembers: also a model that is not there at present, while no other is."""
        return replace(self.parameters, model=self.parameters.model or self._absent)

    def _set_model(self, model: ModelReady) -> None:
        self.model, self._absent = model, ""
        self.store = None
        self.model_changed.emit()
        self.run_changed.emit()  # what is the model's own has changed


class CompareState(ChainsState):
    """Observable. Seed and number of chains are common to both sides, so that they start from the same noise."""

    pair_changed = Signal()

    def __init__(self, open_model: OpenModel, parent: QObject | None = None) -> None:
        super().__init__(open_model.link, parent)
        self._open = open_model
        self.parameters = Parameters(count=9)
        """Those of the left: seed and number of chains are the right's too."""
        self.sides = (Side("Left", self), Side("Right", self))
        self._undo = open_model.undo
        open_model.asked.connect(self._make_way)

    @property
    def model(self) -> ModelReady | None:
        """The model whose trained K the timeline marks: none when the two differ in it."""
        a, b = (side.model for side in self.sides)
        return a if a and b and a.card.short_run.steps == b.card.short_run.steps else None

    @property
    def pair(self) -> Pair | None:
        """What the playhead is over."""
        store: object = self.playback.store
        return store if isinstance(store, Pair) else None

    @property
    def same_noise(self) -> bool:
        """Whether both sides start from the same z: they do when pictures and start distribution are the same."""
        a, b = self.sides
        shapes = {side.model.card.net.shape for side in self.sides if side.model}
        return len(shapes) == 1 and a.run.start == b.run.start

    @property
    def difference(self) -> float | None:
        """Root mean square difference of the two sides' pictures at the playhead, in [-1, 1]; None across sizes."""
        a, b = (self.pixels(side) for side in self.sides)
        if a is None or b is None or a.shape != b.shape:
            return None
        return float(np.sqrt(np.mean((a.astype(np.float32) - b) ** 2)) / 127.5)

    def pixels(self, side: Side) -> Any:
        """What is shown of a side, uint8 (N, C, H, W); None before the first pair."""
        if self.pair is None:
            return None
        store = self.pair.stores[self.sides.index(side)]
        return store.pixels(store.row_of(self.playback.position), self.view)

    def open(self) -> bool:
        """Load the models that the session remembers; False when there are none, and none is open."""
        for side in self.sides:
            if side.model is None:
                side.load()
        return any(side.to_keep.model for side in self.sides)  # one that is absent is not replaced

    def change(self, text: str = "", *, key: Hashable = "change", **changes: Any) -> None:
        """Change `seed` or `count`. See `ChainsState.change`."""
        try:
            a, b = (replace(side.parameters, **changes) for side in self.sides)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        text = text or difference(self.sides[0].parameters, a)
        self._swap(text, (a, b), key and (key, *changes))

    def restore(self, recipe: ComparisonRecipe, models: Sequence[str], file: str) -> None:
        """Be as a file's recipe says, its models, by the names that they are opened by, included."""
        a, b = (
            Parameters(model=name, seed=recipe.seed, count=recipe.count, run=made.short_run)
            for name, made in zip(models, recipe.sides, strict=True)
        )
        self._swap(f"Open {file}", (a, b))

    def begin(self, model: ModelReady, seed: int, run: ShortRun) -> None:
        """Both sides the same: what is different is said after that."""
        for side in self.sides:
            side.model = model
            side.model_changed.emit()
        a, b = (replace(side.parameters, model=model.name, seed=seed, run=run) for side in self.sides)
        self._swap(f"Compare from {model.card.name}", (a, b))

    def set_side(self, side: Side, parameters: Parameters, text: str, key: Hashable = None) -> None:
        """Change one side. Can be undone, as every change."""
        a, b = self.sides
        both = (parameters, b.parameters) if side is a else (a.parameters, parameters)
        self._swap(text, both, key)

    def put_back(self, side: Side, parameters: Parameters) -> None:
        """Change one side because things have changed, which nobody undoes."""
        side.parameters = parameters
        side.run_changed.emit()
        self._pause.start()

    def swap(self) -> None:
        """Left becomes right and right becomes left."""
        a, b = self.sides
        if a.model and b.model:
            self._swap("Swap left and right", (b.parameters, a.parameters))

    def run(self) -> None:
        """Run whatever side has changed."""
        self._pause.stop()
        self.dismiss()
        due = [(side, request) for side in self.sides if (request := side.due(self.bound // 2))]
        if due:
            longest = max((request for _, request in due), key=lambda request: request.load.units)
            self.long.ask([request for _, request in due], steps_text(longest.load), partial(self._begin, due))

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
            "A": self.sides[0].to_keep.to_dict(),
            "B": self.sides[1].to_keep.to_dict(),
            "view": self.view,
            "selected": self.selected,
        }

    def from_dict(self, data: Any) -> None:
        """Be as a session was left; models are loaded by `open`. Raises what `Parameters.from_dict` raises."""
        a = Parameters.from_dict(data["A"])
        b = replace(Parameters.from_dict(data["B"]), seed=a.seed, count=a.count)
        self.parameters = a
        for side, parameters in zip(self.sides, (a, b), strict=True):
            side.parameters = parameters
            side.run_changed.emit()
        self.set_view("mean" if data["view"] == "mean" else "state")
        if type(data["selected"]) is int and 0 <= data["selected"] < a.count:
            self.select(data["selected"])
        self.parameters_changed.emit()

    def _swap(self, text: str, after: Both, key: Hashable = None) -> None:
        a, b = self.sides
        before = (a.parameters, b.parameters)
        if after == before:
            if a.store is None or b.store is None:
                self._pause.start()
        elif not a.parameters.model:
            self._apply(after)  # there is nothing to go back to
        else:
            self._undo.swap(text, self._apply, before, after, key and (PAGE, key), page=PAGE)

    def _apply(self, both: Both) -> None:
        models = {side.model.name: side.model for side in self.sides if side.model}
        self.parameters = both[0]
        for side, parameters in zip(self.sides, both, strict=True):
            side.set(parameters, models)
        self.parameters_changed.emit()
        self._pause.start()

    def take_model(self, model: ModelReady) -> None:
        """A side has loaded a model."""
        self._open.opened.emit(model)
        self._pause.start()

    def take_chains(self, begins: int) -> None:
        """A side has chains, which go on from a step: put both under the playhead, once both are there."""
        a, b = (side.store for side in self.sides)
        if a is not None and b is not None and a.count == b.count:
            if self.selected is not None and self.selected >= a.count:
                self.select(None)
            pair = cast(ChainStore, Pair(a, b))  # of a store, a playhead needs what a pair has
            self.playback.show_chain(pair, begins)
            self.pair_changed.emit()

    def hear_end(self, ended: Ended) -> None:
        """A request of a side has ended."""
        self.playback.watch()
        if ended.fault is not None:
            self.show(ended.fault)
