"""Several Langevin steps in one call: what they find."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Walked(NamedTuple):
    """What so many steps from N images or points found, for each step one tensor."""

    states: list[Tensor]
    """The images or points after it, (N, ...)."""
    means: list[Tensor]
    """The same without the noise that it added, (N, ...)."""
    energies: list[Tensor]
    """E before it, (N,)."""
    lengths: list[Tensor]
    """The length of its gradient part, (N,)."""

    @classmethod
    def empty(cls, x: Tensor, steps: int, noisy: int) -> Walked:
        """To be filled by so many steps from x (N, ...); only the first `noisy` ones have a mean of their own."""
        means = [torch.empty_like(x) for _ in range(steps)]
        states = [torch.empty_like(x) if k < noisy else means[k] for k in range(steps)]
        return cls(states, means, list(x.new_empty(steps, len(x))), list(x.new_empty(steps, len(x))))


def lengths(slope: Tensor) -> Tensor:
    """The norm of each row of (N, ...), (N,)."""
    norms: Tensor = torch.linalg.vector_norm(slope, dim=tuple(range(1, slope.dim())))
    return norms
