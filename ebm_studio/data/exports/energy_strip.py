"""The energy over the frames of a film, drawn below them, with a mark at the frame that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

LEAST_HEIGHT = 32
SHARE = 6  # its height is this part of the picture's
FINER = 4  # times, while it is drawn, so that lines are smooth
PAPER: Colour = (24, 24, 24)
AHEAD: Colour = (96, 96, 96)
INKS: tuple[Colour, ...] = (
    (235, 235, 235), (122, 162, 255), (95, 201, 168), (229, 143, 181), (214, 193, 92), (183, 155, 242),
)  # fmt: skip
"""Of the curve of each side, from the left."""


class EnergyStrip:
    """Of frames that have as many energies each: one, or one for each side."""

    def __init__(self, energies: Sequence[Sequence[float]], picture: tuple[int, int]) -> None:
        """`energies` are (F, sides); `picture` is the width and the height of what it stands under."""
        self.size = (picture[0], max(LEAST_HEIGHT, picture[1] // SHARE))
        self._values = np.array(energies, float)

    @property
    def colours(self) -> list[Colour]:
        """Those that it is drawn in."""
        return [PAPER, AHEAD, *INKS[: self._values.shape[1]]]

    @cached_property
    def _points(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Where the energies are, (sides, F, 2), in the finer pixels."""
        width, height = (FINER * side for side in self.size)
        rim, values = FINER * 6, self._values
        low, high = float(values.min()), float(values.max())
        across = rim + np.linspace(0, 1, len(values)) * (width - 2 * rim)
        down = rim + (high - values) / ((high - low) or 1) * (height - 2 * rim)
        return np.stack([np.stack([across, down[:, side]], -1) for side in range(values.shape[1])])

    def draw(self, index: int) -> Image.Image:
        """The strip at a frame: what is past is bright, what is ahead is dim."""
        image = Image.new("RGB", (FINER * self.size[0], FINER * self.size[1]), PAPER)
        pen = ImageDraw.Draw(image)
        for points, ink in zip(self._points, INKS, strict=False):
            ways = [(x, y) for x, y in points.tolist()]
            for part, colour in ((ways[index:], AHEAD), (ways[: index + 1], ink)):
                if len(part) > 1:
                    pen.line(part, fill=colour, width=FINER + FINER // 2, joint="curve")
            x, y = ways[index]
            pen.ellipse((x - 3 * FINER, y - 3 * FINER, x + 3 * FINER, y + 3 * FINER), fill=ink)
        return image.resize(self.size, Image.Resampling.BOX)
