"""The curves of a landscape's training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ebm_studio.core.learning.metrics import Metrics

MOST = 4000  # points of a curve; when there are more, every second one is dropped


class Curves:
    """d and v of each update, and at some updates the distances of the densities from the data."""

    def __init__(self) -> None:
        self.updates: list[int] = []
        self.d: list[float] = []
        self.v: list[float] = []
        self.counted: list[int] = []
        """The updates at which the distances were measured."""
        self.tv_short_run: list[float] = []
        self.tv_energy: list[float] = []

    def add(self, metrics: Sequence[Metrics]) -> None:
        """Add the metrics of more updates."""
        for one in metrics:
            self.updates.append(one.update)
            self.d.append(one.d)
            self.v.append(one.v)
        if len(self.updates) > MOST:
            for values in (self.updates, self.d, self.v):
                del values[: len(values) // 2 * 2 : 2]

    def add_distances(self, update: int, tv_short_run: float, tv_energy: float) -> None:
        """Add the distances measured after an update."""
        self.counted.append(update)
        self.tv_short_run.append(tv_short_run)
        self.tv_energy.append(tv_energy)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        return {name: list(values) for name, values in vars(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Curves:
        """The curves that `to_dict` wrote. Raises `KeyError`, `TypeError` or `ValueError`."""
        curves = cls()
        for name, values in vars(curves).items():
            kind = int if name in ("updates", "counted") else float
            values.extend(kind(value) for value in data[name])
        if not len(curves.updates) == len(curves.d) == len(curves.v):
            raise ValueError("its curves differ in length")
        if not len(curves.counted) == len(curves.tv_short_run) == len(curves.tv_energy):
            raise ValueError("its curves differ in length")
        return curves
