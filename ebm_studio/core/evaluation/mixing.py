"""Whether chains mix, that is, whether a chain forgets where it has been.

The autocorrelation is the usual one of Markov chains (Geyer, "Practical Markov Chain Monte Carlo", 1992),
taken over chains rather than along one, so that a drift that all chains share does not count as memory.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ebm_studio.core.errors import DivergedError
from ebm_studio.core.evaluation.bootstrap import draws
from ebm_studio.core.evaluation.fidelity import nearest
from ebm_studio.core.sampling.langevin import Step


@dataclass(frozen=True)
class Memory:
    """What N pairs of chains remember at T recorded steps from K on. Rows of draws as in `bootstrap.draws`."""

    steps: tuple[int, ...]
    """Those recorded, K first. Fewer than requested if the chains diverged."""
    correlation: Tensor
    """Of the picture at K with the picture now, over the chains: 1 is the same, 0 forgotten; (T, 1 + 100)."""
    distance: Tensor
    """Between two runs from one z, as a share of that between runs from different z, (T, 1 + 100)."""
    changes: Tensor
    """How often a chain's nearest real picture has changed, per 1,000 steps, (N,)."""


def memory(
    one: Iterator[Step], other: Iterator[Step], recorded: Sequence[int], real: Tensor, every: int = 10, seed: int = 0
) -> Generator[float, None, Memory]:
    """Compare two runs from the same N start noises z, with other noise in their steps, past K.

    `recorded` are steps, K first; `real` are real pictures (M, C, H, W) in [-1, 1], the nearest of
    which is looked for `every` so many steps from K on. Yields the share done.
    """
    k, last = recorded[0], recorded[-1]
    rows: list[tuple[int, Tensor, Tensor]] = []
    found: list[Tensor] = []
    known, at_k, weights = real.flatten(1), torch.empty(0), torch.empty(0)
    try:
        for x, y in zip(one, other, strict=False):
            if x.index == k:
                at_k = x.images.flatten(1).cpu()
                weights = draws(len(at_k), torch.Generator().manual_seed(seed))
            if x.index in recorded:
                a, b = x.images.flatten(1).cpu(), y.images.flatten(1).cpu()
                rows.append((x.index, correlation(at_k, a, weights), own_distance(a, b, weights)))
            if x.index >= k and (x.index - k) % every == 0:
                found.append(nearest(x.images.clamp(-1, 1).flatten(1).cpu(), known)[1])
            yield min(1.0, x.index / last)
            if x.index >= last:
                break
    except DivergedError:
        if not rows:
            raise
    steps, correlations, distances = zip(*rows, strict=True)
    return Memory(steps, torch.stack(correlations), torch.stack(distances), changes(found, every))


def correlation(x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """The correlation over N chains of pictures (N, D) with later ones (N, D), for each row of draws, (1 + 100,).

    The covariance summed over pixels, as a share of the two standard deviations.
    """
    x, y = (values.double() - values.double().mean(0) for values in (x, y))
    both, of_x, of_y = (weights @ (a * b).sum(1) for a, b in ((x, y), (x, x), (y, y)))
    return both / (of_x * of_y).sqrt().clamp_min(1e-12)


def own_distance(x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """The distance of x_i to y_i as a share of that to the other y_j, for (N, D) and each row of draws, (1 + 100,)."""
    squares = torch.cdist(x.double(), y.double()).square()
    own = weights @ squares.diagonal() / weights.sum(1)
    others = squares.clone().fill_diagonal_(0)
    pairs = weights.sum(1).square() - weights.square().sum(1)
    between = ((weights @ others) * weights).sum(1) / pairs
    return (own / between.clamp_min(1e-12)).sqrt()


def changes(found: Sequence[Tensor], every: int) -> Tensor:
    """How often each of N chains has another nearest picture than `every` steps before, per 1,000 steps, (N,)."""
    if len(found) < 2:
        return torch.zeros(len(found[0]) if found else 0)
    rows = torch.stack(list(found))
    return (rows[1:] != rows[:-1]).float().mean(0) * 1000 / every
