"""Pictures from files, tensors from pictures, and back.

Tensors are float32 (N, C, H, W) in [-1, 1] for the net, or uint8 (N, C, H, W) in store.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageColor, ImageOps

from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.data.pictures.decoding import AVIF, HEIC, draft, is_large, opened, reduction, strips
from ebm_studio.data.storage.atomic_write import write_whole

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""Of the formats that are read and written."""
READ_SUFFIXES = SUFFIXES | {".jfif", ".jpe", ".apng"} | HEIC | AVIF
"""Of all that are read, as far as this installation does."""
FURTHEST = 1e9
"""Pixels that a crop can be away."""
MAX_PHOTOS = 256
DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
"""Pillow's modes of more than eight bits."""
ORIENTATION = 0x0112  # Exif's
WHITE = "white"
"""The usual paper."""

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of an upright picture, in pixels of it: its left and top edge and its side."""

    left: float
    top: float
    side: float

    def __post_init__(self) -> None:
        sides = (self.left, self.top, self.side)
        if not all(isinstance(value, int | float) and abs(value) <= FURTHEST for value in sides) or self.side <= 0:
            raise DataError(f"A crop needs a left and top edge and a side above 0, not {self}.")

    @classmethod
    def centre(cls, width: int, height: int) -> Crop:
        """The largest square in the middle of a picture."""
        side = min(width, height)
        return cls((width - side) / 2, (height - side) / 2, side)

    def inside(self, width: int, height: int) -> Crop:
        """The nearest square that lies within a picture, shrunk only if it is too large."""
        side = min(self.side, width, height)
        return Crop(min(max(self.left, 0), width - side), min(max(self.top, 0), height - side), side)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        return (self.left, self.top, self.left + self.side, self.top + self.side)


def is_picture(name: str | Path) -> bool:
    """Whether a file's name is that of a picture: by its suffix, and not hidden."""
    path = Path(name)
    return path.suffix.lower() in READ_SUFFIXES and not path.name.startswith(".")


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder in name order. Raises `DataError`."""
    try:
        return sorted(file for file in folder.iterdir() if is_picture(file) and file.is_file())
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}.") from None


def find_photos(paths: Sequence[Path], limit: int = MAX_PHOTOS) -> tuple[list[Path], list[str]]:
    """The files that were meant, `limit` at most: each file itself, and for each folder its pictures in name order.

    Returns with them a line for each folder that has none, and for those beyond the limit.
    """
    found: list[Path] = []
    faults = []
    for path in paths:
        try:
            files = picture_files(path) if path.is_dir() else [path]
        except DataError as error:
            faults.append(str(error))
            continue
        if not files:
            faults.append(f"There is no picture in {path}.")
        found += files
    if len(found) > limit:
        faults.append(f"Only the first {limit} of {len(found)} photos are used.")
    return found[:limit], faults


def read_colour(text: str) -> Colour:
    """The colour of a name such as white, or of #rrggbb. Raises `SettingsError`."""
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        red = green = blue = -1
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise SettingsError(f"{text[:40]!r} is not a colour: use a name such as white, or #rrggbb.")
    return red, green, blue


def open_picture(source: Path | bytes, name: str = "", paper: str = WHITE, enough: int = 0) -> Image.Image:
    """The first frame of a picture file as 8-bit sRGB or grey, upright. Raises `DataError`.

    What is transparent shows the `paper`, a colour for `read_colour`. With `enough`, a JPEG or a large
    picture may be made smaller as long as both sides keep that many pixels, which is many times
    faster; without it, what has more pixels than anybody needs is made smaller too.
    """
    name = name or (str(source) if isinstance(source, Path) else "the picture")
    colour = read_colour(paper)
    with opened(source, name) as image:
        draft(image, enough)
        image.load()
        if not is_large(image):
            return _plain(ImageOps.exif_transpose(image), colour, _top(image))
        return _upright(_shrunk(image, colour, reduction(image, enough)), image.getexif().get(ORIENTATION, 1))


