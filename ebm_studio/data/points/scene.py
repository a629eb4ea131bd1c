"""What a landscape is: data in the plane, a net, a short run and how it is trained. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.evaluation.plane import Grid
from ebm_studio.core.specs import Learning, NetSpec, ShortRun, point_net
from ebm_studio.data.points.shapes import SHAPES, PointData
from ebm_studio.data.points.sources import from_origin
from ebm_studio.data.storage.plain_data import plain

GRID = Grid()
"""The part of the plane that is shown and measured."""
STEP = ShortRun(steps=100, step_size=0.0005, noise_scale=0.02)
"""The default short run of a landscape."""
TRAINING = Learning(
    updates=3000,
    chains=200,
    images=500,
    learning_rate=2e-2,
    data_noise=0.02,
    ema=0.99,
    decay_share=0.5,
    final_rate=0.05,
)
"""Its default training. Batches are cheap and the rate can be higher, because the net is small."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that determines a landscape: the same scene and number of updates give the same weights."""

    data: PointData = field(default_factory=lambda: SHAPES["rings"])
    net: NetSpec = field(default_factory=point_net)
    short_run: ShortRun = STEP
    learning: Learning = TRAINING

    def __post_init__(self) -> None:
        if self.net.size:
            raise SettingsError("A landscape needs a network of points.")

    def to_dict(self) -> dict[str, Any]:
        """The scene as plain data, ready for JSON, the data included."""
        return {
            "data": plain(self.data.origin),
            "net": self.net.to_dict(),
            "short_run": self.short_run.to_dict(),
            "learning": self.learning.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The scene that `to_dict` wrote. Raises `StudioError` or `KeyError`."""
        return cls(
            data=from_origin(data["data"]),
            net=NetSpec.from_dict(data["net"]),
            short_run=ShortRun.from_dict(data["short_run"]),
            learning=Learning.from_dict(data["learning"]),
        )

    def past(self, factor: float) -> ShortRun:
        """Its short run, `factor` times as long; at least one step."""
        return replace(self.short_run, steps=max(1, round(self.short_run.steps * factor)))
