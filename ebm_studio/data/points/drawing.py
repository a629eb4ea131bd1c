"""A landscape as pictures: heat maps with contours, and dots on them. Free of torch: the window shows them too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from ebm_studio.core.evaluation.plane import Grid, Masses, Points

Rgb = npt.NDArray[np.uint8]
"""(H, W, 3), the first row at the top."""
Colour = tuple[int, int, int]
Field = npt.NDArray[np.floating]
"""(cells, cells), the first row at the bottom, as of a `Grid`."""

# From low to high energy: likely places are light, unlikely ones dark.
ENERGY: tuple[Colour, ...] = (
    (252, 253, 191), (254, 187, 129), (241, 96, 93), (168, 50, 125), (92, 22, 128), (29, 17, 71), (10, 8, 28),
)  # fmt: skip
# From no density to the highest.
DENSITY: tuple[Colour, ...] = (
    (13, 14, 18), (20, 46, 78), (22, 88, 120), (34, 133, 141), (86, 180, 130), (176, 217, 98), (253, 240, 150),
)  # fmt: skip
LEVELS = 12
CLIP = 0.98  # of an energy's cells: a few very high ones would otherwise use up the colours
DATA_DOT: Colour = (20, 20, 30)
CHAIN_DOT: Colour = (20, 130, 255)


def energy_map(energy: Field, side: int) -> Rgb:
    """A heat map of E (cells, cells) with contours, `side` pixels across."""
    finite = np.nan_to_num(energy.astype(np.float32), nan=0.0, posinf=1e30, neginf=-1e30)
    low, high = float(finite.min()), float(np.quantile(finite, CLIP))
    share = _enlarged(np.clip((finite - low) / max(high - low, 1e-12), 0, 1), side)
    picture = _coloured(share, ENERGY)
    level = (share * LEVELS).astype(np.uint8)
    edge = np.zeros(level.shape, bool)
    edge[:, 1:] |= level[:, 1:] != level[:, :-1]
    edge[1:] |= level[1:] != level[:-1]
    picture[edge] = picture[edge] // 4 * 3
    return picture


def density_map(masses: Masses, side: int, most: float | None = None) -> Rgb:
    """A heat map of a density (cells, cells), `side` pixels across; `most` is the mass of the brightest colour."""
    most = most or float(masses.max())
    return _coloured(_enlarged(np.clip(masses / max(most, 1e-30), 0, 1) ** 0.6, side), DENSITY)


def with_dots(
    picture: Rgb, points: Points, grid: Grid, colour: Colour, size: float = 1.6, strength: float = 0.9
) -> Rgb:
    """A copy of the picture with a soft dot at each point (N, 2); those outside are left out."""
    side = len(picture)
    at = np.stack([points[:, 0] + grid.extent, grid.extent - points[:, 1]], 1) * (side / (2 * grid.extent)) - 0.5
    at = at[np.isfinite(at).all(1) & (np.abs(at) < 4 * side).all(1)]
    reach = int(np.ceil(size + 0.5))
    cover = np.zeros((side, side), np.float32)
    corner = np.round(at).astype(np.int64)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            x, y = corner[:, 0] + right, corner[:, 1] + down
            ink = np.clip(size + 0.5 - np.hypot(x - at[:, 0], y - at[:, 1]), 0, 1) * strength
            inside = (x >= 0) & (x < side) & (y >= 0) & (y < side) & (ink > 0)
            np.maximum.at(cover, (y[inside], x[inside]), ink[inside])
    mixed = picture + cover[..., None] * (np.array(colour, np.float32) - picture)
    return np.asarray(mixed.round(), np.uint8)


def panel(picture: Rgb) -> npt.NDArray[np.uint8]:
    """A picture (H, W, 3) as an export's panel (1, 3, H, W)."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])


def _coloured(share: Field, colours: Sequence[Colour]) -> Rgb:
    table = _table(tuple(colours))
    return table[(share * (len(table) - 1) + 0.5).astype(np.uint8)]


@cache
def _table(colours: tuple[Colour, ...]) -> Rgb:
    along = np.linspace(0, len(colours) - 1, 256)
    channels = zip(*colours, strict=True)
    return np.stack([np.interp(along, np.arange(len(colours)), channel) for channel in channels], 1).astype(np.uint8)


def _enlarged(field: Field, side: int) -> Field:
    """A field as pixels (side, side), the top row first, by linear interpolation between the cells' centres."""
    cells = len(field)
    at = np.clip((np.arange(side) + 0.5) * cells / side - 0.5, 0, cells - 1)
    low = np.minimum(at.astype(np.int64), cells - 2)
    share = (at - low).astype(np.float32)
    field = field.astype(np.float32)
    columns = field[:, low] * (1 - share) + field[:, low + 1] * share
    rows = columns[low] * (1 - share)[:, None] + columns[low + 1] * share[:, None]
    return np.asarray(rows[::-1])
