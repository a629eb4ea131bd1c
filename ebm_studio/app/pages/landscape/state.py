"""What the Landscape page shows and does: a landscape being trained, and its chains under a playhead."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.pages.landscape.curves import Curves
from ebm_studio.app.pages.landscape.setup import ReadyScene, Setup
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.playback import Playback
from ebm_studio.app.studio.undo import Undo
from ebm_studio.core.errors import StudioError
from ebm_studio.data.models.card import Card
from ebm_studio.data.points.shapes import PointData
from ebm_studio.data.points.sources import open_points
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.cloud_store import CloudStore
from ebm_studio.engine.jobs.chains import ModelReady
from ebm_studio.engine.jobs.landscape import (
    Bench,
    Counted,
    LandscapeOpened,
    LookAtLandscape,
    MeasureLandscape,
    OpenLandscape,
    Packed,
    ReadPoints,
    SaveLandscape,
    Sight,
    TrainLandscape,
)
from ebm_studio.engine.requests import Ended, Fault

KEY = "landscape"
PAUSE = 200  # milliseconds without a further edit before the chains run again


@dataclass(frozen=True, eq=False)
class Work:
    """A landscape on the engine's bench, and the curves of its training."""

    bench: Bench = field(default_factory=Bench)
    curves: Curves = field(default_factory=Curves)


