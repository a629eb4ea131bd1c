"""What a run writes to its folder for others to read: metrics, events, status; and the commands it reads.

metrics.csv   one row an update
events.jsonl  one event a line: starts, pauses, warnings, steps back, the end
status.json   how it stands, replaced about once a second
control       the newest order; looked at between updates
lock          held by the process that learns, so that there is one at most

Free of torch.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import numpy as np
import numpy.typing as npt

from ebm_studio.core.errors import StudioError
from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.data.storage.atomic_write import check_plain, write_whole, writing_failed
from ebm_studio.data.storage.locks import try_lock
from ebm_studio.data.storage.outside import FileKind

METRICS = ("update", "seconds", "energy_data", "energy_samples", "d", "v", "learning_rate", "data_noise")
"""The columns of metrics.csv."""
LOCK = "lock"
FILE = FileKind("file of a run", 2**25, StudioError)
CURVES = FileKind("file of metrics", 2**33, StudioError)
PIECE = 2**22  # bytes of a long file that are read at a time
MOST = 10**10
"""No update, and no time in seconds, is greater: it is a moment in the year 2286."""
LOCK_PATIENCE = 1.0  # seconds; whoever only looks whether the lock is held has it for a moment

State = Literal["reading", "measuring", "learning", "paused", "stopped", "done", "failed"]
Order = Literal["go", "pause", "stop"]
ORDERS: tuple[Order, ...] = get_args(Order)
Kind = Literal[
    "start",
    "resume",
    "pause",
    "go",
    "stop",
    "done",
    "warning",
    "rollback",
    "gave_up",
    "disk_full",
    "data_lost",
    "failed",
]
Rows = npt.NDArray[np.float64]
"""Rows of metrics.csv, (N, len(METRICS))."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a run."""

    time: float
    """Unix seconds."""
    update: int
    """The update it belongs to, for a mark on a plot."""
    kind: Kind
    text: str
    """One plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """How a run stands."""

    state: State
    text: str = ""
    """One plain sentence."""
    pid: int = 0
    updates: int = 0
    seconds: float = 0.0
    """Training time so far, over all sessions of the run."""
    progress: float = 0.0
    """Share of the run that is done, 0 to 1."""
    seconds_left: float | None = None
    """None when nobody can tell."""
    updates_per_second: float = 0.0
    beat: float = 0.0
    """When this was written, in Unix seconds."""

    @property
    def running(self) -> bool:
        """Whether a process is, or was when it stopped unexpectedly, at work on the run."""
        return self.state in ("reading", "measuring", "learning", "paused")


def write_status(folder: Path, status: Status) -> None:
    """Replace status.json. Raises `StudioError`."""
    text = json.dumps(asdict(status))
    # A second later it is out of date, so the disk is not asked to keep it.
    write_whole(folder / "status.json", lambda file: file.write_text(text, encoding="utf-8"), lasting=False)


def read_status(folder: Path) -> Status | None:
    """What status.json says; None if there is none or it is damaged."""
    try:
        status = Status(**json.loads(FILE.read(folder / "status.json")))
    except (StudioError, ValueError, TypeError, RecursionError):
        return None
    return status if _is_sound(status) else None


def _is_sound(status: Status) -> bool:
    """Whether a status from a file has values that can be shown: of their types, and no larger than any run's."""
    return (
        status.state in get_args(State)
        and isinstance(status.text, str)
        and all(is_whole(value) for value in (status.pid, status.updates))
        and all(is_number(value) for value in (status.seconds, status.updates_per_second, status.beat))
        and is_number(status.progress, 1)
        and (status.seconds_left is None or is_number(status.seconds_left))
    )


def is_whole(value: object) -> bool:
    """Whether a value from a file is a whole number, and neither negative nor beyond `MOST`."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def is_number(value: object, most: float = MOST) -> bool:
    """Whether a value from a file is a number, and neither negative nor beyond `most`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most  # not so NaN


def append_event(folder: Path, event: Event) -> None:
    """Add a line to events.jsonl, for good. Raises `StudioError`."""
    append(folder / "events.jsonl", json.dumps(asdict(event)) + "\n", lasting=True)


def read_events(folder: Path) -> list[Event]:
    """The run's events, oldest first."""
    events = []
    for line in _text(folder / "events.jsonl").splitlines():
        try:
            event = Event(**json.loads(line))
        except (ValueError, TypeError, RecursionError):  # a line that a kill cut short
            continue
        is_sound = is_number(event.time) and is_whole(event.update) and isinstance(event.text, str)
        if event.kind in get_args(Kind) and is_sound:
            events.append(event)
    return events


