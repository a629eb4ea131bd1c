"""What a recipe's chains start from, and the photos beside them: as plain data, small and bounded.

Latents of a seed are written by their numbers, others whole. Free of torch, as recipes are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ebm_studio.core.checks import is_whole
from ebm_studio.core.specs import MAX_CHAINS
from ebm_studio.data.models.latent import FromSeed, Latent
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.data.storage.packed_arrays import pack_bytes, picture_shape, unpack_bytes
from ebm_studio.data.storage.plain_data import Seed, check


@dataclass(frozen=True, slots=True)
class Seeds:
    """Chains `first` to `first + count - 1` of a seed: a short way to write many latents."""

    kind: ClassVar[str] = "seeds"
    seed: Seed
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
        data = {"shape": list(self.pixels.shape), "pixels": pack_bytes(self.pixels.tobytes())}
        if self.unknown is not None:
            data["unknown"] = pack_bytes(np.packbits(self.unknown).tobytes())
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Original:
        """The photo that `to_dict` wrote. Raises `DataError`."""
        shape = picture_shape(data["shape"], "photo")
        pixels = np.frombuffer(unpack_bytes(data["pixels"], math.prod(shape), "photo"), np.uint8).reshape(shape)
        if "unknown" not in data:
            return cls(pixels)
        size = shape[1] * shape[2]
        bits = np.frombuffer(unpack_bytes(data["unknown"], -(-size // 8), "photo"), np.uint8)
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


def count_of(sources: Sequence[Source]) -> int:
    """The number of latents."""
    return sum(source.count if isinstance(source, Seeds) else 1 for source in sources)
