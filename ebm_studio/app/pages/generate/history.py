"""Every run of the Generate page: what was set, and how it ended."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.parameters import Parameters
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.engine.chain_store import ChainStore

MOST = 200
"""Runs that are kept; the oldest without a star goes first."""
SHOWN = 9  # chains in a thumbnail


@dataclass(frozen=True, kw_only=True)
class Run:
    """A whole run."""

    key: str
    parameters: Parameters
    when: datetime
    starred: bool = False
    picture: Pixels = field(compare=False, repr=False)
    """Up to nine chains' ends side by side, uint8 (C, H, W)."""


class History(QObject):
    """Observable. The newest run is first; a run that is repeated comes to the front."""

    changed = Signal()

    def __init__(self, state: GenerateState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs: tuple[Run, ...] = ()
        self._state = state
        state.chain_ended.connect(self._add)

    def restore(self, run: Run) -> None:
        """Run it again, with its model and parameters."""
        self._state.restore(run.parameters)

    def star(self, run: Run, on: bool) -> None:
        """Protect a run from `clear` and from age, or no longer."""
        self._set(tuple(replace(r, starred=on) if r.key == run.key else r for r in self.runs))

    def clear(self) -> None:
        """Forget all runs without a star. Can be undone."""
        gone = tuple(run for run in self.runs if not run.starred)
        if gone:
            self._state.undo.swap("Clear history", self._put_back, gone, (), page="generate")

    def save(self, drawer: Drawer) -> list[dict[str, Any]]:
        """Write new thumbnails; returns the rest as plain data. Raises `StudioError`."""
        for run in self.runs:
            if drawer.is_new(run.key):
                drawer.write(run.key, run.picture)
        return [
            {
                "key": run.key,
                "when": run.when.isoformat(timespec="seconds"),
                "starred": run.starred,
                **run.parameters.to_dict(),
            }
            for run in self.runs
        ]

    def load(self, data: Any, drawer: Drawer) -> None:
        """The history that `save` wrote, as far as it is sound. Raises `DataError` when not all of it is."""
        runs: dict[str, Run] = {}
        for entry in data[:MOST]:
            with suppress(StudioError, KeyError, TypeError, ValueError):
                runs[entry["key"]] = Run(
                    key=entry["key"],
                    parameters=Parameters.from_dict(entry),
                    when=datetime.fromisoformat(entry["when"]).replace(tzinfo=None),
                    starred=entry["starred"] is True,
                    picture=drawer.read(entry["key"]),
                )
        for key in runs:
            drawer.note(key)
        self._set(tuple(runs.values()))
        if len(runs) < len(data):
            raise DataError(f"{len(data) - len(runs)} of {len(data)} runs cannot be read")

    def _add(self, parameters: Parameters, store: ChainStore) -> None:
        known = next((run for run in self.runs if run.parameters == parameters), None)
        run = Run(
            key=known.key if known else secrets.token_hex(8),
            parameters=parameters,
            when=datetime.now(),
            starred=known is not None and known.starred,
            picture=known.picture if known else contact_sheet(store.pixels(store.rows - 1)),
        )
        runs = [run, *(r for r in self.runs if r is not known)]
        while len(runs) > MOST:
            oldest = next((r for r in reversed(runs[1:]) if not r.starred), runs[-1])
            runs.remove(oldest)
        self._set(tuple(runs))

    def _put_back(self, runs: tuple[Run, ...]) -> None:
        """Without any, take all away that have no star."""
        there = {run.key for run in self.runs}
        if runs:
            both = (*self.runs, *(run for run in runs if run.key not in there))
            self._set(tuple(sorted(both, key=lambda run: run.when, reverse=True)))
        else:
            self._set(tuple(run for run in self.runs if run.starred))

    def _set(self, runs: tuple[Run, ...]) -> None:
        self.runs = runs
        self.changed.emit()


def contact_sheet(pixels: Pixels) -> Pixels:
    """The first pictures (N, C, H, W) in a square, uint8 (C, h, w)."""
    side = int(min(len(pixels), SHOWN) ** 0.5)
    rows = [np.concatenate(list(pixels[i * side : (i + 1) * side]), axis=2) for i in range(side)]
    return np.concatenate(rows, axis=1)
