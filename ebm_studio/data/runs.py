"""A course of learning as a folder: settings, state, metrics, sample grids and the model, always whole.

run.json                 what is learned from what, and how
state.safetensors        weights, average and Adam's moments at the last save
state-previous...        the save before that
metrics.csv              one row an update
samples/000400.png       64 chains of seed 0 at update 400
model.safetensors        the model as of the last save, ready to load
"""

from __future__ import annotations

import csv
import json
import os
import platform
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import safetensors
import safetensors.torch
import torch

from ebm_studio.core.errors import CheckpointError, DataError, SettingsError, StudioError
from ebm_studio.core.learning import Learner, Metrics
from ebm_studio.core.nets import EnergyNet
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.cards import Card, DataCard, Health
from ebm_studio.data.choices import resolve_backend
from ebm_studio.data.datasets import ImageSet, Progress, open_images
from ebm_studio.data.files import write_whole
from ebm_studio.data.models import Model, save_model
from ebm_studio.data.pictures import grid, save_picture, to_pixels

SAVE_SECONDS = 60.0
GRID_SECONDS = 120.0
RECENT = 100  # updates that the card's health figures are means over
METRICS = ("update", "seconds", "energy_data", "energy_samples", "d", "v", "learning_rate", "data_noise")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run learns, from what, and how long."""

    net: NetSpec
    short_run: ShortRun
    learning: Learning
    source: str
    """The data set's name or path."""
    held_out: int = 0
    """Images kept from training: the last ones in name order."""
    licence: str = ""
    """The data's licence, for sets that carry none of their own."""
    name: str = "model"
    command: str = ""
    time_limit: float | None = None
    """Seconds after which the run is done, however many updates that makes."""
    backend: str = "auto"
    """What computes the short runs; chosen at the start and then kept, since backends round differently."""

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plan:
        """The plan that `to_dict` wrote."""
        return cls(
            **{
                **data,
                "net": NetSpec.from_dict(data["net"]),
                "short_run": ShortRun.from_dict(data["short_run"]),
                "learning": Learning.from_dict(data["learning"]),
            }
        )


@dataclass(frozen=True)
class Report:
    """What is told after each update."""

    metrics: Metrics
    seconds: float
    """Spent learning so far, over all sessions of the run."""
    progress: float
    """Share of the run that is done, 0 to 1."""


