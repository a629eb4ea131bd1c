"""Pictures from files, tensors from pictures, and back.

Tensors are float32 (N, C, H, W) in [-1, 1] for the net, or uint8 (N, C, H, W) in store.
"""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from ebm_studio.core.errors import DataError
from ebm_studio.data.files import write_whole

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
MAX_PIXELS = 100_000_000

Pixels = npt.NDArray[np.uint8]


def open_picture(source: Path | bytes, name: str = "") -> Image.Image:
    """The first frame of a picture file as 8-bit RGB or L, upright. Raises `DataError`."""
    name = name or (str(source) if isinstance(source, Path) else "the picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what counts is the pixels.
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise DataError(
                        f"{name} has {image.width} x {image.height} pixels, more than {MAX_PIXELS // 10**6} million."
                    )
                image.load()
                return _plain(ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise DataError(f"There is no file {name}.") from None
    except UnidentifiedImageError:
        raise DataError(f"{name} is not a picture this program can read.") from None
    except DataError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a broken file drives them to.
        raise DataError(f"{name} cannot be read: {error}.") from None


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0
        return Image.fromarray((values.clip(0, top) * (255 / top)).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image).convert("RGB")
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def fit(image: Image.Image, size: int, channels: int) -> Pixels:
    """The centre square of a picture at `size` x `size`, as uint8 (C, H, W)."""
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


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


def can_save(path: Path) -> bool:
    """Whether the name ends in the suffix of a picture format."""
    return path.suffix.lower() in SUFFIXES


def save_picture(image: Image.Image, path: Path) -> None:
    """Write a picture whole or not at all, in the format that its suffix names."""
    if not can_save(path):
        raise DataError(f"Cannot save a picture as {path.name}: use a name that ends in .png.")
    write_whole(path, image.save)