def _shrunk(image: Image.Image, paper: Colour, factor: int) -> Image.Image:
    """A large picture at a fraction of its size, without ever a second one of its own size."""
    top = _top(image)
    small: Image.Image | None = None
    for begins, strip in strips(image, factor):
        part = _plain(strip, paper, top).reduce(factor)
        if small is None:
            small = Image.new(part.mode, (part.width, math.ceil(image.height / factor)))
        small.paste(part, (0, begins // factor))
    assert small is not None
    return small


def _upright(image: Image.Image, orientation: object) -> Image.Image:
    image.getexif()[ORIENTATION] = orientation
    return ImageOps.exif_transpose(image)


def _plain(image: Image.Image, paper: Colour, top: float) -> Image.Image:
    if image.mode in DEEP:
        image = _eight_bit(image, top)
    profile = image.info.get("icc_profile")
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        colour = _to_srgb(image.convert("RGB"), profile)
        return Image.composite(colour, Image.new("RGB", image.size, paper), alpha)
    if image.mode in ("1", "P"):
        image = image.convert("RGB")
    return _to_srgb(image, profile)


def _top(image: Image.Image) -> float:
    """The value that is white, of a picture of more than eight bits."""
    if image.mode.startswith("I;16"):
        return 65535.0
    if image.mode not in DEEP:
        return 255.0
    # By numpy, since Pillow's extremes of a picture with a NaN are anything.
    values = (np.asarray(strip) for _, strip in strips(image))
    most = max(float(np.max(part, initial=0, where=np.isfinite(part))) for part in values)
    return 1.0 if image.mode == "F" and most <= 1 else 65535.0 if most > 255 else 255.0


def _eight_bit(image: Image.Image, top: float) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0, posinf=65535.0, neginf=0.0)
    return Image.fromarray((values.clip(0, top) * (255 / top)).round().astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that an embedded profile means, as sRGB; without one, or with a broken one, plain conversion."""
    plain = image.mode in ("RGB", "L")
    if not profile:
        return image if plain else image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "L" if image.mode == "L" else "RGB"
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image if plain else image.convert("RGB")
    assert converted is not None
    return converted.convert(mode)


_SRGB = ImageCms.createProfile("sRGB")


def fit(image: Image.Image, size: int, channels: int, crop: Crop | None = None) -> Pixels:
    """A square of a picture, by default the centre one, at `size` x `size`, as uint8 (C, H, W)."""
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (size, size) or crop is not None:
        crop = (crop or Crop.centre(*image.size)).inside(*image.size)
        image = image.resize((size, size), Image.Resampling.LANCZOS, box=crop.box)
    pixels = np.asarray(image, dtype=np.uint8)
    return planar(pixels)


def planar(pixels: Pixels) -> Pixels:
    """Pillow's order (H, W, C), or (H, W) in grey, as (C, H, W)."""
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def interleaved(pixels: Pixels) -> Pixels:
    """(C, H, W) in the order of Pillow and Qt: (H, W, C), or (H, W) in grey."""
    return pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))


def to_images(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Pixels (..., H, W) uint8 to float32 in [-1, 1]: what `to_pixels` takes back exactly."""
    return pixels.astype(np.float32) / np.float32(127.5) - 1


def to_pixels(images: npt.NDArray[np.float32]) -> Pixels:
    """Images (..., H, W) in [-1, 1] to uint8, clamped: half way between two greys goes to the even one."""
    scaled = np.nan_to_num(images, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1) * np.float32(127.5) + np.float32(127.5)
    pixels: Pixels = np.rint(scaled).astype(np.uint8)
    return pixels


def grid(pixels: Pixels, columns: int = 8, scale: int = 1) -> Image.Image:
    """Pictures (N, C, H, W) uint8 side by side, `columns` a row, no gaps, each pixel `scale` pixels wide."""
    count, channels, height, width = pixels.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * columns, channels, height, width), dtype=np.uint8)
    sheet[:count] = pixels
    sheet = sheet.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    flat = sheet.reshape(rows * height, columns * width, channels)
    flat = flat.repeat(scale, axis=0).repeat(scale, axis=1)
    return Image.fromarray(flat[..., 0] if channels == 1 else flat)


def cut(sheet: Image.Image, size: int) -> Pixels:
    """The square pictures of a `grid` at scale 1, uint8 (N, C, size, size), those that fill its last row included."""
    pixels = np.asarray(sheet)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    rows, columns, channels = pixels.shape[0] // size, pixels.shape[1] // size, pixels.shape[2]
    pixels = pixels[: rows * size, : columns * size].reshape(rows, size, columns, size, channels)
    return np.ascontiguousarray(pixels.transpose(0, 2, 4, 1, 3)).reshape(-1, channels, size, size)


def can_save(path: Path) -> bool:
    """Whether the name ends in the suffix of a picture format."""
    return path.suffix.lower() in SUFFIXES


def save_picture(image: Image.Image, path: Path) -> None:
    """Write a picture whole or not at all, in the format that its suffix names. Raises `StudioError`."""
    if not can_save(path):
        raise DataError(f"Cannot save a picture as {path.name}: use a name that ends in .png.")
    write_whole(path, image.save)
