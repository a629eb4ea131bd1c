"""Paths between latents: z_rho = rho z1 + sqrt(1 - rho^2) z2 (section 4.2 of the paper), and others.

A frame is a row of weights over its stops: two of them on a path, four on a pad. The noise
of the steps is mixed by the same weights as the start noise, so that the frame at a stop is that
stop's own chain, bit for bit, and between two stops the noise keeps its variance and moves smoothly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.sampling.path_positions import arc, legs, split
from ebm_studio.core.sheet import png_sheet
from ebm_studio.core.specs import PathKind

ROUNDS = 5  # renderings that spacing by image change may cost besides the first
PULL = 0.6  # share of the way to the even positions that a round goes; the whole way overshoots
EVEN = 1.05  # largest over mean distance that counts as even


@dataclass(frozen=True, slots=True)
class Smoothness:
    """How evenly pictures change along a path."""

    distances: tuple[float, ...]
    """Root mean square difference of neighbouring pictures, in units of [-1, 1]."""

    @property
    def length(self) -> float:
        """The sum of the distances."""
        return math.fsum(self.distances)

    @property
    def unevenness(self) -> float:
        """The largest distance over the mean one: 1 when all are equal."""
        return max(self.distances) * len(self.distances) / self.length if self.length else 1.0


@dataclass(frozen=True, slots=True)
class PathFrames:
    """The pictures along a path. Nobody writes to these tensors again."""

    positions: tuple[float, ...]
    """Where on the path, in legs, (N)."""
    rho: tuple[float, ...]
    """1 at a leg's first stop, falling to 0, (N)."""
    weights: Tensor
    """Of the stops, (N, S)."""
    images: Tensor
    """The ends of the chains, clamped to [-1, 1], (N, C, H, W) on the CPU."""
    energy: Tensor
    """E of the ends before they are clamped, (N,) on the CPU."""
    smoothness: Smoothness

    def _repr_png_(self) -> bytes:
        """The pictures, in a notebook."""
        return png_sheet(self.images, len(self.images))


def smoothness(images: Tensor, closed: bool = False) -> Smoothness:
    """The distances of neighbours among images (N, C, H, W); in a loop, the last is a neighbour of the first."""
    flat = images.flatten(1)
    after = torch.cat([flat[1:], flat[:1]]) if closed else flat[1:]
    distances = (after - flat[: len(after)]).double().square().mean(1).sqrt()
    return Smoothness(tuple(distances.tolist()))


def path_weights(positions: Sequence[float], stops: Tensor, path: PathKind = "paper", closed: bool = False) -> Tensor:
    """Weights (N, S) of the stops (S, C, H, W) at the positions. At a stop they are exactly 1 and 0."""
    count = legs(len(stops), closed)
    weights = torch.zeros(len(positions), len(stops))
    for row, position in zip(weights, positions, strict=True):
        leg, share = split(position)
        if leg == count:  # the end of the last leg
            leg, share = leg - 1, 1.0
        before, after = leg, (leg + 1) % len(stops)
        row[before], row[after] = _pair(path, share, stops[before], stops[after])
    return weights


def pad_weights(points: Sequence[tuple[float, float]]) -> Tensor:
    """Weights (N, 4) of four corner latents at points (x, y) of the unit square: a pad that keeps variance.

    The corners are top left, top right, bottom left, bottom right, with y downwards. It is bilinear
    with cosine and sine in place of 1 - t and t, so the squares of the weights sum to 1.
    Raises `SettingsError` for a point outside the square.
    """
    rows = []
    for x, y in points:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise SettingsError(f"A point of the pad must be in the unit square, not at ({x}, {y}).")
        (left, right), (top, bottom) = arc(x), arc(y)
        rows.append([top * left, top * right, bottom * left, bottom * right])
    return torch.tensor(rows)


def mix(stops: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums (N, C, H, W) of the stops (S, C, H, W) with weights (N, S).

    Summed one stop after another, without a matrix product, which may round its inputs: a weight of
    1 among zeros gives the stop itself.
    """
    weights = weights.to(stops.device)
    mixed = torch.zeros(len(weights), *stops.shape[1:], device=stops.device)
    for column, stop in zip(weights.T, stops, strict=True):
        mixed += column.view(-1, 1, 1, 1) * stop
    return mixed


def space_by_image(
    positions: Sequence[float], render: Callable[[Sequence[float]], Tensor], loop_legs: int = 0
) -> list[float]:
    """Positions whose pictures are about evenly far from one another.

    `render` makes the pictures (N, C, H, W) at some positions. Each round moves the frames towards equal shares of
    the length just measured; the evenest round wins. The ends stay. A loop gives its number of legs,
    where its first frame comes again.

    A path is rough at every scale (half the step in angle changes the picture by more than half), so
    this evens a path out but does not get to equal distances.
    """
    current = list(positions)
    measured = smoothness(render(current), bool(loop_legs))
    best = (measured.unevenness, current)
    for _ in range(ROUNDS):
        if best[0] <= EVEN:
            break
        knots = np.array([*current, loop_legs] if loop_legs else current)
        along = np.concatenate([[0.0], np.cumsum(measured.distances)])
        even = np.interp(np.linspace(0, along[-1], len(along)), along, knots)
        moved = (knots + PULL * (even - knots)).tolist()
        current = [*current[:1], *moved[1:-1], *([] if loop_legs else current[-1:])]
        measured = smoothness(render(current), bool(loop_legs))
        best = min(best, (measured.unevenness, current))
    return best[1]


def _pair(path: PathKind, share: float, before: Tensor, after: Tensor) -> tuple[float, float]:
    """The weights of a leg's two stops, exact at both ends."""
    if path == "paper":
        return arc(share)
    if path == "slerp":
        cosine = torch.nn.functional.cosine_similarity(before.double().flatten(), after.double().flatten(), dim=0)
        angle = math.acos(max(-1.0, min(1.0, float(cosine))))
        # Nearly equal or nearly opposite latents have no great circle of their own.
        if math.sin(angle) > 1e-4:
            return math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle)
    return 1 - share, share
