"""Picture files from outside: one opener for all of them, which checks every size and allows only a few readers."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError, features

from ebm_studio.core.errors import DataError
from ebm_studio.data.storage.outside import FileKind, size_text

try:
    import pillow_heif
except ImportError:
    READS_HEIC = False
else:
    pillow_heif.register_heif_opener()
    READS_HEIC = True

READS_AVIF = bool(features.check("avif"))
HEIC = frozenset({".heic", ".heif"})
"""Of the format that is read where pillow-heif is installed."""
AVIF = frozenset({".avif", ".avifs"})
"""Of the format that is read by Pillow 11.3 and later."""
FORMATS = (
    *("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"),
    *(("HEIF",) if READS_HEIC else ()),
    *(("AVIF",) if READS_AVIF else ()),
)
# No other of Pillow's readers is let near a file: some start programs, or are little tested.
MAX_FILE_BYTES = 256 * 2**20
PICTURE = FileKind("picture", MAX_FILE_BYTES, DataError)

MAX_SIDE = 100_000
JPEG_SIDE = 65_500
MAX_DECODED = 440_000_000  # bytes that the decoder takes: a PNG of a phone's 108 million pixels, with transparency
MAX_PIXELS = 300_000_000  # what a few seconds can decode; a JPEG at an eighth of its size
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # its own limit would refuse photos of 200 million pixels
LARGE = 16_000_000  # pixels; what is larger is made smaller strip by strip, before its colours are looked at
BYTES = {"WEBP": 16.0, "AVIF": 10.0, "HEIF": 6.0}
"""What these decoders take for each pixel; the others take what the picture itself does."""
STRIP = 2**20  # pixels: converting one takes some forty bytes for each


@contextmanager
def opened(source: Path | bytes, name: str, formats: tuple[str, ...] = FORMATS) -> Iterator[Image.Image]:
    """A picture of which only the header is read yet. Raises `DataError`, also for what is found on decoding it."""
    if isinstance(source, bytes):
        _check_bytes(len(source), name)
    elif PICTURE.check(source) == 0:
        _check_bytes(0, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what counts is the pixels.
            with (
                io.BytesIO(source) if isinstance(source, bytes) else PICTURE.open(source) as file,
                Image.open(file, formats=formats) as image,
            ):
                _check_pixels(image, name)
                yield image
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(_unknown(name)) from None
    except (Image.DecompressionBombError, MemoryError):
        raise DataError(f"{name} has too many pixels: make it smaller.") from None
    except Exception as error:  # Pillow's readers raise whatever a broken file drives them to.
        reason = " ".join(str(error).split("(")[0].split("<")[0].split()).rstrip(" .:")
        raise DataError(f"{name} is damaged and cannot be read" + (f": {reason}." if reason else ".")) from None


def may_be_picture(head: bytes) -> bool:
    """Whether a file that begins so may be a picture: a quick look before all of it is read."""
    Image.init()
    return any(accepts is None or accepts(head) for accepts in (Image.OPEN[name][1] for name in FORMATS))


def is_large(image: Image.Image) -> bool:
    """Whether a picture has more pixels than anybody needs of it."""
    return image.width * image.height > LARGE


def reduction(image: Image.Image, enough: int) -> int:
    """How many times smaller a large picture is to be shown, so that both sides keep `enough` pixels."""
    if enough and (factor := min(image.size) // enough) > 1:
        return factor
    return math.ceil(math.sqrt(image.width * image.height / LARGE))


def draft(image: Image.Image, enough: int) -> None:
    """Have a JPEG decoded at an eighth, a quarter or half of its size, as far as it stays large enough."""
    if enough:
        image.draft(None, (enough, enough))
    elif is_large(image):
        factor = reduction(image, 0)
        image.draft(None, (image.width // factor, image.height // factor))


def strips(image: Image.Image, factor: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """A picture in strips of a multiple of `factor` rows, each with the row at which it begins."""
    rows = factor * max(1, STRIP // (image.width * factor))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _check_bytes(count: int, name: str) -> None:
    if count > PICTURE.most:
        raise DataError(f"{name} is too large for a picture: it has more than {size_text(PICTURE.most)}.")
    if count == 0:
        raise DataError(f"{name} is empty.")


def _check_pixels(image: Image.Image, name: str) -> None:
    # The header tells the size, so a bomb is refused before anything is unpacked.
    each = _bytes_of_pixel(image)
    most = min(MAX_PIXELS, int(MAX_DECODED / each) if each else MAX_PIXELS)
    pixels = image.width * image.height
    if pixels > most or max(image.size) > MAX_SIDE:
        helps = pixels <= MAX_PIXELS and max(image.size) <= JPEG_SIDE and image.format != "JPEG"
        raise DataError(
            f"{name} has {image.width} x {image.height} pixels, more than {most // 10**6} million: make it smaller"
            + (", or save it as a JPEG." if helps else ".")
        )


def _bytes_of_pixel(image: Image.Image) -> float:
    """What decoding takes for each pixel; 0 for a JPEG that is read row by row, at less than its size."""
    if image.format == "JPEG":
        return _coefficients(image) if "progressive" in image.info else 0
    own = 1 if image.mode in ("1", "L", "P") else 2 if image.mode.startswith("I;16") else 4
    return BYTES.get(image.format or "", own)


def _coefficients(image: Image.Image) -> float:
    # All of them are in memory before the first pixel is known: two bytes for each sample.
    layers = [(across, down) for _, across, down, _ in getattr(image, "layer", [])]
    most = max((across * down for across, down in layers), default=1)
    return 2 * sum(across * down for across, down in layers) / max(most, 1) or 6


def _unknown(name: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix in HEIC and not READS_HEIC:
        return f'{name} is a HEIC photo: to read it, pip install "ebm-studio[heic]".'
    if suffix in AVIF and not READS_AVIF:
        return f"{name} is an AVIF picture: to read it, pip install --upgrade pillow."
    return f"{name} is not a picture that this program can read."
