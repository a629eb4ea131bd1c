"""Densities over the plane as numbers on a grid, and how far apart two of them are. Free of torch.

A density is an array (cells, cells) of masses, with a row for each y, from the bottom up, and a column for each x.
Mass outside the grid is in no cell, so the masses sum to 1 minus the mass outside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
"""(N, 2)."""
Masses = npt.NDArray[np.float64]
"""(cells, cells)."""

FINE = 4  # a density is computed on cells this many times smaller, so that the cells themselves do not blur it
FLOOR = 1e-3  # the share of a uniform density that is mixed into the divisor of a KL divergence


@dataclass(frozen=True, slots=True)
class Grid:
    """A square of cells, centred on the origin."""

    cells: int = 64
    extent: float = 1.25
    """Half its side."""

    @property
    def cell(self) -> float:
        """The side of a cell."""
        return 2 * self.extent / self.cells

    def centres(self, fine: int = 1) -> Points:
        """The centres of the cells, each cut into `fine` x `fine`, (N, 2): x changes fastest, and y goes up."""
        count = self.cells * fine
        line = (np.arange(count) + 0.5) * (2 * self.extent / count) - self.extent
        return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2).astype(np.float32)

    def histogram(self, points: Points, spread: float = 0.0) -> Masses:
        """The density of points (N, 2), each a Gaussian of standard deviation `spread`."""
        count = self.cells * FINE
        index = np.floor((points.astype(np.float64) + self.extent) * (count / (2 * self.extent)))
        inside = np.isfinite(index).all(1) & (index >= 0).all(1) & (index < count).all(1)
        x, y = index[inside].astype(np.int64).T
        counts = np.bincount(y * count + x, minlength=count**2).reshape(count, count)
        return _pooled(_blurred(counts / max(len(points), 1), spread / self.cell * FINE), FINE)

    def of_energy(self, energy: npt.NDArray[np.float32], temperature: float = 1.0) -> Masses:
        """exp(-E / T) / Z from the energies (N,) at `centres(fine)`, for any `fine`. Z is the sum over the grid."""
        fine = math.isqrt(len(energy)) // self.cells
        exponent = -energy.astype(np.float64) / temperature
        weights = np.exp(exponent - exponent.max()).reshape(self.cells * fine, -1)
        return _pooled(weights / weights.sum(), fine)

    def smoothed(self, masses: Masses, spread: float) -> Masses:
        """A density (cells, cells) blurred by a Gaussian of standard deviation `spread`."""
        return _blurred(masses, spread / self.cell)


def total_variation(p: Masses, q: Masses) -> float:
    """TV = half the sum of |p - q| over the cells, with all that lies outside as one more cell: 0 to 1."""
    return float(np.abs(p - q).sum() + abs(p.sum() - q.sum())) / 2


def kl_divergence(p: Masses, q: Masses) -> float:
    """KL(p || q) in nats, over the cells. A small uniform part in q keeps it finite."""
    p, q = p / p.sum(), q / max(q.sum(), 1e-300)
    q = (1 - FLOOR) * q + FLOOR / q.size
    some = p > 0
    return float((p[some] * np.log(p[some] / q[some])).sum())


def _blurred(masses: Masses, cells: float) -> Masses:
    """Masses blurred by a Gaussian with a standard deviation of that many cells."""
    if cells <= 0:
        return masses
    # Row i of the matrix holds the share of a point at the centre of cell i that lands in each cell.
    edges = np.arange(len(masses) + 1) - 0.5
    offset = (edges[None, :] - np.arange(len(masses))[:, None]) / (cells * math.sqrt(2))
    share = np.diff(_erf(offset), axis=1) / 2
    return np.asarray(share.T @ masses @ share)


def _erf(x: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    unique, back = np.unique(x, return_inverse=True)
    return np.array([math.erf(v) for v in unique])[back].reshape(x.shape)


def _pooled(masses: Masses, fine: int) -> Masses:
    side = len(masses) // fine
    return np.asarray(masses.reshape(side, fine, side, fine).sum((1, 3)))
