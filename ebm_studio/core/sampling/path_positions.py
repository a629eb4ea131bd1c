"""Where the frames of a path lie: the part of interpolation that needs no torch.

A position on a path counts legs: 0 is the first stop, 1.5 the middle of the second leg.
"""

from __future__ import annotations

import math

from ebm_studio.core.specs import Interpolation, PathKind


def legs(stops: int, closed: bool) -> int:
    """The number of legs of a path over so many stops; a loop has one more, back to the first stop."""
    return stops if closed else stops - 1


def positions(spec: Interpolation, stops: int) -> list[float]:
    """Positions of the frames, evenly in the angle, or in rho as the paper writes it. Both ends are exact.

    A loop leaves out its last frame, which is the first one again.
    """
    count = legs(stops, spec.closed)
    gaps = spec.frames if spec.closed else spec.frames - 1
    even = [i * count / gaps for i in range(spec.frames)]
    if spec.spacing != "rho" or spec.path != "paper":
        return even
    return [leg + (2 / math.pi * math.acos(1 - share) if share else 0.0) for leg, share in map(split, even)]


def rho(position: float, path: PathKind, legs: int) -> float:
    """Rho at a position: 1 at a leg's first stop, falling to 0; the first stop's share for other paths."""
    leg, share = split(position)
    if leg == legs:  # the end of the last leg
        return 0.0
    return math.cos(share * math.pi / 2) if path == "paper" else 1 - share


def position_of(rho: float, leg: int, path: PathKind) -> float:
    """The position on a leg where rho is that, from 1 to 0: the inverse of `rho`."""
    share = math.acos(min(max(rho, 0.0), 1.0)) * 2 / math.pi if path == "paper" else 1 - rho
    return leg + share


def split(position: float) -> tuple[int, float]:
    """The leg, and how far along it, 0 to 1."""
    leg = math.floor(position)
    return leg, position - leg


def arc(share: float) -> tuple[float, float]:
    """Cosine and sine of a share of the right angle, exact at 0 and 1."""
    if share == 1:
        return 0.0, 1.0
    return math.cos(share * math.pi / 2), math.sin(share * math.pi / 2)
