"""Run folders as the window and `ebm-studio runs` see them: read, controlled, started as separate processes. The window
never trains in its own process. It starts `ebm-studio train` separately and reads the run's folder, so the window can
be closed while the run continues. Free of torch.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import platformdirs

from ebm_studio.core.errors import StudioError
from ebm_studio.data.models.card import SUFFIX
from ebm_studio.data.pictures.named_sets import NAMED
from ebm_studio.data.storage.atomic_write import check_plain, write_whole, writing_failed
from ebm_studio.data.storage.bundle import this_program
from ebm_studio.data.training.fidelity_log import BEST, Fidelity, read_fidelity
from ebm_studio.data.training.plan import PLAN, Plan, command_of, read_plan, write_plan
from ebm_studio.data.training.run_log import (
    CURVES,
    METRICS,
    Event,
    Order,
    Rows,
    Status,
    is_locked,
    parse_metrics,
    read_events,
    read_status,
    whole_lines,
    write_order,
    write_status,
)

TRASH = "trash"
TAIL = 64
LARGEST = 1e30
"""No metric that a plot shows is larger: larger ones, of a diverged run, count as not a number."""
DIGITS = 10
"""Of an update in the name of a sample grid, at most."""
_SOURCE = Path(__file__).resolve().parents[3]


def default_root() -> Path:
    """Where the window's runs are."""
    return Path(platformdirs.user_data_path("ebm-studio", appauthor=False)) / "runs"


def list_runs(root: Path) -> list[RunFolder]:
    """The runs under a folder, the one last started first."""
    plans = [path for path in root.glob(f"*/{PLAN}") if path.parent.name != TRASH]
    return [RunFolder(plan.parent) for plan in sorted(plans, key=_modified, reverse=True)]


def new_run(root: Path, plan: Plan) -> RunFolder:
    """A folder with a plan and nothing else, named after the plan's model; `launch` starts it. Raises `StudioError`."""
    stem = re.sub(r"[^\w.-]+", "-", plan.name).strip("-.") or "model"
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, 10_000))
    for path in (root / name for name in names if name != TRASH):
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise writing_failed(path, error) from error
        # The process may run elsewhere, so files are named in full.
        source, origin = (_in_full(name) for name in (plan.source, plan.origin))
        write_plan(path, replace(plan, source=source, origin=origin, command=plan.command or command_of(plan)))
        return RunFolder(path)
    raise StudioError(f"There are too many runs named {stem} in {root}.")


def look_into_trash(root: Path) -> tuple[int, int]:
    """How many runs are in the trash, and their bytes."""
    runs = list((root / TRASH).glob("*"))
    return len(runs), sum(path.stat().st_size for run in runs for path in run.rglob("*") if path.is_file())


def empty_trash(root: Path) -> None:
    """Delete what is in the trash for good. Raises `StudioError`."""
    try:
        for run in (root / TRASH).glob("*"):
            shutil.rmtree(run)
    except OSError as error:
        raise StudioError(
            f"The trash in {root} cannot be emptied: {(error.strerror or str(error)).lower()}."
        ) from error


