"""Arrays as text, small and bounded: deflated, in base 64. Nothing is unpacked that would be larger than announced."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ebm_studio.core.checks import is_whole
from ebm_studio.core.errors import DataError
from ebm_studio.data.storage.plain_data import check

MAX_SIDE = 128
"""Pixels of the largest model's picture."""
MAX_BYTES = 4 * 3 * MAX_SIDE**2


def pack_floats(values: npt.NDArray[np.float32]) -> str:
    """float32 values of any shape as text, lossless: bytes of equal weight side by side, then `pack_bytes`."""
    planes = np.ascontiguousarray(values, dtype="<f4").reshape(-1, 1).view(np.uint8).T
    return pack_bytes(planes.tobytes())


def unpack_floats(text: object, shape: Sequence[int], what: str) -> npt.NDArray[np.float32]:
    """The values, float32 of that shape, that `pack_floats` wrote. Raises `DataError` when they are not of that shape.

    `what` names it in the error.
    """
    planes = np.frombuffer(unpack_bytes(text, 4 * math.prod(shape), what), np.uint8).reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<f4").reshape(shape).astype(np.float32)


def pack_bytes(content: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(zlib.compress(content, 9)).decode()


def unpack_bytes(text: object, size: int, what: str) -> bytes:
    """Exactly `size` bytes that `pack_bytes` wrote. Raises `DataError` when they are more, fewer, or damaged."""
    check(isinstance(text, str) and size <= MAX_BYTES, f"a {what} is too large")
    assert isinstance(text, str)
    try:
        stream = zlib.decompressobj()
        content = stream.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error, ValueError):
        raise DataError(f"a {what} is damaged") from None
    check(stream.eof and len(content) == size, f"a {what} is damaged")
    return content


def picture_shape(value: object, what: str) -> tuple[int, ...]:
    """(C, H, W) from plain data. Raises `DataError` when no model's picture has that shape."""
    check(
        isinstance(value, list) and len(value) == 3 and all(is_whole(side, 1, MAX_SIDE) for side in value),
        f"a {what}'s shape is out of range",
    )
    assert isinstance(value, list)
    return tuple(value)
