"""What a person sets on the Landscape page, and the ready-made scenes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ShortRun, check_count, check_seed
from ebm_studio.data.points.scene import Scene
from ebm_studio.data.points.shapes import SHAPES

PAST = (0.01, 100.0)
PACES = (0.0, 30.0, 5.0, 1.0)
"""Maximum updates per second; 0 for no limit."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The settings. Each edit makes a new one, so that it can be undone."""

    scene: Scene = field(default_factory=Scene)
    count: int = 500
    """The number of visible chains."""
    seed: int = 0
    """The seed of the visible chains."""
    past: float = 1.0
    """How many times K steps they run."""
    pace: float = 0.0
    """Maximum updates per second; 0 for no limit."""

    def __post_init__(self) -> None:
        check_count(self.count)
        check_seed(self.seed)
        if not PAST[0] <= self.past <= PAST[1]:
            raise SettingsError(f"Chains run from {PAST[0]} to {PAST[1]:g} times K steps, not {self.past:g}.")
        if self.pace not in PACES:
            raise SettingsError(f"The pace is one of {PACES}, not {self.pace}.")

    @property
    def run(self) -> ShortRun:
        """The short run."""
        return self.scene.short_run

    def with_part(self, part: str, **changes: Any) -> Self:
        """A copy with changes in the scene's `net`, `short_run` or `learning`. Raises `SettingsError`."""
        changed = replace(getattr(self.scene, part), **changes)
        return replace(self, scene=replace(self.scene, **{part: changed}))

    def to_dict(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        shown = {name: getattr(self, name) for name in ("count", "seed", "past", "pace")}
        return {"scene": self.scene.to_dict(), **shown}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The setup that `to_dict` wrote. Raises `StudioError`, `KeyError` or `TypeError`."""
        return cls(**{**data, "scene": Scene.from_dict(data["scene"])})


@dataclass(frozen=True)
class ReadyScene:
    """A scene to start with, and what to look for in it."""

    name: str
    text: str
    data: str = "rings"
    run: dict[str, Any] = field(default_factory=dict)
    learning: dict[str, Any] = field(default_factory=dict)

    def setup(self, before: Setup) -> Setup:
        """The settings of the scene, with the present pace and chains."""
        plain = Scene()
        scene = replace(
            plain,
            data=SHAPES[self.data],
            short_run=replace(plain.short_run, **self.run),
            learning=replace(plain.learning, **self.learning),
        )
        return replace(before, scene=scene, past=1.0)


READY = (
    ReadyScene(
        "K too small",
        "With 5 steps the chains cannot get from noise to the data: the right view stays a square of noise.",
        run={"steps": 5},
    ),
    ReadyScene(
        "K = 100",
        "The chains flow into the rings. The right view, what they draw, comes to look like the data.",
        run={"steps": 100},
    ),
    ReadyScene(
        "exp(−E) vs q",
        "When the right view looks like the data, pull Run past K to the right: it drifts towards the middle view.",
        run={"steps": 50},
        data="moons",
    ),
    ReadyScene(
        "Step too large",
        "With steps this large the chains are thrown about and training runs away. The watchdog stops it.",
        run={"step_size": 0.5, "steps": 50},
    ),
    ReadyScene(
        "Noise off",
        "Without noise the chain is a flow: the same z always ends at the same x. Run it again and compare.",
        data="spirals",
        run={"noise_scale": 0.0},
    ),
    ReadyScene(
        "CD and PCD",
        "Contrastive divergence starts its chains at the data. Then only some of the chains from noise arrive: see "
        "the right view. Choose persistent chains to see PCD, and noise for the short run.",
        data="eight",
        run={"steps": 20},
        learning={"chains_from": "data"},
    ),
)