class RunFolder:
    """One run. Two of the same path are equal."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._process: subprocess.Popen[bytes] | None = None
        self._rows: Rows = np.empty((0, len(METRICS)))
        self._read = 0  # bytes of the file that are in the rows
        self._tail = b""  # the last of them: another text in their place is another file

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunFolder) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def alive(self) -> bool:
        """Whether a process is training in the folder, or is being started by `launch`."""
        return (self._process is not None and self._process.poll() is None) or is_locked(self.path)

    @property
    def model(self) -> Path:
        """The file of the model as of the last save; it need not be there yet."""
        return self.path / f"model{SUFFIX}"

    @property
    def best(self) -> Path:
        """The file of the model that was the best when fidelity was measured; it need not be there."""
        return self.path / BEST

    def fidelity(self) -> list[Fidelity]:
        """What was measured on the way, oldest first."""
        return read_fidelity(self.path)

    def plan(self) -> Plan:
        """Its settings. Raises `StudioError` when they are damaged."""
        return read_plan(self.path)

    def status(self) -> Status:
        """Its status. A run whose process ended without a message counts as stopped."""
        status = read_status(self.path)
        if self.alive:
            return status or Status(state="reading", text="Not started yet.")
        try:
            plan = self.plan()
        except StudioError as error:
            return replace(status or Status(state="failed"), state="failed", seconds_left=None, text=str(error))
        if status is None:
            return self._counted(plan)
        if status.running:
            text = "Training stopped unexpectedly. The last checkpoint is intact; Resume continues from it."
            return replace(status, state="stopped", seconds_left=None, text=text)
        return status

    def _counted(self, plan: Plan) -> Status:
        """How it stands by its metrics, when no status says so."""
        rows = self.metrics()
        if not len(rows):
            return Status(state="stopped", text="Not started yet.")
        updates, seconds = int(rows[-1, 0]), float(rows[-1, 1])
        text = (
            f"Its status is damaged or missing. It has trained for {updates} updates; Resume continues from the "
            "last save."
        )
        progress = plan.progress(updates, seconds)
        return Status(state="stopped", text=text, updates=updates, seconds=seconds, progress=progress)

    def metrics(self, after_update: int = -1) -> Rows:
        """Rows (N, len(METRICS)), oldest first, of the updates after `after_update`.

        Only what is new is read from the file. When a run has stepped back, rows that were told
        before are gone: the whole (without `after_update`) is always right. Nobody may write to it.
        A metric that is infinite or beyond `LARGEST` is NaN.
        """
        try:
            with CURVES.open(self.path / "metrics.csv") as file:
                file.seek(self._read - len(self._tail))
                if file.read(len(self._tail)) != self._tail:
                    file.seek(0)
                    self._rows, self._read, self._tail = self._rows[:0], 0, b""
                parts = [self._rows]
                for new in whole_lines(file):
                    rows = parse_metrics(new.decode(errors="replace"))
                    parts.append(np.where(np.abs(rows) <= LARGEST, rows, np.nan))
                    self._read += len(new)
                    self._tail = new[-TAIL:]
        except StudioError:
            return self._rows[:0]
        self._rows = np.concatenate(parts)
        return self._rows[np.searchsorted(self._rows[:, 0], after_update, "right") :]

    def events(self) -> list[Event]:
        """Its events, oldest first."""
        return read_events(self.path)

    def grids(self) -> list[tuple[int, Path]]:
        """Its sample grids, 8 x 8 chains of seed 0, with their updates, oldest first."""
        files = (self.path / "samples").glob("*.png")
        return sorted((int(file.stem), file) for file in files if _is_update(file.stem))

    def order(self, order: Order) -> None:
        """Tell its process to pause, resume or stop. Raises `StudioError` if there is none."""
        if not self.alive:
            raise StudioError(f"{self.name} is not training now: resume it first.")
        write_order(self.path, order)

    def launch(self, device: str = "auto", step_back: bool = False) -> None:
        """Start or resume it, in a process of low priority that outlives this one. With `step_back` it continues from
        its last healthy state, with gentler settings. The process's output goes to train.log in the folder. Raises
        `StudioError`.
        """
        if self.alive:
            raise StudioError(f"{self.name} is already training.")
        words = [*this_program(), "train", "--resume", "-o", str(self.path), "--device", device]
        if step_back:
            words.append("--step-back")
        if nice := shutil.which("nice"):
            words = [nice, "-n", "10", *words]
        paths = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
        write_order(self.path, "go")
        try:
            check_plain(self.path / "train.log")
            with (self.path / "train.log").open("ab") as log:
                self._process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "PYTHONPATH": paths},
                    start_new_session=True,
                    creationflags=_DETACHED,
                )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StudioError(f"Training cannot be started in {self.path}: {reason}.") from error
        before = read_status(self.path) or Status(state="reading")
        pid, now = self._process.pid, time.time()
        starting = replace(before, state="reading", text="Starting.", pid=pid, seconds_left=None, beat=now)
        write_status(self.path, starting)

    def trash(self) -> Trashed:
        """Move it to the trash folder beside it. Raises `StudioError`, also while it is training."""
        if self.alive:
            raise StudioError(f"{self.name} is training: stop it first.")
        place = self.path.parent / TRASH / f"{self.name}-{time.time_ns()}"
        _move(self.path, place)
        return Trashed(self, place)

    def export_model(self, to: Path, best: bool = False) -> None:
        """Copy the model as of the last save, or the best one. Raises `StudioError`."""
        source = self.best if best else self.model
        if not source.exists():
            what, when = ("best model", "measurement of fidelity") if best else ("model", "save")
            raise StudioError(f"{self.name} has no {what} yet: the first {when} writes it.")
        write_whole(to, lambda file: shutil.copyfile(source, file))


@dataclass(frozen=True, slots=True)
class Trashed:
    """A run in the trash."""

    run: RunFolder
    place: Path

    def restore(self) -> RunFolder:
        """Put it back where it was. Raises `StudioError`."""
        if not self.place.exists():
            raise StudioError(f"{self.run.name} cannot be restored: the trash was emptied.")
        if self.run.path.exists():
            raise StudioError(f"There is a new {self.run.path}: move it away first.")
        _move(self.place, self.run.path)
        return self.run


_DETACHED = (
    subprocess.DETACHED_PROCESS | subprocess.BELOW_NORMAL_PRIORITY_CLASS  # type: ignore[attr-defined]  # Windows only
    if sys.platform == "win32"
    else 0
)


def _is_update(text: str) -> bool:
    return text.isdecimal() and len(text) <= DIGITS


def _in_full(name: str) -> str:
    path = Path(name).expanduser()
    return str(path.resolve()) if name and name not in NAMED and os.path.exists(path) else name


def _move(path: Path, to: Path) -> None:
    try:
        to.parent.mkdir(exist_ok=True)
        path.rename(to)
    except OSError as error:
        raise writing_failed(to, error) from error


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # gone since it was listed
        return 0.0
