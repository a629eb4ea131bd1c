"""A photo on the Reconstruct page: its crop, its unknown part, and what the model sees of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ebm_studio.core.specs import NetSpec
from ebm_studio.data.pictures.pictures import WHITE, Crop, Pixels, fit

LEAST_SIDE = 4.0
"""Of a crop, in pixels of the photo."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Photo:
    """Replaced whole at each edit; `key` stays."""

    key: int
    path: Path
    picture: Image.Image
    """Upright, and turned as chosen."""
    crop: Crop
    unknown: Mask | None = None
    """True where the picture should be filled in, at the size it was painted at; None if all of it is known. See
    `mask`.
    """
    file: Path | None = None
    """Where it was read from; None when it came in another way, and is nowhere else."""
    turns: int = 0
    """Quarter turns clockwise, from the file to the picture."""
    paper: str = WHITE
    """What the file's transparent parts show in the picture: see `read_colour`."""

    @classmethod
    def of(cls, key: int, path: Path, picture: Image.Image, file: Path | None = None, paper: str = WHITE) -> Photo:
        """A photo as it is opened, with the centre square."""
        return cls(key, path, picture, Crop.centre(*picture.size), file=file, paper=paper)

    def cropped(self, crop: Crop) -> Photo:
        """The photo with the nearest crop that lies within it."""
        side = max(crop.side, min(LEAST_SIDE, *self.picture.size))
        return replace(self, crop=Crop(crop.left, crop.top, side).inside(*self.picture.size))

    def scaled(self, factor: float) -> Photo:
        """The photo with its crop grown about its middle."""
        left, top, side = self.crop.left, self.crop.top, self.crop.side
        grown = min(max(side * factor, LEAST_SIDE), *self.picture.size)
        return self.cropped(Crop(left + (side - grown) / 2, top + (side - grown) / 2, grown))

    def moved(self, right: float, down: float) -> Photo:
        """The photo with its crop moved, in pixels of the photo."""
        return self.cropped(Crop(self.crop.left + right, self.crop.top + down, self.crop.side))

    def turned(self) -> Photo:
        """The photo a quarter turn clockwise, with its crop; the mask goes, since it lies on the crop."""
        height = self.picture.height
        crop = Crop(height - self.crop.top - self.crop.side, self.crop.left, self.crop.side)
        picture = self.picture.transpose(Image.Transpose.ROTATE_270)
        return replace(self, picture=picture, crop=crop, unknown=None, turns=self.turns + 1)

    def masked(self, unknown: Mask | None) -> Photo:
        """The photo with another unknown part."""
        return replace(self, unknown=unknown if unknown is not None and unknown.any() else None)

    def mask(self, size: int) -> Mask | None:
        """The unknown part in the pixels of a model, (size, size); one painted for another size is scaled.

        As it was painted it stays, so that nothing is lost when that model returns. Where a pixel
        holds several, it is unknown when any of them is.
        """
        mask = self.unknown
        if mask is None or len(mask) == size:
            return mask
        if len(mask) < size:
            factor = size // len(mask)
            return mask.repeat(factor, 0).repeat(factor, 1)
        factor = len(mask) // size
        return np.asarray(mask.reshape(size, factor, size, factor).any((1, 3)))


@lru_cache(maxsize=128)
def seen(photo: Photo, net: NetSpec) -> Pixels:
    """What the model sees of a photo, uint8 (C, H, W)."""
    return fit(photo.picture, net.size, net.channels, photo.crop)


def painted(mask: Mask, start: tuple[float, float], end: tuple[float, float], size: float, on: bool) -> Mask:
    """A mask after a round brush went from `start` to `end`; points (x, y) and diameter in its pixels."""
    rows, columns = np.indices(mask.shape)
    x, y = columns + 0.5, rows + 0.5
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / length, 0, 1) if length else np.zeros(mask.shape)
    distance = np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)
    under = distance <= max(size / 2, 0.5)
    # A brush of one pixel takes the pixel under its middle, which may be further than half a pixel away.
    row, column = int(np.floor(end[1])), int(np.floor(end[0]))
    if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]:
        under[row, column] = True
    return np.where(under, on, mask)
