"""MP4 films: written through PyAV, an optional extra; their comment is read without it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.data.storage.outside import FileKind

HELP = "MP4 needs PyAV: run pip install 'ebm-studio[video]', or export a GIF, WebP or APNG."
QUALITY = "14"  # x264's constant rate factor: small pictures of few hard edges need a good one
FILM = FileKind("film", 2**31, DataError)
CLOCK = 1000  # ticks a second

# Where iTunes-style tags are; the comment is ©cmt.
_ROUTE = ((b"moov", 0), (b"udta", 0), (b"meta", 4), (b"ilst", 0), (b"\xa9cmt", 0), (b"data", 8))


def can_write() -> bool:
    """Whether PyAV is installed."""
    try:
        import av  # noqa: F401
    except ImportError:
        return False
    return True


def write_mp4(
    images: Iterable[tuple[Image.Image, int]],
    size: tuple[int, int],
    comment: str,
    progress: Callable[[], object] = lambda: None,
) -> bytes:
    """An H.264 film of images, each with its milliseconds. Raises `SettingsError` where PyAV is missing.

    An odd side gets one more row or column, since the colours are stored at half the size.
    """
    try:
        import av
    except ImportError:
        raise SettingsError(HELP) from None
    buffer = io.BytesIO()
    width, height = (side + side % 2 for side in size)
    with av.open(buffer, "w", format="mp4") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=Fraction(CLOCK, 1))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK)
        stream.options = {"crf": QUALITY, "preset": "medium", "threads": "1"}
        clock, lengths = 0, dict[int, int]()

        def write(packets: list[Any]) -> None:
            for packet in packets:
                # The encoder forgets how long a frame lasts; the last one would last one tick.
                packet.duration = lengths[packet.pts]
                container.mux(packet)

        for image, milliseconds in images:
            frame = av.VideoFrame.from_ndarray(_even(image, width, height), format="rgb24")
            frame.pts, frame.time_base = clock, Fraction(1, CLOCK)
            lengths[clock] = milliseconds
            clock += milliseconds
            write(stream.encode(frame))
            progress()
        write(stream.encode(None))
    return buffer.getvalue()


def _even(image: Image.Image, width: int, height: int) -> np.typing.NDArray[np.uint8]:
    pixels = np.asarray(image.convert("RGB"))
    return np.pad(pixels, ((0, height - image.height), (0, width - image.width), (0, 0)), mode="edge")


def read_comment(path: Path, most: int) -> bytes | None:
    """The comment tag of an MP4 file, if there is one of at most `most` bytes."""
    with FILM.open(path) as file:
        first, end = 0, FILM.check(path)
        for name, skip in _ROUTE:
            found = _box(file, name, first, end)
            if found is None:
                return None
            first, end = found[0] + skip, found[1]
        if not 0 < end - first <= most:
            return None
        file.seek(first)
        return file.read(end - first)


def _box(file: BinaryIO, name: bytes, first: int, end: int) -> tuple[int, int] | None:
    """Where the content of the first box of that name among the boxes from `first` to `end` begins and ends."""
    while first + 8 <= end:
        file.seek(first)
        size, kind = struct.unpack(">I4s", file.read(8))
        start = first + 8
        if size == 1 and start + 8 <= end:
            (size,) = struct.unpack(">Q", file.read(8))
            start += 8
        elif size == 0:
            size = end - first
        if size < start - first or first + size > end:
            return None
        if kind == name:
            return start, first + size
        first += size
    return None
