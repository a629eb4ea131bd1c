"""Two short runs from the same start noise, and one playhead over both."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.faults import Faults
from ebm_studio.app.link import EngineLink
from ebm_studio.app.playback import Playback
from ebm_studio.app.state import PAUSE, RANDOM_SEEDS, Parameters
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import MAX_SEED, ShortRun
from ebm_studio.engine.exports import Opened
from ebm_studio.engine.jobs import LoadModel, ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Fault, Request
from ebm_studio.engine.store import BOUND, ChainStore


class Pair:
    """Two chains under one playhead: as long as the longer one, and come as far as the slower one."""

    def __init__(self, a: ChainStore, b: ChainStore) -> None:
        self.stores = (a, b)
        self.run = max(a.run, b.run, key=lambda run: run.steps)
        self.count = a.count
        self.indices = np.union1d(a.indices, b.indices)

    @property
    def finished(self) -> bool:
        """Whether both will get no further step."""
        return all(store.finished for store in self.stores)

    @property
    def whole(self) -> bool:
        """Whether the last step of both is there."""
        return all(store.whole for store in self.stores)

    @property
    def newest(self) -> int:
        """The newest step at which both stand, or to which one of them has ended."""
        going = [store.newest for store in self.stores if not store.finished]
        return min(going) if going else max(store.newest for store in self.stores)

    @property
    def rows(self) -> int:
        """Steps kept so far."""
        return int(np.searchsorted(self.indices, self.newest, side="right"))

    @property
    def nbytes(self) -> int:
        """Bytes held by both."""
        return sum(store.nbytes for store in self.stores)

    @property
    def bound(self) -> int:
        """Bytes that both may take."""
        return sum(store.bound for store in self.stores)

    def row_of(self, index: int) -> int:
        """The row of the last kept step at or before step `index`."""
        row = int(np.searchsorted(self.indices, index, side="right")) - 1
        return min(max(row, 0), max(self.rows - 1, 0))


class Side(QObject):
    """A or B: a model, a short run, and its chain. Observable."""

    model_changed = Signal()
    run_changed = Signal()
    edited = Signal()

    def __init__(self, letter: str, link: EngineLink, faults: Faults, parent: QObject) -> None:
        super().__init__(parent)
        self.letter = letter
        self.lane = f"compare {letter}"
        self.model: ModelReady | None = None
        self.run = ShortRun()
        self.store: ChainStore | None = None
        self._link = link
        self._faults = faults
        self._wanted: ShortRun | None = None

    def open_model(self, name: str, run: ShortRun | None = None) -> None:
        """Load a model, to be run with `run`, or with its own short run."""
        self._wanted = run
        self.store = None
        self._link.submit(LoadModel(name=name, lane=self.lane))

    def take_model(self, model: ModelReady, run: ShortRun) -> None:
        """Be set as somebody else is."""
        self.model, self.run = model, run
        self.store = None
        self.model_changed.emit()
        self.run_changed.emit()
        self.edited.emit()

    def change(self, **changes: Any) -> None:
        """Change `steps`, `step_size`, `noise_scale` or `start`."""
        try:
            run = replace(self.run, **changes)
        except SettingsError as error:
            self._faults.show(Fault(str(error)))
            return
        if run != self.run:
            self.run = run
            self.store = None
            self.run_changed.emit()
            self.edited.emit()

    def reset(self) -> None:
        """Back to the model's own short run."""
        if self.model is not None:
            self.change(**self.model.card.short_run.to_dict())

    def start(self, seed: int, count: int, bound: int) -> None:
        """Run the chain, unless it is there already."""
        if self.model is not None and self.store is None:
            request = RunChain(model=self.model.name, count=count, seed=seed, run=self.run, bound=bound, lane=self.lane)
            self._link.submit(request)

    def hear(self, value: object) -> None:
        """Take what the engine posted for this side."""
        if isinstance(value, ModelReady):
            self.take_model(value, self._wanted or value.card.short_run)
        elif isinstance(value, ChainStore):
            self.store = value


class CompareState(QObject):
    """Observable. Seed and number of chains are common to both sides, so that they start from the same noise."""

    parameters_changed = Signal()
    pair_changed = Signal()
    view_changed = Signal()
    selection_changed = Signal()

    def __init__(self, link: EngineLink, faults: Faults, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self.playback = Playback(self)
        self.parameters = Parameters(count=9)
        self.sides = (Side("A", link, faults, self), Side("B", link, faults, self))
        self.view = "state"
        self.selected: int | None = None
        self.bound = BOUND
        """Bytes that both chains together may take."""
        self._faults = faults
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self.run)
        for side in self.sides:
            side.edited.connect(self._pause.start)
        link.posted.connect(self._take)
        link.ended.connect(self._end)
        link.progress_changed.connect(self.playback.watch)

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

    def change(self, **changes: Any) -> None:
        """Change `seed` or `count`."""
        try:
            parameters = replace(self.parameters, **changes)
        except SettingsError as error:
            self._faults.show(Fault(str(error)))
            return
        if parameters != self.parameters:
            self.parameters = parameters
            for side in self.sides:
                side.store = None
            self.parameters_changed.emit()
            self._pause.start()

    def restore(self, seed: int, count: int, opened: Opened) -> None:
        """Be as a file's recipe says, its models included."""
        self.change(seed=seed, count=count)
        for side, name, made in zip(self.sides, opened.models, opened.recipe.sides, strict=True):
            side.open_model(name, made.short_run)

    def random_seed(self) -> None:
        """Another seed, at once."""
        self.change(seed=secrets.randbelow(RANDOM_SEEDS))
        self.run()

    def next_seed(self, by: int) -> None:
        """The seed `by` further."""
        self.change(seed=min(max(self.parameters.seed + by, 0), MAX_SEED))

    def swap(self) -> None:
        """A becomes B and B becomes A."""
        a, b = self.sides
        if a.model and b.model:
            of_a = (a.model, a.run)
            a.take_model(b.model, b.run)
            b.take_model(*of_a)

    def run(self) -> None:
        """Run whatever side has changed."""
        self._pause.stop()
        self._faults.dismiss()
        for side in self.sides:
            side.start(self.parameters.seed, self.parameters.count, self.bound // 2)

    def cancel(self) -> None:
        """Stop what runs."""
        self._pause.stop()
        self.link.cancel()

    @property
    def waiting(self) -> bool:
        """Whether an edit waits for its run."""
        return self._pause.isActive()

    def set_view(self, view: str) -> None:
        """Show the `state` or the `mean` of each step."""
        if view != self.view:
            self.view = view
            self.view_changed.emit()

    def select(self, chain: int | None) -> None:
        """Draw the curves of one chain instead of the means."""
        if chain != self.selected:
            self.selected = chain
            self.selection_changed.emit()

    def close(self) -> None:
        """Stop every timer."""
        self._pause.stop()
        self.playback.pause()

    def _take(self, request: Request, value: object) -> None:
        side = next((side for side in self.sides if side.lane == request.lane), None)
        if side is None:
            return
        side.hear(value)
        a, b = (side.store for side in self.sides)
        if isinstance(value, ChainStore) and a is not None and b is not None and a.count == b.count:
            if self.selected is not None and self.selected >= a.count:
                self.select(None)
            self.playback.show_chain(cast(ChainStore, Pair(a, b)))  # of a store, a playhead needs what a pair has
            self.pair_changed.emit()

    def _end(self, ended: Ended) -> None:
        self.playback.watch()
        if ended.fault is not None and ended.request.lane in (side.lane for side in self.sides):
            self._faults.show(ended.fault)
