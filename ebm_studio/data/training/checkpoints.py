"""What a run resumes from: its state files. At any moment at least one of them is complete.

state.safetensors          weights, average and Adam's moments at the last save
state-previous.safetensors the save before that
healthy-...safetensors     the healthy states that a save may have to step back to, named in its metadata
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.safetensors_file import open_tensors, text_in
from ebm_studio.data.storage.tensors import load_tensors, save_tensors
from ebm_studio.data.training.run_log import read_metrics

STATE, PREVIOUS, NEXT = "state.safetensors", "state-previous.safetensors", "state-next.safetensors"
SAVE = FileKind("save of a run", 2**33, CheckpointError)
_HEALTHY = re.compile(r"healthy-\d{6,}-(\d+)\.safetensors")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A learner's state after this many updates and seconds."""

    updates: int
    seconds: float
    tensors: dict[str, Tensor]

    @property
    def file(self) -> str:
        """Its name as a healthy state. No two of a run share it, since the seconds keep counting when it steps back."""
        return f"healthy-{self.updates:06d}-{round(self.seconds * 1e6)}.safetensors"


@dataclass(frozen=True, slots=True)
class Saved:
    """What one save holds."""

    now: Snapshot
    healthy: list[Snapshot] = field(default_factory=list)
    """Oldest first."""
    note: str = ""
    """A sentence, when this is not the last save or the one before."""


def save_state(folder: Path, now: Snapshot, healthy: Sequence[Snapshot]) -> None:
    """Write a save; a kill or a full disk at any moment leaves the one before. Raises `StudioError`."""
    for snapshot in healthy:
        if not (folder / snapshot.file).exists():
            _save(folder / snapshot.file, snapshot)
    _save(folder / NEXT, now, " ".join(snapshot.file for snapshot in healthy))
    if (folder / STATE).exists():
        os.replace(folder / STATE, folder / PREVIOUS)
    os.replace(folder / NEXT, folder / STATE)
    wanted = {name for state in (STATE, PREVIOUS) for name in _healthy_files(folder / state)}
    for path in _healthy_paths(folder):
        if path.name not in wanted:
            path.unlink(missing_ok=True)


def read_state(folder: Path) -> Saved | None:
    """The newest whole save, or else the newest healthy state; None when nothing was saved yet.

    Raises `CheckpointError` when something was, and none of it is whole.
    """
    for name in (STATE, PREVIOUS):
        try:
            now = _read(folder / name)
        except CheckpointError:
            continue
        return Saved(now, _whole(folder / file for file in _healthy_files(folder / name)))
    if healthy := _whole(_healthy_paths(folder)):
        note = "Its last saves are damaged or missing, so it continues from its last healthy state."
        return Saved(healthy[-1], healthy[-2:], note)
    learned = read_metrics(folder)[:, 0]  # a run is saved before its first update
    if len(learned) or (folder / STATE).exists() or (folder / PREVIOUS).exists():
        raise CheckpointError(
            f"The run in {folder} cannot be resumed: its saves are damaged or missing"
            + (f", and {learned[-1]:.0f} updates of training are lost. " if len(learned) else ". ")
            + "Start a new run, or remove the folder and use its name again."
        )
    return None


def _whole(paths: Iterable[Path]) -> list[Snapshot]:
    # With a damaged one there is one less to step back to.
    snapshots = []
    for path in paths:
        with suppress(CheckpointError):
            snapshots.append(_read(path))
    return snapshots


def _healthy_paths(folder: Path) -> list[Path]:
    """All healthy states in a folder, oldest first."""
    found = ((_HEALTHY.fullmatch(path.name), path) for path in folder.glob("healthy-*"))
    return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]


def _save(path: Path, snapshot: Snapshot, healthy: str = "") -> None:
    metadata = {"updates": str(snapshot.updates), "seconds": repr(snapshot.seconds), "healthy": healthy}
    save_tensors(path, snapshot.tensors, metadata)


def _read(path: Path) -> Snapshot:
    tensors, metadata = load_tensors(path, SAVE)
    try:
        return Snapshot(int(metadata["updates"]), float(metadata["seconds"]), tensors)
    except (KeyError, ValueError):
        raise CheckpointError(f"{path} is not the state of a run.") from None


def _healthy_files(path: Path) -> list[str]:
    try:
        with open_tensors(path, SAVE) as file:
            names = (text_in(file, "healthy") or "").split()
    except CheckpointError:
        return []
    return [name for name in names if Path(name).name == name]
