"""The metrics of one training update. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metrics:
    """The health of one update (see "On the Anatomy of MCMC-Based Maximum Likelihood Learning")."""

    update: int
    energy_data: float
    """Mean E over the noisy training images."""
    energy_samples: float
    """Mean E over the ends of the short runs."""
    v: float
    """Gradient step length: mean over steps and chains of step_size * |dE/dx|."""
    learning_rate: float
    data_noise: float

    @property
    def d(self) -> float:
        """Energy difference, E(data) - E(samples): oscillates about 0 in a healthy run."""
        return self.energy_data - self.energy_samples
