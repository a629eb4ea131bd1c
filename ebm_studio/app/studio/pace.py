"""How fast each model has been here, and so how long a request will take."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QObject, Signal

from ebm_studio.core.checks import is_number, is_whole
from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import MAX_CHAINS
from ebm_studio.engine.requests import Ended, Load

MOST = 100  # rates that are kept
WIDEST = 1000 * MAX_CHAINS
SLOWEST = 1e6  # seconds for a unit of work that anybody would wait for


class Pace(QObject):
    """Learns from the requests that have run.

    >>> link.pace.seconds(request.load)   # None while nothing like it has run
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seconds: dict[tuple[str, str], dict[int, float]] = {}  # for a unit, by model and work, by width

    def learn(self, ended: Ended) -> None:
        """Take note of how fast a request was."""
        load = ended.request.load
        if load is not None and ended.unit_seconds is not None:
            self._seconds.setdefault((load.model, load.work), {})[load.width] = ended.unit_seconds
            self.changed.emit()

    def seconds(self, load: Load | None) -> float | None:
        """How long a request will take; None when nobody can tell.

        Measured on the request of the nearest width, since the time of a unit grows with the width.
        """
        widths = self._seconds.get((load.model, load.work)) if load is not None else None
        if load is None or not widths:
            return None
        nearest = min(widths, key=lambda width: abs(math.log(width / load.width)))
        return load.units * widths[nearest] * load.width / nearest

    def forget(self) -> None:
        """Another device is as fast as it will turn out to be."""
        self._seconds.clear()

    def to_dict(self) -> list[list[Any]]:
        """What a session remembers."""
        rates = [
            [model, work, width, seconds]
            for (model, work), widths in self._seconds.items()
            for width, seconds in widths.items()
        ]
        return rates[-MOST:]

    def from_dict(self, data: Any) -> None:
        """As `to_dict` wrote it. Raises `DataError` for what is damaged."""
        found: dict[tuple[str, str], dict[int, float]] = {}
        for model, work, width, seconds in data[:MOST]:
            is_valid = isinstance(model, str) and isinstance(work, str) and is_whole(width, 1, WIDEST)
            if not is_valid or not is_number(seconds, 1e-9, SLOWEST):
                raise DataError("the measured speeds are damaged")
            found.setdefault((model, work), {})[width] = seconds
        self._seconds = found
