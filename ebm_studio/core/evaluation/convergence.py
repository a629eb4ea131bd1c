"""Chains that continue past K: how energy, gradient, contrast and the pictures change.

A chain has converged when these no longer change, and when chains from noise and from data agree.
"Over-saturation" of long runs is named in Nijkamp et al., "On the Anatomy of MCMC-Based Maximum
Likelihood Learning of Energy-Based Models" (AAAI 2020).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ebm_studio.core.errors import DivergedError
from ebm_studio.core.sampling.langevin import Step


@dataclass(frozen=True)
class LongRun:
    """N chains at T recorded steps. The record is shorter than requested if the chains diverged."""

    steps: tuple[int, ...]
    energy: Tensor
    """E(x), (T, N)."""
    gradient_norm: Tensor
    """The length of the gradient part of a step, step_size * |dE/dx|, (T, N)."""
    contrast: Tensor
    """The standard deviation of a picture's values, (T, N); of pictures in [-1, 1]."""
    images: dict[int, Tensor]
    """At the steps asked for, (N, C, H, W), not clamped."""


def long_run(
    chain: Iterator[Step], recorded: Sequence[int], kept: Sequence[int] = ()
) -> Generator[float, None, LongRun]:
    """Follow a chain of N pictures to the last of the steps named. Yields the share done, 0 to 1.

    Raises `DivergedError` if the chains diverge before the first recorded step.
    """
    last = max((*recorded, *kept))
    rows: list[tuple[int, Tensor, Tensor, Tensor]] = []
    images: dict[int, Tensor] = {}
    try:
        for step in chain:
            if step.index in recorded:
                rows.append((step.index, step.energy, step.gradient_norm, contrast(step.images)))
            if step.index in kept:
                images[step.index] = step.images.cpu()
            yield min(1.0, step.index / last)
            if step.index >= last:
                break
    except DivergedError:
        if not rows:
            raise
    steps, *values = zip(*rows, strict=True)
    energy, norm, contrasts = (torch.stack(value).cpu() for value in values)
    return LongRun(steps, energy, norm, contrasts, images)


def contrast(images: Tensor) -> Tensor:
    """The standard deviation of each picture's values, (N,)."""
    return images.flatten(1).std(dim=1)


def spaced_steps(first: int, last: int, count: int = 60) -> tuple[int, ...]:
    """Whole steps from `first`, at least 1, to `last`, evenly spaced on a log axis."""
    return tuple(sorted({int(step) for step in np.rint(np.geomspace(first, last, count))}))
