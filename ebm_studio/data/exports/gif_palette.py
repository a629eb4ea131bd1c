"""One good palette of 256 colours for all frames of a GIF.

Principal-axis splitting of the weighted colour histogram, always of the cluster with the largest
error (Orchard and Bouman 1991), then a few rounds of k-means. Noise hides errors and faces show
them, so a frame weighs the less, the rougher it is: a chain's first frames, which are pure noise and
have every colour there is, would take the palette otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from ebm_studio.data.pictures.pictures import Pixels

COLOURS = 256
ROUNDS = 6  # of k-means
FINE, COARSE = 6, 5  # bits a channel: of the table from colours to the palette, and of the histogram
CHUNK = 1 << 14

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)


class Palette:
    """At most 256 colours, and the nearest of them to any colour."""

    def __init__(
        self, frames: Iterable[Pixels], dither: str = "none", fixed: Sequence[tuple[int, int, int]] = ()
    ) -> None:
        """The palette of frames uint8 (..., C, H, W), with some colours that must be in it.

        One grey channel gets all 256 greys, and is exact.
        """
        frames = list(frames)
        self._grey = frames[0].shape[-3] == 1
        self._dither = dither
        if self._grey:
            self.colours = np.arange(COLOURS, dtype=np.uint8)[:, None].repeat(3, 1)
            return
        points, weights = _histogram(frames)
        centres = _refined(_split(points, weights, COLOURS - len(fixed)), points, weights)
        colours = [np.rint(centres).astype(np.uint8), np.array(fixed, np.uint8).reshape(-1, 3)]
        self.colours = np.unique(np.concatenate(colours), axis=0)
        self._table = np.full(1 << 3 * FINE, -1, np.int16)
        # Half the distance of neighbours in the palette: enough to mix two colours, no more.
        self._spread = _spacing(self.colours.astype(np.float32)) / 2

    def index(self, image: Image.Image) -> Image.Image:
        """An image, "L" or "RGB", as palette indices, mode "P"."""
        if self._grey:
            indexed = Image.frombytes("P", image.size, image.tobytes())
        elif self._dither == "diffusion":
            return image.quantize(palette=self._image(), dither=Image.Dither.FLOYDSTEINBERG)
        else:
            indexed = Image.fromarray(self._nearest(self._dithered(np.asarray(image))))
        indexed.putpalette(self.colours.tobytes())
        return indexed

    def _image(self) -> Image.Image:
        image = Image.new("P", (1, 1))
        image.putpalette(self.colours.tobytes())
        return image

    def _dithered(self, pixels: Bytes) -> Bytes:
        if self._dither != "ordered":
            return pixels
        height, width, _ = pixels.shape
        pattern = np.tile((_BAYER + 0.5) / 16 - 0.5, (-(-height // 4), -(-width // 4)))[:height, :width, None]
        return np.rint(pixels + pattern * (2 * self._spread)).clip(0, 255).astype(np.uint8)

    def _nearest(self, pixels: Bytes) -> Bytes:
        codes = _codes(pixels, FINE)
        # Only colours that occur are looked up, and each only once.
        new = np.unique(codes[self._table[codes] < 0])
        if new.size:
            shifts = np.array([2 * FINE, FINE, 0])
            middles = ((new[:, None] >> shifts) & ((1 << FINE) - 1)) * (256 >> FINE) + (128 >> FINE) - 0.5
            self._table[new] = _closest(middles.astype(np.float32), self.colours.astype(np.float32))
        return self._table[codes].astype(np.uint8)


def _codes(pixels: Bytes, bits: int) -> npt.NDArray[np.int32]:
    """One number for each colour (..., 3) at so many bits a channel."""
    red, green, blue = (pixels[..., channel].astype(np.int32) >> (8 - bits) for channel in range(3))
    return (red << 2 * bits) | (green << bits) | blue


def _histogram(frames: list[Pixels]) -> tuple[Floats, Floats]:
    """The mean colours (M, 3) of the bins in use, and their weights (M,)."""
    size = 1 << 3 * COARSE
    weights, sums = np.zeros(size), np.zeros((3, size))
    for frame in frames:
        colours = np.moveaxis(frame, -3, -1).reshape(-1, 3)
        codes = _codes(colours, COARSE)
        weight = 1 / _roughness(frame)
        weights += weight * np.bincount(codes, minlength=size)
        for channel in range(3):
            sums[channel] += weight * np.bincount(codes, colours[:, channel], minlength=size)
    used = np.flatnonzero(weights)
    return (sums[:, used] / weights[used]).T.astype(np.float32), weights[used].astype(np.float32)


def _roughness(frame: Pixels) -> float:
    """Mean square difference of pixels side by side, kept from 0."""
    across = np.diff(frame.astype(np.float32), axis=-1)
    return float(np.square(across).mean()) + 16.0


def _split(points: Floats, weights: Floats, count: int) -> Floats:
    """Weighted means (at most `count`, 3) of clusters, by splitting the worst across its principal axis."""
    clusters = [_Cluster(points, weights)]
    while len(clusters) < count:
        worst = max(range(len(clusters)), key=lambda i: clusters[i].error)
        if clusters[worst].error <= 0:
            break
        clusters[worst : worst + 1] = clusters[worst].halves()
    return np.array([cluster.mean for cluster in clusters], np.float32)


class _Cluster:
    def __init__(self, points: Floats, weights: Floats) -> None:
        self.points, self.weights = points, weights
        self.mean = weights @ points / weights.sum()
        centred = points - self.mean
        spread, axes = np.linalg.eigh((centred * weights[:, None]).T @ centred)
        self.error = float(spread[-1]) if len(points) > 1 else 0.0
        self._side = centred @ axes[:, -1] > 0

    def halves(self) -> list[_Cluster]:
        sides = [side for side in (self._side, ~self._side) if side.any()]
        if len(sides) < 2:  # equal to within rounding
            self.error = 0.0
            return [self]
        return [_Cluster(self.points[side], self.weights[side]) for side in sides]


def _refined(centres: Floats, points: Floats, weights: Floats) -> Floats:
    """The centres after some rounds of k-means."""
    for _ in range(ROUNDS):
        nearest = _closest(points, centres)
        total = np.bincount(nearest, weights, minlength=len(centres))
        sums = np.stack([np.bincount(nearest, weights * points[:, i], minlength=len(centres)) for i in range(3)], 1)
        used = total > 0
        centres[used] = (sums[used] / total[used, None]).astype(np.float32)
    return centres


def _closest(points: Floats, centres: Floats) -> npt.NDArray[np.int16]:
    """The index of the nearest centre to each point."""
    half = np.square(centres).sum(1) / 2
    parts = [(part @ centres.T - half).argmax(1) for part in np.split(points, range(CHUNK, len(points), CHUNK))]
    return np.concatenate(parts).astype(np.int16)


def _spacing(colours: Floats) -> float:
    """The mean distance, a channel, from a colour to the nearest other one."""
    squares = np.square(colours[:, None] - colours[None]).sum(2)
    np.fill_diagonal(squares, np.inf)
    return float(np.sqrt(squares.min(1)).mean() / 3**0.5) if len(colours) > 1 else 0.0
