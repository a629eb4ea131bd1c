"""One side of a comparison: a model, a short run, and their chains."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.parameters import Parameters, difference
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ShortRun
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import LoadModel, ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Fault, Request

if TYPE_CHECKING:
    from ebm_studio.app.pages.compare.state import CompareState

PAGE = "compare"
NAMES = {2: ("Left", "Right"), 3: ("Left", "Middle", "Right")}
"""By the number of sides; of more they have numbers."""
Known = Mapping[Parameters, tuple[ModelReady, ChainStore]]
"""Whole chains by what made them."""


class Side(QObject):
    """Observable. Its place among the sides gives it its name."""

    model_changed = Signal()
    run_changed = Signal()
    _numbers = itertools.count()

    def __init__(self, state: CompareState, parameters: Parameters) -> None:
        super().__init__(state)
        self.lane = f"{PAGE} {next(Side._numbers)}"
        self.model: ModelReady | None = None
        self.parameters = parameters
        self.store: ChainStore | None = None
        self._state = state
        self._absent = ""
        self._running: Request | None = None
        self._goes_on = False

    @property
    def place(self) -> int:
        """Among the sides, from the left."""
        return self._state.sides.index(self)

    @property
    def name(self) -> str:
        """What a person calls it."""
        names = NAMES.get(len(self._state.sides))
        return names[self.place] if names else f"Side {self.place + 1}"

    @property
    def run(self) -> ShortRun:
        """The short run."""
        return self.parameters.run

    @property
    def recent(self) -> list[str]:
        """See `OpenModel.recent`."""
        return self._state.recent

    def open_model(self, name: str, run: ShortRun | None = None) -> None:
        """Load a model, to be run with `run`, or with its own short run."""
        self._state.dismiss()
        self._load(name, partial(self._take_chosen, run), self._state.hear_end)

    def take_model(self, model: ModelReady, run: ShortRun) -> None:
        """Be set as somebody else is."""
        self.set_model(model)
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
        self._state.set_side(self, after, text, (self.lane, *changes))

    def reset(self) -> None:
        """Back to the model's own short run."""
        if self.model is not None:
            own = replace(self.parameters, run=self.model.card.short_run)
            self._state.set_side(self, own, f"Reset {self.name.lower()}")

    def set(self, parameters: Parameters, models: Mapping[str, ModelReady], known: Known) -> None:
        """Take these settings; `models` are the loaded ones, any other is loaded. `known` chains are not run again."""
        if parameters != self.parameters:
            self.parameters = parameters
            self.store = None
            if self._running is not None:  # nobody waits for it any more
                self._state.link.cancel(self._running)
            self.run_changed.emit()
        if self.model is None or self.model.name != parameters.model:
            self.store = None
            if parameters.model in models:
                self.set_model(models[parameters.model])
            else:
                self.load()
        if self.store is None and parameters in known and known[parameters][0] == self.model:
            self.store = known[parameters][1]

    def load(self) -> None:
        """Load the model that the parameters name, if they name one."""
        if self.parameters.model:
            self._load(self.parameters.model, self.set_model, self._keep_model)

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
        take = partial(self._take_chains, self.parameters)
        self._running = self._state.link.submit(request, take, self._end_chains)

    def make_way(self) -> None:
        """The run here was cancelled for something else; it continues afterwards."""
        self._goes_on = self._running is not None

    def leave(self) -> None:
        """It is no side any more."""
        if self._running is not None:
            self._state.link.cancel(self._running)
        self.deleteLater()

    @property
    def to_keep(self) -> Parameters:
        """What a session remembers: also a model that is not there at present, while no other is."""
        return replace(self.parameters, model=self.parameters.model or self._absent)

    def set_model(self, model: ModelReady) -> None:
        """Have this model, whose own short run may be another one."""
        self.model, self._absent = model, ""
        self.store = None
        self.model_changed.emit()
        self.run_changed.emit()

    def _end_chains(self, ended: Ended) -> None:
        self._running, goes_on, self._goes_on = None, self._goes_on, False
        if self in self._state.sides:
            self._state.hear_end(ended)
            if goes_on and ended.cancelled:
                self._state.run_soon()

    def _load(self, name: str, take: Callable[[ModelReady], object], end: Callable[[Ended], object]) -> None:
        def loaded(model: ModelReady) -> None:
            if self in self._state.sides:
                take(model)
                self._state.take_model(model)

        def over(ended: Ended) -> None:
            if self in self._state.sides:
                end(ended)

        self._state.link.submit(LoadModel(name=name, lane=self.lane, page=PAGE), loaded, over)

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
        if self not in self._state.sides:
            return
        if made_by == self.parameters:  # else they have changed since
            self.store = store
        self._state.take_chains(store.begins)
