"""Arrays out of MATLAB's .mat files of version 5: numbers only, with each size checked before it is used."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ebm_studio.core.errors import DataError

HEADER = 128
MAX_BYTES = 2**29
"""Of an array, unpacked."""
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""The element types that hold numbers, as NumPy calls them."""
NUMERIC_CLASSES = range(6, 16)
"""From double to uint64; cells, structs, objects and texts are below."""


def read_mat(raw: bytes, name: str) -> npt.NDArray[np.generic]:
    """The array called `name`, of the shape it has in MATLAB. Raises `DataError`."""
    order = {b"IM": "<", b"MI": ">"}.get(raw[HEADER - 2 : HEADER])
    if order is None:
        raise DataError("it is not a .mat file of version 5")
    try:
        for kind, data in _elements(raw[HEADER:], order):
            if kind == COMPRESSED:
                [(kind, data)] = _elements(_unpacked(data), order)
            if kind == MATRIX and (found := _array(data, order, name)) is not None:
                return found
    except (struct.error, ValueError, zlib.error) as error:
        raise DataError(f"it is damaged: {error}") from None
    raise DataError(f"it contains no array {name}")


def _elements(raw: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and data of each element: a tag of 8 bytes and then its data, or both in 8 bytes."""
    at = 0
    while at < len(raw):
        kind, size = struct.unpack_from(f"{order}II", raw, at)
        if kind >> 16:  # a small element: its size is in the upper half
            kind, size, start, step = kind & 0xFFFF, kind >> 16, at + 4, 8
        else:
            start = at + 8
            step = 8 + size + (0 if kind == COMPRESSED else -size % 8)
        data = raw[start : start + size]
        if len(data) != size or (step == 8 and size > 4 and start == at + 4):
            raise ValueError("it is cut short")
        yield kind, data
        at += step


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(data, MAX_BYTES)
    if not unpacker.eof:
        raise ValueError("an array is cut short, or too large")
    return raw


def _array(data: bytes, order: str, name: str) -> npt.NDArray[np.generic] | None:
    """The array of a matrix element; None when it has another name."""
    (_, flags), (_, sizes), (_, called), *parts = _elements(data, order)
    if called != name.encode():
        return None
    kind, numbers = parts[0]
    if flags[0 if order == "<" else 3] not in NUMERIC_CLASSES or kind not in NUMBERS or len(parts) != 1:
        raise ValueError(f"{name} is not an array of real numbers")
    shape = np.frombuffer(sizes, f"{order}i4").tolist()
    found = np.frombuffer(numbers, order + NUMBERS[kind])
    if min(shape, default=-1) < 0 or math.prod(shape) != found.size:
        raise ValueError(f"{name} has fewer or more numbers than its sizes say")
    return found.reshape(shape, order="F")
