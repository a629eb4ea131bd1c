"""Data in the plane: distributions, and the ones that come with the program. Free of torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ebm_studio.core.evaluation.plane import Grid, Masses, Points
from ebm_studio.data.storage.plain_data import LongText

Unit = npt.NDArray[np.float64]
"""Numbers in [0, 1), (N, 3)."""
EXACT = 400_000  # points that represent a density; evenly spread ones are enough
GOLDEN = 1.2207440846057596  # the root of x^4 = x + 1: its powers spread points evenly in three dimensions


@dataclass(frozen=True, slots=True)
class FromShape:
    """One of `SHAPES`."""

    kind: ClassVar[str] = "shape"
    name: str


@dataclass(frozen=True, slots=True)
class FromPoints:
    """Points that someone drew, or from a file."""

    kind: ClassVar[str] = "points"
    name: str
    points: LongText
    """float32 (N, 2), in base 64."""


@dataclass(frozen=True, slots=True)
class FromPicture:
    """The darkness of a picture, or of a line of text."""

    kind: ClassVar[str] = "picture"
    name: str
    width: int
    darkness: LongText
    """uint8 (H, W), in base 64."""


Origin = FromShape | FromPoints | FromPicture


@dataclass(frozen=True, slots=True, eq=False)
class PointData:
    """A distribution over the plane: `rule` turns each row of random numbers into a point, `spread` blurs it."""

    name: str
    rule: Callable[[Unit], Unit]
    """From (N, 3) in [0, 1) to (N, 2), mostly within [-1, 1]."""
    spread: float
    """The standard deviation of the Gaussian about each point."""
    origin: Origin = field(repr=False)
    """How to make it again: see `data.points.sources`."""
    points: Points | None = field(default=None, repr=False)
    """The given points, (N, 2), if it is made of points. Nobody writes to them."""

    def draw(self, count: int, seed: int) -> Points:
        """`count` points (N, 2). The same seed gives the same points."""
        random = np.random.default_rng([seed, 2])
        points = self.rule(random.random((count, 3)))
        return (points + self.spread * random.standard_normal((count, 2))).astype(np.float32)

    def density(self, grid: Grid) -> Masses:
        """The true density on a grid, (cells, cells), by a sum over evenly spread points."""
        steps = GOLDEN ** -np.arange(1.0, 4.0)
        even = (0.5 + np.arange(1, EXACT + 1)[:, None] * steps) % 1
        return grid.histogram(self.rule(even).astype(np.float32), self.spread)


def rings(u: Unit) -> Unit:
    """Three circles of equal density."""
    radius = _chosen(u[:, 0], (0.3, 0.6, 0.9), weights=(0.3, 0.6, 0.9))
    return _polar(radius, u[:, 1])


def moons(u: Unit) -> Unit:
    """Two interlocking half circles."""
    side = np.where(u[:, 0] < 0.5, 1.0, -1.0)
    half = np.pi * u[:, 1]
    return np.stack([side * (0.55 * np.cos(half) - 0.3), side * (0.6 * np.sin(half) - 0.2)], axis=1)


def eight(u: Unit) -> Unit:
    """Eight points on a circle."""
    return _polar(np.full(len(u), 0.75), np.floor(8 * u[:, 0]) / 8)


def pinwheel(u: Unit) -> Unit:
    """Five blobs, stretched along spirals."""
    # The Box-Muller transform, from uniform to normal numbers.
    length, angle = np.sqrt(-2 * np.log1p(-u[:, 0])), 2 * np.pi * u[:, 1]
    along, across = 0.55 + 0.17 * length * np.cos(angle), 0.05 * length * np.sin(angle)
    turn = np.floor(5 * u[:, 2]) / 5 * 2 * np.pi + 1.6 * along
    return np.stack([along * np.cos(turn) - across * np.sin(turn), along * np.sin(turn) + across * np.cos(turn)], 1)


def checkerboard(u: Unit) -> Unit:
    """The dark squares of a 4 x 4 board."""
    square = np.floor(8 * u[:, 2]).astype(int)
    row, column = square // 2, 2 * (square % 2)
    return np.stack([(column + row % 2 + u[:, 0]) / 2 - 1, (row + u[:, 1]) / 2 - 1], axis=1)


def spirals(u: Unit) -> Unit:
    """Two spirals, half a turn apart."""
    turns = np.sqrt(u[:, 0]) * 1.5
    return _polar(0.05 + 0.6 * turns, turns + np.floor(2 * u[:, 1]) / 2)


def swiss_roll(u: Unit) -> Unit:
    """One spiral of nearly two turns."""
    turns = np.sqrt(0.18 + 0.82 * u[:, 0]) * 2
    return _polar(0.48 * turns, turns)


SHAPES: dict[str, PointData] = {
    name: PointData(name, rule, spread, FromShape(name))
    for name, rule, spread in (
        ("rings", rings, 0.03),
        ("moons", moons, 0.05),
        ("eight", eight, 0.07),
        ("pinwheel", pinwheel, 0.0),
        ("checkerboard", checkerboard, 0.0),
        ("spirals", spirals, 0.03),
        ("swiss-roll", swiss_roll, 0.03),
    )
}


def _polar(radius: Unit, turns: Unit) -> Unit:
    angle = 2 * np.pi * turns
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _chosen(u: Unit, values: Sequence[float], weights: Sequence[float]) -> Unit:
    edges = np.cumsum(weights) / np.sum(weights)
    return np.asarray(values)[np.searchsorted(edges[:-1], u, side="right")]