class TrainingRun:
    """A run folder being learned in. Use `start` or `resume`, then `learn`."""

    def __init__(self, folder: Path, plan: Plan, data: ImageSet, device: torch.device) -> None:
        self.folder = folder
        backend = resolve_backend(EnergyNet(plan.net).to(device), plan.learning.chains, plan.backend)
        self.plan = replace(plan, backend=backend)
        self.data = data
        self.learner = Learner(plan.net, plan.short_run, plan.learning, torch.from_numpy(data.images), device, backend)
        self.seconds = 0.0
        self._recent: deque[Metrics] = deque(maxlen=RECENT)

    @classmethod
    def start(
        cls, folder: Path, plan: Plan, device: torch.device, progress: Progress = lambda _, __: None
    ) -> TrainingRun:
        """A new run in a folder that holds none. Raises `DataError` or `StudioError`."""
        if (folder / "run.json").exists():
            raise StudioError(f"{folder} already holds a run: add --resume to go on with it, or name another folder.")
        run = cls(folder, plan, _open_data(plan, progress), device)
        run._write_plan()
        return run

    @classmethod
    def resume(
        cls, folder: Path, plan: Plan, device: torch.device, progress: Progress = lambda _, __: None
    ) -> TrainingRun:
        """Go on exactly where the folder's last whole save stands, by its own plan or a changed one."""
        run = cls(folder, plan, _open_data(plan, progress), device)
        state, run.seconds = _read_state(folder)
        if state is not None:
            tensors, updates = state
            try:
                run.learner.load(tensors, updates)
            except (KeyError, RuntimeError):
                raise CheckpointError(f"The state in {folder} does not fit the run's settings.") from None
        run._take_up_metrics()
        run._write_plan()
        return run

    @property
    def progress(self) -> float:
        """Share of the run that is done, by updates or by time, whichever is further."""
        by_time = self.seconds / self.plan.time_limit if self.plan.time_limit else 0.0
        return min(1.0, max(self.learner.updates / self.plan.learning.updates, by_time))

    def learn(
        self,
        tell: Callable[[Report], None],
        stopped: Callable[[], bool] = lambda: False,
        save_every: float = SAVE_SECONDS,
    ) -> bool:
        """Update until the plan is done (True) or `stopped` says so (False); saved in either case.

        In between, the state is saved every `save_every` seconds.

        Raises `DivergedError` when the run diverges; what was saved before stays.
        """
        last = time.monotonic()
        saved = drawn = last
        with _appending(self.folder / "metrics.csv") as metrics_file:
            writer = csv.writer(metrics_file, lineterminator="\n")
            while self.progress < 1 and not stopped():
                metrics = self.learner.update(self.progress)
                now = time.monotonic()
                self.seconds += now - last
                last = now
                self._recent.append(metrics)
                writer.writerow(_row(metrics, self.seconds))
                metrics_file.flush()
                tell(Report(metrics, self.seconds, self.progress))
                if now - saved > save_every:
                    self.save()
                    saved = time.monotonic()
                if now - drawn > GRID_SECONDS:
                    self.draw()
                    drawn = time.monotonic()
        self.save()
        self.draw()
        return self.progress >= 1

    def save(self) -> None:
        """Write state and model; a kill at any moment leaves a whole state behind."""
        metadata = {"updates": str(self.learner.updates), "seconds": repr(self.seconds)}
        state = self.learner.state()
        path = self.folder / "state.safetensors"
        if path.exists():
            os.replace(path, self.folder / "state-previous.safetensors")
        write_whole(path, lambda file: safetensors.torch.save_file(state, file, metadata))
        save_model(self.folder / "model.safetensors", self.learner.average, self.card())

    def draw(self) -> None:
        """Write the sample grid of seed 0."""
        images = self.model().sample(64, seed=0).numpy()
        save_picture(grid(to_pixels(images)), self.folder / "samples" / f"{self.learner.updates:06d}.png")

    def model(self) -> Model:
        """The model as it is now, apart from the learner."""
        net = self.learner.average
        copy = type(net)(net.spec)
        copy.load_state_dict(net.state_dict())
        return Model(copy, self.card(), self.learner.device, self.plan.backend)

    def card(self) -> Card:
        """The card of the model as it is now."""
        plan, recent = self.plan, self._recent
        count = len(recent)
        v = sum(m.v for m in recent) / count if count else 0.0
        health = (
            Health(d=sum(m.d for m in recent) / count, v=v, path_length=v * plan.short_run.steps) if count else None
        )
        return Card(
            name=plan.name,
            net=plan.net,
            short_run=plan.short_run,
            data=DataCard(
                name=self.data.name,
                size=plan.net.size,
                channels=plan.net.channels,
                count=len(self.data),
                held_out=plan.held_out,
                licence=plan.licence or self.data.licence,
            ),
            learning=plan.learning,
            updates=self.learner.updates,
            seconds=round(self.seconds, 1),
            health=health,
            command=plan.command,
            machine=_machine(self.learner.device, plan.backend),
        )

    def _write_plan(self) -> None:
        text = json.dumps(self.plan.to_dict(), indent=2)
        write_whole(self.folder / "run.json", lambda file: file.write_text(text, encoding="utf-8"))

    def _take_up_metrics(self) -> None:
        # A killed run has written rows past its last save; they will be made again.
        path = self.folder / "metrics.csv"
        rows = [row for row in read_metrics(self.folder) if int(row["update"]) <= self.learner.updates]
        for row in rows[-RECENT:]:
            numbers = (row[name] for name in ("energy_data", "energy_samples", "v", "learning_rate", "data_noise"))
            self._recent.append(Metrics(int(row["update"]), *numbers))
        lines = [",".join(METRICS), *(",".join(f"{row[name]:.12g}" for name in METRICS) for row in rows)]
        write_whole(path, lambda file: file.write_text("\n".join(lines) + "\n", encoding="utf-8"))


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """The whole rows of a run's metrics.csv, oldest first, by the names in `METRICS`."""
    try:
        lines = (folder / "metrics.csv").read_text(encoding="utf-8").splitlines()[1:]
    except FileNotFoundError:
        return []
    rows = []
    for line in lines:
        try:
            rows.append(dict(zip(METRICS, map(float, line.split(",")), strict=True)))
        except ValueError:  # the row that a kill cut short
            continue
    return rows


def _machine(device: torch.device, backend: str) -> str:
    return f"{platform.system()} {platform.machine()}, {device}, {torch.get_num_threads()} threads, {backend}"


def read_plan(folder: Path) -> Plan:
    """The plan of a run folder. Raises `StudioError` when there is none, or it is damaged."""
    try:
        return Plan.from_dict(json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise StudioError(f"There is no run to resume in {folder}.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, SettingsError) as error:
        raise StudioError(f"The run in {folder} cannot be read: {error}.") from None


def _open_data(plan: Plan, progress: Progress) -> ImageSet:
    data = open_images(plan.source, plan.net.size, plan.net.channels, progress)
    if data.images.shape[1:] != plan.net.shape:
        raise DataError(
            f"The images of {plan.source} have shape {data.images.shape[1:]}, the net wants {plan.net.shape}."
        )
    return data.without_last(plan.held_out)


def _read_state(folder: Path) -> tuple[tuple[dict[str, torch.Tensor], int] | None, float]:
    for name in ("state.safetensors", "state-previous.safetensors"):
        path = folder / name
        if not path.exists():
            continue
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                metadata = file.metadata()
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
            return (tensors, int(metadata["updates"])), float(metadata["seconds"])
        except (OSError, safetensors.SafetensorError, KeyError, ValueError, TypeError):
            continue
    if (folder / "state.safetensors").exists():
        raise CheckpointError(f"The state in {folder} is damaged, and so is the one before it.")
    return None, 0.0


def _appending(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        file = path.open("a", newline="", encoding="utf-8")
    except OSError as error:
        raise StudioError(f"Cannot write {path}: {error.strerror}.") from error
    if new:
        csv.writer(file, lineterminator="\n").writerow(METRICS)
    return file


def _row(metrics: Metrics, seconds: float) -> list[object]:
    return [
        metrics.update,
        f"{seconds:.2f}",
        *(f"{value:.6g}" for value in (metrics.energy_data, metrics.energy_samples, metrics.d, metrics.v)),
        f"{metrics.learning_rate:.4g}",
        f"{metrics.data_noise:.4g}",
    ]
