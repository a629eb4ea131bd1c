"""How far a set of pictures is from another, in the space of a feature network, and from copying it.

KID: Binkowski et al., "Demystifying MMD GANs" (2018). Frechet distance: Heusel et al., "GANs Trained
by a Two Time-Scale Update Rule" (2017). Inception score: Salimans et al., "Improved Techniques for
Training GANs" (2016). The first two carry those names, KID and FID, only in Inception's features; in
others they are to be named after these.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebm_studio.core.evaluation.bootstrap import draws, estimate
from ebm_studio.core.evaluation.figures import Estimate

GROUPS = 5  # of the jackknife
PARTS = 10  # of the inception score, as its authors have it
_ROWS = 512  # of a kernel matrix that are in memory at a time
_COLUMNS = 2048  # of a distance matrix, likewise


def kid(x: Tensor, y: Tensor, seed: int = 0) -> Estimate:
    """Kernel distance of two sets of features, (N, D) and (M, D): the unbiased MMD^2 with k = (x.y / D + 1)^3.

    About 0 for sets of one distribution, also below 0, and free of a bias from N and M. The mean is
    taken over all pairs; the sd is that of 100 bootstrap draws of both sets, in which a picture that
    is drawn twice is never paired with itself.
    """
    random = torch.Generator().manual_seed(seed)
    wx, wy = draws(len(x), random), draws(len(y), random)
    distance = _within(x, wx) + _within(y, wy) - 2 * _between(x, y, wx, wy) / (wx.sum(1) * wy.sum(1))
    return estimate(distance)


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1).double() ** 3


def _between(x: Tensor, y: Tensor, wx: Tensor, wy: Tensor) -> Tensor:
    total = torch.zeros(len(wx), dtype=torch.float64)
    for first in range(0, len(x), _ROWS):
        rows = slice(first, first + _ROWS)
        total += (wx[:, rows] @ _kernel(x[rows], y) * wy).sum(1)
    return total


def _within(x: Tensor, w: Tensor) -> Tensor:
    own = ((x * x).sum(1) / x.shape[1] + 1).double() ** 3
    return (_between(x, x, w, w) - w.square() @ own) / (w.sum(1) ** 2 - w.square().sum(1))


def frechet(x: Tensor, y: Tensor) -> Estimate:
    """Frechet distance |m - m'|^2 + tr(S + S' - 2 (S S')^1/2) of the Gaussians fitted to (N, D) and (M, D).

    Biased upwards, the more the smaller the sets: compare only figures of equal N and M. The sd is the
    jackknife's, which leaves out a fifth of both sets at a time.
    """
    if len(x) + len(y) < x.shape[1]:
        # Small sets live in a few of the dimensions; a rotation into those changes no distance.
        basis = torch.linalg.qr(torch.cat([x, y]).double().T).Q
        x, y = x.double() @ basis, y.double() @ basis
    parts_x, parts_y = _moments(x), _moments(y)
    whole = _distance(_sum(parts_x), _sum(parts_y))
    without = torch.tensor([_distance(_sum(parts_x, skip), _sum(parts_y, skip)) for skip in range(GROUPS)])
    spread = (GROUPS - 1) * without.var(correction=0)
    return Estimate(whole, spread.sqrt().item())


Moments = tuple[Tensor, Tensor, Tensor]
"""Count (), sum (D,) and sum of outer products (D, D) of some features, in float64."""


def _moments(x: Tensor) -> list[Moments]:
    """The moments of each of five parts of a set, dealt out in turn."""
    parts = [x[i::GROUPS].double() for i in range(GROUPS)]
    return [(torch.tensor(float(len(part))), part.sum(0), part.T @ part) for part in parts]


def _sum(parts: list[Moments], skip: int | None = None) -> Moments:
    count, first, second = zip(*(part for i, part in enumerate(parts) if i != skip), strict=True)
    return torch.stack(count).sum(), torch.stack(first).sum(0), torch.stack(second).sum(0)


def _distance(x: Moments, y: Moments) -> float:
    (mean_x, cov_x), (mean_y, cov_y) = _gaussian(x), _gaussian(y)
    return ((mean_x - mean_y).square().sum() + cov_x.trace() + cov_y.trace() - 2 * root_trace(cov_x, cov_y)).item()


def _gaussian(moments: Moments) -> tuple[Tensor, Tensor]:
    count, first, second = moments
    mean = first / count
    return mean, (second - count * torch.outer(mean, mean)) / (count - 1)


def root_trace(a: Tensor, b: Tensor) -> Tensor:
    """The trace of (A B)^1/2 for positive semidefinite (D, D) matrices, which may be singular.

    A B itself is not symmetric and its root can come out complex; A^1/2 B A^1/2 has the same
    eigenvalues and is symmetric.
    """
    values, vectors = torch.linalg.eigh(a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    products: Tensor = torch.linalg.eigvalsh(root @ b @ root)
    return products.clamp(min=0).sqrt().sum()


def nearest(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """For each picture of x (N, D): the root mean square difference to the nearest of y (M, D), and its row.

    Of any type, also uint8. Returns (N,) float32 in the units of x, and (N,) int64.
    """
    x = x.float()
    best = torch.full((len(x),), torch.inf)
    rows = torch.zeros(len(x), dtype=torch.int64)
    for first in range(0, len(y), _COLUMNS):
        part = y[first : first + _COLUMNS].float()
        # The squared length of x is left out: it is the same for each y, and changes no minimum.
        least, row = (part.square().sum(1) - 2 * x @ part.T).min(1)
        rows = torch.where(least < best, row + first, rows)
        best = torch.minimum(best, least)
    # Once more, since the short way loses the digits of very near pairs.
    return (x - y[rows].float()).norm(dim=1) / math.sqrt(x.shape[1]), rows


def inception_score(logits: Tensor) -> Estimate:
    """exp of the mean KL divergence of each picture's classes from all pictures', (N, classes): over ten parts."""
    scores = []
    for part in logits.double().chunk(PARTS):
        log_p = part.log_softmax(1)
        log_all = log_p.logsumexp(0) - math.log(len(part))
        scores.append((log_p.exp() * (log_p - log_all)).sum(1).mean().exp())
    values = torch.stack(scores)
    return Estimate(values.mean().item(), values.std().item())