class LandscapeState(Faults):
    """Observable."""

    setup_changed = Signal()
    work_changed = Signal()
    """There is another landscape on the bench."""
    sight_changed = Signal()
    counted_changed = Signal()
    training_changed = Signal()
    packed_changed = Signal()
    selection_changed = Signal()
    scene_chosen = Signal(str)
    """What to look for in the chosen ready-made scene."""

    def __init__(self, link: EngineLink, undo: Undo, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self._undo = undo
        self.setup = Setup()
        self.work = Work()
        self.playback = Playback(self)
        self.playback.set_mode("loop")
        self.sight: Sight | None = None
        self.counted: Counted | None = None
        self.packed: Packed | None = None
        """The landscape as a file, as of the last time it was packed."""
        self.selected: int | None = None
        """The highlighted chain."""
        self._training: TrainLandscape | None = None
        self._goes_on = False  # whether to ask for another burst of training
        self._is_awake = False  # the page was shown
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self.look)
        link.progress_changed.connect(self.playback.watch)

    # What the timeline asks

    @property
    def cloud(self) -> CloudStore | None:
        """The visible chains."""
        store: object = self.playback.store
        return store if isinstance(store, CloudStore) else None

    @property
    def model(self) -> ModelReady | None:
        """The landscape as a model, for the mark at the trained K."""
        scene = self.setup.scene
        card = Card(name=scene.data.name, net=scene.net, short_run=scene.short_run)
        return ModelReady(name=card.name, card=card, device="cpu", threads=1, backend="fp32", fingerprint="")

    def go_on(self) -> None:
        """Run the chains again, to their end."""
        self.look()

    @property
    def is_training(self) -> bool:
        """Whether training is in progress."""
        return self._training is not None

    @property
    def is_waiting(self) -> bool:
        """Whether the chains will run again shortly."""
        return self._pause.isActive()

    # Settings

    def change(self, text: str, after: Setup, key: Hashable = None, afresh: bool = False) -> None:
        """Use these settings; can be undone. Another net or training seed, or `afresh`, starts over."""
        before = self.setup
        starts_over = (before.scene.net, before.scene.learning.seed) != (after.scene.net, after.scene.learning.seed)
        work = Work() if starts_over or afresh else self.work
        if after == before and work is self.work:
            return
        self.dismiss()
        self._undo.swap(text, self._apply, (before, self.work), (after, work), key and (KEY, key), page=KEY)

    def change_part(self, part: str, text: str, **changes: Any) -> None:
        """Change fields of the scene's `net`, `short_run` or `learning`."""
        try:
            after = self.setup.with_part(part, **changes)
        except StudioError as error:
            self.show(Fault(str(error)))
            return
        self.change(text, after, (part, *changes))

    def change_shown(self, text: str, **changes: Any) -> None:
        """Change `count`, `seed`, `past` or `pace`."""
        try:
            after = replace(self.setup, **changes)
        except StudioError as error:
            self.show(Fault(str(error)))
            return
        if "past" in changes and self.is_training:
            self.pause()  # long chains need an energy that does not change
        self.change(text, after, tuple(changes))

    def set_data(self, data: PointData, text: str = "") -> None:
        """Train on other data."""
        self.change(text or f"Data {data.name}", replace(self.setup, scene=replace(self.setup.scene, data=data)))

    def open_data(self, source: str) -> None:
        """Train on a shape, or on a text after `text:`."""
        try:
            self.set_data(open_points(source))
        except StudioError as error:
            self.show(Fault(str(error)))

    def choose(self, ready: ReadyScene) -> None:
        """Switch to a ready-made scene, and train it."""
        self.change(ready.name, ready.setup(self.setup), afresh=True)
        self.scene_chosen.emit(ready.text)
        self.train()

    def start_over(self) -> None:
        """Start with random weights. Undo restores the trained ones."""
        self.change("Start over", self.setup, afresh=True)

    # Training

    def toggle(self) -> None:
        """Train or pause."""
        if self.is_training:
            self.pause()
        else:
            self.train()

    def train(self, updates: int | None = None) -> None:
        """Train until it is paused, or for so many updates."""
        self.dismiss()
        self._pause.stop()
        if self.is_training and updates is not None:
            return
        if self.setup.past != 1.0:
            self.change("Run K steps", replace(self.setup, past=1.0))
        self._goes_on = updates is None
        self._ask_training(updates)

    def _ask_training(self, updates: int | None) -> None:
        setup = self.setup
        request = TrainLandscape(
            bench=self.work.bench, scene=setup.scene, updates=updates, pace=setup.pace, count=setup.count,
            seed=setup.seed, lane=KEY, page=KEY,
        )  # fmt: skip
        self._training = self.link.submit(request, partial(self._take, self.work), self._end_training)
        self.training_changed.emit()

    def pause(self) -> None:
        """Stop training, then run and measure the chains."""
        self._goes_on = False
        if self._training is not None:
            self.link.cancel(self._training)

    def look(self) -> None:
        """Run the visible chains and measure their density. While training, training itself does this."""
        self._pause.stop()
        self._is_awake = True
        setup = self.setup
        if self.is_training:
            if self._goes_on:
                self._ask_training(None)  # with the settings as they are now
            return  # after a pause it looks anyway
        self.link.submit(
            LookAtLandscape(
                bench=self.work.bench,
                scene=setup.scene,
                count=setup.count,
                seed=setup.seed,
                past=setup.past,
                lane=KEY,
                page=KEY,
            ),
            partial(self._take, self.work),
            self._end_look,
        )

    def cancel(self) -> None:
        """Pause training, and stop anything else that runs."""
        self.pause()
        self.link.cancel(page=KEY)

    # Files

    def read_points(self, files: list[Path]) -> None:
        """Train on the points of a file, or on a picture's darkness."""
        self.link.submit(ReadPoints(path=files[0], lane=KEY), self.set_data, self._end)

    def open_files(self, files: list[Path]) -> None:
        """Open a landscape's file."""
        self.link.submit(OpenLandscape(path=files[0], lane=KEY), self.take, self._end)

    def save(self, path: Path) -> None:
        """Write the landscape's file."""
        self.link.submit(
            SaveLandscape(bench=self.work.bench, scene=self.setup.scene, path=path, lane=KEY), None, self._end
        )

    def take(self, opened: LandscapeOpened) -> None:
        """Show a landscape that was opened."""
        after = replace(self.setup, scene=opened.scene, seed=opened.seed, past=opened.past)
        after = replace(after, count=opened.count or after.count)
        before = (self.setup, self.work)
        text = f"Open {opened.path.name}"
        self._undo.swap(text, self._apply, before, (after, Work(opened.bench)), page=KEY)

    # The session

    def to_dict(self) -> dict[str, Any]:
        """What a session remembers."""
        file = self.packed.file if self.packed else self.work.bench.file
        return {**self.setup.to_dict(), "file": file, "curves": self.work.curves.to_dict()}

    def from_dict(self, data: Any) -> None:
        """Restore a session. Raises what `Setup.from_dict` and `Curves.from_dict` raise."""
        data = dict(data)
        file, curves = data.pop("file"), Curves.from_dict(data.pop("curves"))
        self.setup = Setup.from_dict(data)
        self.work = Work(Bench(file if isinstance(file, str) else ""), curves)
        self.setup_changed.emit()
        self.work_changed.emit()
        if self._is_awake:
            self._pause.start()

    def close(self) -> None:
        """Stop every timer."""
        self._pause.stop()
        self.playback.pause()

    # Results

    def select(self, chain: int | None) -> None:
        """Highlight a chain, or none."""
        if chain != self.selected:
            self.selected = chain
            self.selection_changed.emit()

    def _apply(self, after: tuple[Setup, Work]) -> None:
        setup, work = after
        is_other = work is not self.work
        self.setup, self.work = setup, work
        self.setup_changed.emit()
        if is_other:
            self.counted = self.packed = None
            self.work_changed.emit()
            self.counted_changed.emit()
        self._pause.start()

    def _take(self, work: Work, value: object) -> None:
        if work is not self.work:
            return  # of a landscape that has been replaced
        if isinstance(value, Sight):
            self.sight = value
            self.work.curves.add(value.metrics)
            self.sight_changed.emit()
        elif isinstance(value, CloudStore):
            self._show_cloud(value)
        elif isinstance(value, Counted):
            self.counted = value
            if self.setup.past == 1.0:
                found = value.distances
                self.work.curves.add_distances(value.updates, found.tv_short_run, found.tv_energy)
            self.counted_changed.emit()
        elif isinstance(value, Packed):
            self.packed = value
            self.packed_changed.emit()

    def _show_cloud(self, cloud: CloudStore) -> None:
        """Put other chains under the playhead, which keeps its place and keeps moving if it moved."""
        playback = self.playback
        position, rests = playback.position, playback.store is not None and not playback.playing
        if self.selected is not None and self.selected >= cloud.count:
            self.select(None)
        store = cast(ChainStore, cloud)  # of a store, a playhead needs what a cloud has
        playback.show_chain(store, min(position, cloud.newest))
        if rests:
            playback.pause()

    def _end_training(self, ended: Ended) -> None:
        if self._goes_on and ended.fault is None and not ended.cancelled:
            self._ask_training(None)
            return
        self._training = None
        self.training_changed.emit()
        if ended.fault is None:
            self._pause.start()
        else:
            self._goes_on = False
            self.show(ended.fault)  # the curves that led to it stay visible

    def _end_look(self, ended: Ended) -> None:
        self.playback.watch()
        self._end(ended)
        if ended.fault is None and not ended.cancelled and not self.is_training:
            setup = self.setup
            self.link.submit(
                MeasureLandscape(
                    bench=self.work.bench, scene=setup.scene, seed=setup.seed, past=setup.past, lane=KEY, page=KEY
                ),
                partial(self._take, self.work),
                self._end,
            )

    def _end(self, ended: Ended) -> None:
        if ended.fault is not None:
            self.show(ended.fault)
