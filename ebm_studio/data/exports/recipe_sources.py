"""What a recipe's chains start from, and the photos beside them: as plain data, small and bounded.

Latents of a seed are written by their numbers, others whole. Free of torch, as recipes are.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ebm_studio.core.checks import is_whole
from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import MAX_CHAINS
from ebm_studio.data.models.latent import FromSeed, Latent
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.data.storage.plain_data import check, is_text

MAX_NAME = 200
MAX_SIDE = 128
"""Pixels of the largest model's picture."""
MAX_LATENT_BYTES = 4 * 3 * MAX_SIDE**2


@dataclass(frozen=True, slots=True)
class Seeds:
    """Chains `first` to `first + count - 1` of a seed: a short way to write many latents."""

    seed: int
    first: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        FromSeed(self.seed, self.first)
        check(is_whole(self.count, 1, MAX_CHAINS - self.first), "its number of chains is out of range")


Source = Seeds | Latent
"""A latent that is not of a seed is kept whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Original:
    """A photo as the model saw it, to be shown beside its reconstruction. Nobody writes to it."""

    pixels: Pixels = field(repr=False)
    """uint8 (C, H, W)."""
    unknown: npt.NDArray[np.bool_] | None = field(default=None, repr=False)
    """(H, W), True where the photo was to be filled in; None when all of it was known."""

    def __post_init__(self) -> None:
        check(self.unknown is None or self.unknown.shape == self.pixels.shape[1:], "a photo's mask has the wrong shape")

    def filled(self, picture: Pixels) -> Pixels:
        """The photo with its unknown part out of a picture (C, H, W); all of the picture when all was known."""
        return picture if self.unknown is None else np.where(self.unknown, picture, self.pixels)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        data = {"shape": list(self.pixels.shape), "pixels": _pack(self.pixels.tobytes())}
        if self.unknown is not None:
            data["unknown"] = _pack(np.packbits(self.unknown).tobytes())
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Original:
        """The photo that `to_dict` wrote. Raises `DataError`."""
        shape = _shape(data["shape"], "photo")
        pixels = np.frombuffer(_unpack(data["pixels"], math.prod(shape), "photo"), np.uint8).reshape(shape)
        if "unknown" not in data:
            return cls(pixels)
        size = shape[1] * shape[2]
        bits = np.frombuffer(_unpack(data["unknown"], -(-size // 8), "photo"), np.uint8)
        return cls(pixels, np.unpackbits(bits, count=size).reshape(shape[1:]).astype(bool))


def sources_of(latents: Sequence[Latent]) -> tuple[Source, ...]:
    """Latents as a recipe keeps them: those of a seed by their numbers, neighbours together, others whole."""
    sources: list[Source] = []
    for latent in latents:
        origin, last = latent.origin, sources[-1] if sources else None
        if not isinstance(origin, FromSeed):
            sources.append(latent)
        elif isinstance(last, Seeds) and (last.seed, last.first + last.count) == (origin.seed, origin.chain):
            sources[-1] = Seeds(last.seed, last.first, last.count + 1)
        else:
            sources.append(Seeds(origin.seed, origin.chain))
    return tuple(sources)


def source_to_dict(source: Source) -> dict[str, Any]:
    """A source as plain data, ready for JSON."""
    if isinstance(source, Seeds):
        return asdict(source)
    return {**source.to_dict(), "shape": list(source.z.shape), "z": pack(source.z)}


def source_from_dict(data: dict[str, Any]) -> Source:
    """The source that `source_to_dict` wrote. Raises `StudioError`."""
    if "z" not in data:
        return Seeds(**data)
    shape = _shape(data["shape"], "latent")
    return Latent.from_dict({k: v for k, v in data.items() if k not in ("shape", "z")}, unpack(data["z"], shape))


def pack(z: npt.NDArray[np.float32]) -> str:
    """float32 values as text, lossless: bytes of equal weight side by side, deflated, base 64."""
    planes = np.ascontiguousarray(z, dtype="<f4").reshape(-1, 1).view(np.uint8).T
    return _pack(planes.tobytes())


def unpack(text: str, shape: Sequence[int]) -> npt.NDArray[np.float32]:
    """The values that `pack` wrote. Raises `DataError` when they are not of that shape; never unpacks more."""
    planes = np.frombuffer(_unpack(text, 4 * math.prod(shape), "latent"), np.uint8).reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<f4").reshape(shape).astype(np.float32)


def _pack(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _unpack(text: str, size: int, what: str) -> bytes:
    """Exactly `size` bytes, or `DataError`."""
    try:
        check(isinstance(text, str) and size <= MAX_LATENT_BYTES, f"a {what} is too large")
        stream = zlib.decompressobj()
        content = stream.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error, ValueError):
        raise DataError(f"a {what} is damaged") from None
    check(stream.eof and len(content) == size, f"a {what} is damaged")
    return content


def _shape(value: object, what: str) -> tuple[int, ...]:
    check(
        isinstance(value, list) and len(value) == 3 and all(is_whole(side, 1, MAX_SIDE) for side in value),
        f"a {what}'s shape is out of range",
    )
    assert isinstance(value, list)
    return tuple(value)


def is_name(value: object) -> bool:
    """Whether a value is a name, or other text of a line."""
    return bool(value) and is_text(value, MAX_NAME)
