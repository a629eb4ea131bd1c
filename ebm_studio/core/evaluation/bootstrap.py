"""The bootstrap: how much a number would vary with other pictures (Efron, 1979)."""

from __future__ import annotations

import torch
from torch import Tensor

from ebm_studio.core.evaluation.figures import Estimate

RESAMPLES = 100


def draws(count: int, random: torch.Generator) -> Tensor:
    """How often each of `count` pictures is drawn: once each in row 0, then by the bootstrap, (1 + 100, count)."""
    rows = torch.randint(count, (RESAMPLES, count), generator=random)
    drawn = torch.zeros(RESAMPLES, count, dtype=torch.float64).scatter_add_(
        1, rows, torch.ones(1).double().expand_as(rows)
    )
    return torch.cat([torch.ones(1, count, dtype=torch.float64), drawn])


def estimate(values: Tensor) -> Estimate:
    """The value of row 0 of `draws`, with the spread of the other rows' values, (1 + 100,)."""
    return Estimate(values[0].item(), values[1:].std().item())


def means(values: Tensor, seed: int = 0) -> Tensor:
    """The mean over N pictures, (N,) or (N, D), for each row of `draws`: (1 + 100,) or (1 + 100, D) in float64.

    Sets of the same size and seed are drawn alike, as is right for two figures of the same chains.
    """
    return draws(len(values), torch.Generator().manual_seed(seed)) @ values.cpu().double() / len(values)


def mean(values: Tensor, seed: int = 0) -> Estimate:
    """The mean of values (N,) and its standard error."""
    return estimate(means(values, seed))