def append(path: Path, text: str, lasting: bool = False) -> None:
    """Add whole lines to a file: all of them or, when it raises `StudioError`, none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_plain(path)
        with path.open("ab") as file:
            end = file.tell()
            try:
                file.write(text.encode())
                file.flush()
                if lasting:
                    os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    os.truncate(path, end)
                raise
    except OSError as error:
        raise writing_failed(path, error) from error


def metrics_row(metrics: Metrics, seconds: float) -> str:
    """The line of an update."""
    figures = (metrics.energy_data, metrics.energy_samples, metrics.d, metrics.v)
    words = (str(metrics.update), f"{seconds:.2f}", *(f"{figure:.6g}" for figure in figures))
    return ",".join((*words, f"{metrics.learning_rate:.4g}", f"{metrics.data_noise:.4g}")) + "\n"


def metrics_of(row: npt.NDArray[np.float64]) -> Metrics:
    """The metrics in a row of `Rows`, (len(METRICS),), as exact as written."""
    figures = dict(zip(METRICS, row.tolist(), strict=True))
    names = ("energy_data", "energy_samples", "v", "learning_rate", "data_noise")
    return Metrics(int(figures["update"]), *(figures[name] for name in names))


def append_metrics(folder: Path, lines: str) -> None:
    """Add rows to metrics.csv, under a heading when it is new. Raises `StudioError`, and then adds none."""
    path = folder / "metrics.csv"
    append(path, lines if path.exists() else ",".join(METRICS) + "\n" + lines)


def cut_metrics(folder: Path, updates: int) -> Rows:
    """Drop the rows past an update, and half rows; returns what is left. Raises `StudioError`."""
    lines = [(line, row) for line, row in _lines_in(folder) if row[0] <= updates]
    text = "".join(f"{line}\n" for line in (",".join(METRICS), *(line for line, _ in lines)))
    write_whole(folder / "metrics.csv", lambda file: file.write_text(text, encoding="utf-8"))
    return np.array([row for _, row in lines]).reshape(-1, len(METRICS))


def parse_metrics(text: str) -> Rows:
    """The whole rows in a piece of metrics.csv, oldest first; a heading, half rows and other text are left out."""
    return np.array([row for _, row in _lines(text)], dtype=float).reshape(-1, len(METRICS))


def read_metrics(folder: Path) -> Rows:
    """The whole rows of a run's metrics.csv, oldest first."""
    return np.array([row for _, row in _lines_in(folder)], dtype=float).reshape(-1, len(METRICS))


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, in pieces of whole lines; a half line ends it, as does one longer than a piece."""
    rest = b""
    while piece := file.read(PIECE):
        whole, end, rest = (rest + piece).rpartition(b"\n")
        if end:
            yield whole + end
        elif len(rest) > PIECE:
            return


def _lines_in(folder: Path) -> Iterator[tuple[str, list[float]]]:
    with suppress(StudioError), CURVES.open(folder / "metrics.csv") as file:
        for piece in whole_lines(file):
            yield from _lines(piece.decode(errors="replace"))


def _lines(text: str) -> Iterator[tuple[str, list[float]]]:
    for line in text[: text.rfind("\n") + 1].splitlines():
        try:
            row = [float(word) for word in line.split(",")]
        except ValueError:
            continue
        if len(row) == len(METRICS) and row[0].is_integer() and 0 <= row[0] <= MOST and 0 <= row[1] <= MOST:
            yield line, row


def write_order(folder: Path, order: Order) -> None:
    """Tell the run's process something. Raises `StudioError`."""
    write_whole(folder / "control", lambda file: file.write_text(order, encoding="utf-8"), lasting=False)


def read_order(folder: Path) -> Order:
    """The newest command; "go" if there is none."""
    word = _text(folder / "control").strip()
    return next((order for order in ORDERS if order == word), "go")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the one process that trains in a folder. Raises `StudioError` if another one does."""
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_plain(path)
        file = path.open("a+b")
    except OSError as error:
        raise writing_failed(path, error) from error
    with file:
        began = time.monotonic()
        while not try_lock(file.fileno()):
            if time.monotonic() - began > LOCK_PATIENCE:
                raise StudioError(f"Another process is training in {folder}: stop it first, or wait until it ends.")
            time.sleep(0.02)
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process is training in the folder."""
    try:
        FILE.check(folder / LOCK)
        with (folder / LOCK).open("a+b" if sys.platform == "win32" else "rb") as file:
            return not try_lock(file.fileno(), shared=True)
    except (OSError, StudioError):
        return False


def _text(path: Path) -> str:
    try:
        return FILE.read(path).decode("utf-8", errors="replace")
    except StudioError:
        return ""
