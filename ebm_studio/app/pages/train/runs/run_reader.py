"""What is known of one run folder, read on from where it was read before."""

from __future__ import annotations

import stat
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ebm_studio.app.pages.train.runs.curve_data import Floats
from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.pictures.decoding import opened
from ebm_studio.data.pictures.pictures import Pixels, cut
from ebm_studio.data.training.fidelity_log import Fidelity
from ebm_studio.data.training.plan import PLAN
from ebm_studio.data.training.run_folder import RunFolder
from ebm_studio.data.training.run_log import METRICS, Event

GRID_SIDE = 8
"""Samples of a grid, across and down, at most."""
WARNINGS = ("warning", "rollback", "gave_up", "disk_full", "data_lost", "failed")
"""The kinds of events that a person should hear of."""


class RunView:
    """One run: its plan, its status, its curves, its events and its sample grids."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.plan = folder.plan()
        self._planned = self._plan_written()
        self.events: list[Event] = []
        self.grids: list[tuple[int, Path]] = []
        self.fidelity: list[Fidelity] = []
        self._rows: Floats = folder.metrics()[:0]
        self.alive = folder.alive
        self.status = folder.status()

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def updates(self) -> int:
        """How many of them its curves have."""
        return len(self._rows)

    def column(self, name: str) -> Floats:
        """A figure of each update, (n,), by its name in `METRICS`."""
        return self._rows[:, METRICS.index(name)]

    def look(self) -> bool:
        """Read how it stands, its plan, and which samples there are; True when anything is new."""
        before = (self.status, self.alive, self.grids, self.plan)
        if (written := self._plan_written()) != self._planned:  # a run that steps back continues with gentler settings
            with suppress(StudioError):
                self.plan = self.folder.plan()
                self._planned = written
        self.alive = self.folder.alive
        self.status = self.folder.status()
        self.grids = self.folder.grids()
        return before != (self.status, self.alive, self.grids, self.plan)

    def _plan_written(self) -> float:
        try:
            return (self.folder.path / PLAN).stat().st_mtime
        except OSError:  # gone since it was listed
            return 0.0

    def read(self) -> bool:
        """Read its curves and its events; True when there is something new."""
        before = (len(self._rows), len(self.events), len(self.fidelity))
        self._rows = self.folder.metrics()
        self.events = self.folder.events()
        self.fidelity = self.folder.fidelity()
        return before != (len(self._rows), len(self.events), len(self.fidelity))


def has_ended(view: RunView) -> bool:
    """Whether it came to its end, good or bad; one that is paused or was stopped has not."""
    return not view.alive and view.status.state in ("done", "failed")


def read_grid(path: Path, net: NetSpec) -> Pixels | None:
    """The samples of a grid file, uint8 (N, C, size, size) of the net's shape; None when it is no grid of them."""
    try:
        found = path.stat()
        return _read_grid(path, found.st_mtime_ns, net) if stat.S_ISREG(found.st_mode) else None
    except Exception:  # Pillow's readers raise whatever a broken file drives them to
        return None


@lru_cache(maxsize=64)
def _read_grid(path: Path, written: int, net: NetSpec) -> Pixels | None:
    with opened(path, str(path), ("PNG",)) as sheet:
        fits = all(side % net.size == 0 and 0 < side <= GRID_SIDE * net.size for side in sheet.size)
        return cut(sheet.convert("L" if net.channels == 1 else "RGB"), net.size) if fits else None
