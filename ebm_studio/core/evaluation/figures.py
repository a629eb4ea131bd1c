"""The metrics of a model. Plain, frozen, free of torch: a card contains them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A number and its standard error."""

    mean: float
    sd: float
    """Standard error: how much the number would vary with other pictures. It is rather too large than too small."""


@dataclass(frozen=True)
class Scale:
    """A metric of the model, between that of real images and that of spoiled ones."""

    model: Estimate
    floor: Estimate
    """Training images instead of samples: the best possible value."""
    ceiling: Estimate
    """Training images under heavy noise."""


@dataclass(frozen=True)
class Nearest:
    """Root mean square pixel difference, in [-1, 1], to the nearest of all training images: is it a copy?"""

    model: float
    """Median over the samples."""
    held_out: float
    """Median over the held-out images: what a new picture of the kind has."""
    copies: float
    """Share of the samples that are nearer than the nearest 1% of held-out images: 0.01 when nothing is copied."""


@dataclass(frozen=True)
class Contrast:
    """Standard deviation of the values within a picture, in [-1, 1], as a mean over pictures."""

    samples: float
    real: float
    """Of the real images that the samples are compared with."""

    @property
    def excess(self) -> float:
        """The share by which samples have more of it than real images: negative if less, 0 if those have none."""
        return self.samples / self.real - 1 if self.real else 0.0


@dataclass(frozen=True, kw_only=True)
class Health:
    """Means over some updates, or over fresh chains."""

    d: float = 0.0
    """Energy difference, E(data) - E(samples)."""
    v: float = 0.0
    """Gradient step length: mean over steps and chains of step_size * |dE/dx|."""
    path_length: float = 0.0
    """K * v, the length of a chain."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What `data.models.evaluation.evaluate` found."""

    against: str
    """The name of the set whose held-out images the samples were compared with."""
    kid: Scale
    fd: Scale
    inception_score: Estimate | None
    """Of the samples; only with the inception features."""
    nearest: Nearest
    heldout_error: float
    """Mean squared difference per pixel of held-out images and their reconstructions."""
    health: Health
    """Of held-out images and fresh chains."""
    features: str
    """The feature network, with the side at which it sees the pictures."""
    samples: int
    training: int
    """Training images compared with."""
    held_out: int
    """Held-out images compared with."""
    command: str
    """The command that repeats it, with bare names in place of paths."""
    contrast: Contrast | None = None
    """Not all cards have it."""

    @property
    def names(self) -> tuple[str, str]:
        """What `kid` and `fd` are called: their published names are for Inception's features only."""
        return ("KID", "FID") if self.features == "inception" else ("KID-lite0", "FD-lite0")

    def to_dict(self) -> dict[str, Any]:
        """The metrics as plain data, ready for JSON."""
        return asdict(self)
