"""A training run in its folder: settings, state, metrics, sample grids and the model, always complete.

run.json                 what is learned from what, and how (`data.training.plan`)
state.safetensors ...    what the run goes on from (`data.training.checkpoints`)
metrics.csv ...          what it tells, and the orders it takes (`data.training.run_log`)
samples/000400.png       64 chains of seed 0 at update 400
model.safetensors        the model as of the last save, ready to load
fidelity.csv, best.safetensors   what was measured on the way, and the best model by it, if that was asked for
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.errors import (
    CheckpointError,
    DataError,
    DivergedError,
    LostRankError,
    StudioError,
)
from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.learning.ranks import ALONE, Ranks
from ebm_studio.core.learning.watchdog import MEMORY, Watchdog
from ebm_studio.data.models.backend_cache import resolve_backend
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.model import Model, load_model, save_model
from ebm_studio.data.pictures.datasets import ImageSet, is_part_of
from ebm_studio.data.pictures.pictures import grid, save_picture, to_pixels
from ebm_studio.data.storage.machine import machine
from ebm_studio.data.storage.progress import Progress, silent
from ebm_studio.data.training.checkpoints import Saved, Snapshot, read_state, save_state
from ebm_studio.data.training.distributed import make_learner, open_data
from ebm_studio.data.training.fidelity_log import BEST, append_fidelity, best_of
from ebm_studio.data.training.fidelity_watch import FidelityWatch, card_of_best
from ebm_studio.data.training.plan import Plan, check_new, write_plan
from ebm_studio.data.training.run_diary import Diary, Pace
from ebm_studio.data.training.run_log import append_metrics, cut_metrics, metrics_of, metrics_row, parse_metrics
from ebm_studio.data.training.run_text import beginning, card_of, done_text, other_images, stalled_text, stepping_back

SAVE_SECONDS = 60.0
GRID_SECONDS = (10.0, 120.0)  # between two sample grids, in a young run and in an old one
GRID_COST = 0.05  # of the time, at most, for drawing them
HEALTHY_EVERY = 50  # updates between states that a run may step back to


@dataclass(frozen=True)
class Report:
    """What is reported after each update."""

    metrics: Metrics
    seconds: float
    """Training time so far, over all sessions of the run."""
    progress: float
    """Share of the run that is done, 0 to 1."""


class TrainingRun:
    """A run folder in which training takes place. Use `start` or `resume`, then `learn`."""

    def __init__(
        self, folder: Path, plan: Plan, data: ImageSet, device: torch.device, diary: Diary, ranks: Ranks
    ) -> None:
        self.folder = folder
        diary.tell(state="measuring", text="Finding the fastest backend.")
        chains = plan.learning.chains // ranks.count
        choice = resolve_backend(make_net(plan.net).to(device), chains, plan.backend)
        self._backend_reason = choice.why
        self.plan = replace(plan, backend=choice.backend)
        self.data = data
        self.diary = diary
        self.learner = make_learner(self.plan, data, device, ranks)
        self.seconds = 0.0
        self._ranks = ranks
        self._asked_to_stop: Callable[[], bool] = lambda: False
        self._healthy: list[Snapshot] = []
        self._fidelity: FidelityWatch

    @classmethod
    def start(
        cls,
        folder: Path,
        plan: Plan,
        device: torch.device,
        progress: Progress = silent,
        diary: Diary | None = None,
        ranks: Ranks = ALONE,
    ) -> TrainingRun:
        """A new run in a folder that holds none. Raises `DataError` or `StudioError`."""
        check_new(folder)
        return cls.resume(folder, plan, device, progress, diary, ranks)

    @classmethod
    def resume(
        cls,
        folder: Path,
        plan: Plan,
        device: torch.device,
        progress: Progress = silent,
        diary: Diary | None = None,
        ranks: Ranks = ALONE,
    ) -> TrainingRun:
        """Go on exactly where the folder's last whole save stands, by its own plan or a changed one."""
        diary = diary or Diary(folder)
        saved = read_state(folder)
        try:
            data, held_out = _open_data(folder, plan, saved, progress)
        except DataError as error:
            if saved:
                diary.fail(str(error), "data_lost", saved.now.updates)
            raise
        plan = replace(plan, images=len(data), fingerprint=data.fingerprint)
        run = cls(folder, plan, data, device, diary, ranks)
        run._fidelity = FidelityWatch(folder, plan, data.images, held_out.images)
        ranks.tell(run.plan)
        if saved:
            run._load(saved.now)
            run.seconds = saved.now.seconds
            run._healthy = saved.healthy
        elif plan.origin:
            run.learner.begin_from(load_model(plan.origin, "cpu", "fp32").net)
        ranks.tell((run.learner.state(), run.learner.updates))
        write_plan(folder, run.plan)
        run._take_up()
        run._note_beginning(saved.note if saved else "")
        return run

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0 to 1."""
        return self.plan.progress(self.learner.updates, self.seconds)

    def learn(
        self,
        tell: Callable[[Report], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
        save_every: float = SAVE_SECONDS,
    ) -> bool:
        """Update until the plan is done (True), or until `stopped` or a command says so (False). It saves in either
        case.

        In between, the state is saved every `save_every` seconds. It obeys a command to pause between updates, and
        waits while the disk is full. If training diverges, the run steps back to its last healthy state and continues
        with gentler settings. Raises `DivergedError` when that does not help: what is saved then is the healthy state.
        """
        try:
            return self._learn(tell, stopped, save_every)
        except LostRankError as error:
            self.save()
            raise LostRankError(
                f"{error} Everything up to update {self.learner.updates} is saved: continue with --resume."
            ) from None
        finally:
            with suppress(LostRankError):
                self._ranks.tell(None)

    def _learn(self, tell: Callable[[Report], None], stopped: Callable[[], bool], save_every: float) -> bool:
        self._asked_to_stop = lambda: stopped() or self.diary.order() == "stop"
        saved = drawn = time.monotonic()
        until_grid = grid_pause(self.seconds)
        self.diary.keep_reserve()
        self.diary.tell(state="learning", text="")
        if not self.learner.updates:
            self.save()  # so that a run with updates and without a state is one that has lost it
            self.draw()
        self._clock = time.monotonic()
        while self.progress < 1 and not self._asked_to_stop():
            if self.diary.order() == "pause":
                self._pause()
                continue
            metrics = self._update()
            if metrics is None:
                continue
            tell(Report(metrics, self.seconds, self.progress))
            if time.monotonic() - saved > save_every:
                self.save()
                saved = time.monotonic()
            if time.monotonic() - drawn > until_grid:
                began = time.monotonic()
                self.draw()
                drawn = time.monotonic()
                until_grid = grid_pause(self.seconds, drawn - began)
            if self._fidelity.is_due(self.seconds):
                self._measure()
                if self._fidelity.has_stalled:
                    break
        if self.progress >= 1 and self._fidelity.is_behind(self.learner.updates):
            self._measure()
        self.save()
        self.draw()
        self._note_end()
        return self.progress >= 1

    def _measure(self) -> None:
        """Measure the fidelity, and keep the model if it is the best. It takes no training time."""
        updates = self.learner.updates
        try:
            found = self._fidelity.measure(self.model(), updates, self.seconds)
        except DivergedError:  # nothing to measure, and for the watchdog to judge
            return
        except StudioError as error:
            self._fidelity.turn_off()
            self.diary.note("warning", f"Fidelity is not measured: {error}")
            return
        self.save()  # so that the run never goes back behind what was measured
        if self._fidelity.is_best(found):
            best = card_of_best(self.card(), found)
            self._kept(lambda: save_model(self.folder / BEST, self.learner.average, best))
        self._kept(lambda: append_fidelity(self.folder, found))
        self._fidelity.found.append(found)
        self._clock = time.monotonic()

    def save(self) -> None:
        """Write state and model; a kill at any moment leaves a whole state behind. A full disk is waited out."""
        self._kept(lambda: save_state(self.folder, self._snapshot(), self._healthy))
        self._save_model()

    def draw(self) -> None:
        """Write the sample grid of seed 0, and the model that it is of."""
        self._save_model()
        try:
            images = self.model().sample(64, seed=0)
        except DivergedError:  # nothing to look at, and for the watchdog to judge
            return
        sheet = grid(to_pixels(images.numpy()))
        path = self.folder / "samples" / f"{self.learner.updates:06d}.png"
        self._kept(lambda: save_picture(sheet, path))

    def _save_model(self) -> None:
        self._kept(lambda: save_model(self.folder / "model.safetensors", self.learner.average, self.card()))

    def model(self) -> Model:
        """The model as it is now, apart from the learner."""
        net = self.learner.average
        copy = type(net)(net.spec)
        copy.load_state_dict(net.state_dict())
        return Model(copy, self.card(), self.learner.device, self.plan.backend)

    def card(self) -> Card:
        """The card of the model as it is now."""
        made_on = machine(self.learner.device, self.plan.backend)
        return card_of(self.plan, self.data, list(self._past), self.learner.updates, self.seconds, made_on)

    def _update(self) -> Metrics | None:
        """One update, in the files too; None when it made the run step back."""
        progress = self.progress
        try:
            self._ranks.tell((progress, self.learner.learning))
            metrics = self.learner.update(progress)
        except DivergedError as error:
            self._step_back(str(error))
            return None
        now = time.monotonic()
        self.seconds += now - self._clock
        self._pace.add(self.learner.updates)
        self._clock = now

        # The watchdog sees what is written, so that it judges alike when the run is resumed.
        row = metrics_row(metrics, self.seconds)
        verdict = self._watchdog.look(metrics_of(parse_metrics(row)[0]))
        if verdict.sign == "run_away":
            self._step_back(verdict.text)
            return None
        self._past.append(metrics)
        self._kept(lambda: append_metrics(self.folder, row))
        self._tell_progress()
        if verdict.text:
            self.diary.note("warning", verdict.text)
        if self.learner.updates % HEALTHY_EVERY == 0 and verdict.sign == "healthy":
            # The older of two has shown for some time that it leads nowhere bad.
            self._healthy = [*self._healthy[-1:], self._snapshot()]
        return metrics

    def step_back(self) -> None:
        """Continue from the last healthy state with gentler settings, as the watchdog does, because a person asked for
        it.
        """
        self.plan = replace(self.plan, steps_back=0)
        self._step_back("Someone asked for it.")

    def _step_back(self, reason: str) -> None:
        """Go on from the last healthy state, more carefully. Raises `DivergedError` when it gives up."""
        goal = self._healthy[0]
        self._load(goal)
        self._ranks.tell((goal.tensors, goal.updates))
        self._healthy = [goal]
        self.plan, text, gives_up = stepping_back(self.plan, reason, goal.updates)
        self.learner.learning = self.plan.learning
        # In this order: a run that is killed in between runs away and steps back once more, in the same way.
        self.save()
        self._kept(lambda: write_plan(self.folder, self.plan))
        self._take_up()
        self.diary.tell(updates=goal.updates)
        if gives_up:
            self.diary.fail(text, "gave_up")
            raise DivergedError(text)
        self.diary.note("rollback", text)

    def _pause(self) -> None:
        self.save()
        self.draw()
        self.diary.note("pause", f"Paused at update {self.learner.updates}; everything is saved.")
        self.diary.tell(state="paused", text="Paused.", seconds_left=None)
        while not self.diary.wait(1.0, lambda: self._stopped_waiting() or self.diary.order() != "pause"):
            pass
        if not self._asked_to_stop():
            self._go_on("Resumed.")

    def _kept(self, write: Callable[[], None]) -> None:
        """Write something; a full disk is waited out."""
        if self.diary.keep(write, self._stopped_waiting):
            self._go_on("There is space on the disk again.")

    def _stopped_waiting(self) -> bool:
        self._ranks.reassure()
        return self._asked_to_stop()

    def _go_on(self, text: str) -> None:
        self._clock = time.monotonic()
        self._pace = Pace()
        self.diary.keep_reserve()
        self.diary.note("go", text)
        self.diary.tell(state="learning", text="")

    def _snapshot(self) -> Snapshot:
        tensors = {name: tensor.clone() for name, tensor in self.learner.state().items()}
        return Snapshot(self.learner.updates, self.seconds, tensors)

    def _load(self, snapshot: Snapshot) -> None:
        try:
            self.learner.load(snapshot.tensors, snapshot.updates)
        except (KeyError, RuntimeError):
            raise CheckpointError(f"The state in {self.folder} does not fit the run's settings.") from None

    def _take_up(self) -> None:
        """Start from the learner's current state: metrics of later updates will be written again."""
        past = [metrics_of(row) for row in cut_metrics(self.folder, self.learner.updates)[-MEMORY:]]
        for path in self.folder.glob("samples/*.png"):
            if path.stem.isdecimal() and int(path.stem) > self.learner.updates:
                path.unlink(missing_ok=True)
        self._past = deque(past, maxlen=MEMORY)
        self._fidelity.take_up(self.seconds)
        self._watchdog = Watchdog(self.plan.net, self.plan.short_run, past)
        self._healthy = self._healthy or [self._snapshot()]
        self._pace = Pace()
        self._clock = time.monotonic()

    def _tell_progress(self) -> None:
        updates, rate = self.learner.updates, self._pace.rate
        left = (self.plan.learning.updates - updates) / rate if rate else None
        if self.plan.time_limit and left is not None:
            left = min(left, max(0.0, self.plan.time_limit - self.seconds))
        self.diary.tell(
            updates=updates, seconds=self.seconds, progress=self.progress, seconds_left=left, updates_per_second=rate
        )

    def _note_beginning(self, note: str) -> None:
        updates = self.learner.updates
        self.diary.tell(updates=updates, seconds=self.seconds, progress=self.progress)
        # A resumed run keeps its backend, so nobody has chosen it now.
        backend = f"Backend {self.plan.backend}{'' if updates else f': {self._backend_reason}'}."
        self.diary.note("resume" if updates else "start", f"{beginning(self.data, updates)} {backend} {note}".rstrip())

    def _note_end(self) -> None:
        is_done, updates = self.progress >= 1, self.learner.updates
        text = done_text(updates) if is_done else f"Stopped at update {updates}; everything is saved."
        if not is_done and self._fidelity.has_stalled and (best := best_of(self._fidelity.found)):
            text = stalled_text(updates, best.update, self.plan.patience)
        self.diary.note("done" if is_done else "stop", text)
        self.diary.tell(state="done" if is_done else "stopped", text=text, seconds_left=None)


def _open_data(folder: Path, plan: Plan, saved: Saved | None, progress: Progress) -> tuple[ImageSet, ImageSet]:
    """The training images of a run, which must not have changed, and those held out. Raises `DataError`."""
    try:
        if is_part_of(plan.source, folder):
            raise DataError(f"{folder} is inside {plan.source}: the run would train on its own samples.")
        data, held_out = open_data(plan, progress)
    except DataError as error:
        if saved:
            text = f"{error} Training up to update {saved.now.updates} is saved; give the new location of the data."
            raise DataError(text) from None
        raise
    if saved and saved.now.updates and plan.fingerprint not in ("", data.fingerprint):
        raise DataError(other_images(plan, len(data), folder))
    return data, held_out


def grid_pause(age: float, cost: float = 0.0) -> float:
    """Seconds until the next sample grid of a run so old, when one takes `cost` seconds: young runs change fast."""
    least, most = GRID_SECONDS
    return max(min(max(age / 10, least), most), cost / GRID_COST)
