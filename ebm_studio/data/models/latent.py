"""Latents as files: a start noise z, where it came from, and the model and short run it belongs to.

A file is safetensors with one tensor, `z`, float32 (C, H, W), and the rest as JSON in its header.
Free of torch, since the shelf is part of the window.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.core.specs import MAX_CHAINS, SIZES, Mode, PathKind, ShortRun, check_seed
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.packed_arrays import pack_floats, picture_shape, unpack_floats
from ebm_studio.data.storage.plain_data import MAX_NUMBER, is_text, parse
from ebm_studio.data.storage.safetensors_file import open_tensors, text_in

FORMAT = 1
SUFFIX = ".safetensors"
KEY = "ebm_studio_latent"
LATENT = FileKind("latent file", 2**20, DataError)
"""The largest latent, 3 x 128 x 128, takes a fifth of that."""
MAX_VALUE = 1000.0
MAX_TEXT = 1000

Noise = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FromSeed:
    """Chain `chain` of a seed."""

    kind: ClassVar[str] = "seed"
    seed: int
    chain: int = 0

    def __post_init__(self) -> None:
        check_seed(self.seed)
        _check(type(self.chain) is int and 0 <= self.chain < MAX_CHAINS, "its chain is out of range")


@dataclass(frozen=True, slots=True)
class FromPhoto:
    """The reconstruction of a photo."""

    kind: ClassVar[str] = "photo"
    name: str
    """The file's name without its folder."""
    mode: Mode = "free"
    error: float = 0.0
    """Mean squared error per pixel and channel, images in [-1, 1]."""

    def __post_init__(self) -> None:
        _check(_is_text(self.name), "its photo has no name")
        _check(self.mode in get_args(Mode), "its photo was found in an unknown way")
        _check(_is_number(self.error), "its error is not a number")


@dataclass(frozen=True, slots=True)
class FromPath:
    """A point between other latents."""

    kind: ClassVar[str] = "interpolation"
    ends: tuple[str, ...]
    """What lies at the path's ends and stops, in words such as seed:7 or a photo's name."""
    path: PathKind = "paper"
    position: float = 0.0
    """Rho."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ends", tuple(self.ends))
        _check(2 <= len(self.ends) <= 64 and all(map(_is_text, self.ends)), "its path has no ends")
        _check(self.path in get_args(PathKind) and _is_number(self.position), "its path is unknown")


Origin = FromSeed | FromPhoto | FromPath
_ORIGINS: dict[str, type[FromSeed] | type[FromPhoto] | type[FromPath]] = {
    origin.kind: origin for origin in (FromSeed, FromPhoto, FromPath)
}


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """A start noise and what it was made for. Nobody writes to z."""

    kind: ClassVar[str] = "latent"
    z: Noise
    """float32 (C, H, W)."""
    origin: Origin
    model: str
    """The model's name."""
    model_hash: str
    """`Model.fingerprint`: the same for the same weights, whatever the file is called."""
    short_run: ShortRun

    def __post_init__(self) -> None:
        z = np.array(self.z, dtype=np.float32)
        channels, height, width = z.shape if z.ndim == 3 else (0, 0, 0)
        _check(
            channels in (1, 3) and height == width and height in SIZES,
            "it does not have the shape of a model's picture",
        )
        _check(bool(np.isfinite(z).all()) and float(np.abs(z).max()) <= MAX_VALUE, "its values are out of range")
        _check(_is_text(self.model) and _is_text(self.model_hash), "its model has no name")
        z.flags.writeable = False
        object.__setattr__(self, "z", z)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, ready for JSON, z packed."""
        return {**self.about(), "shape": list(self.z.shape), "z": pack_floats(self.z)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Latent:
        """The latent that `to_dict` wrote. Raises `DataError` or `SettingsError` when it is not one."""
        rest = dict(data)
        shape = picture_shape(rest.pop("shape", None), "latent")
        return cls.of(rest, unpack_floats(rest.pop("z", None), shape, "latent"))

    def about(self) -> dict[str, Any]:
        """All but z as plain data, ready for JSON."""
        return {
            "format": FORMAT,
            "origin": {"kind": self.origin.kind, **asdict(self.origin)},
            "model": self.model,
            "model_hash": self.model_hash,
            "short_run": self.short_run.to_dict(),
        }

    @classmethod
    def of(cls, data: object, z: Noise) -> Latent:
        """The latent with this z, float32 (C, H, W), that `about` describes. Raises as `from_dict`."""
        _check(isinstance(data, dict), "its description is not a table")
        assert isinstance(data, dict)
        _check(data.get("format") == FORMAT, f"this program reads format {FORMAT} of latents")
        try:
            origin = dict(data["origin"])
            return cls(
                z=z,
                origin=_ORIGINS[origin.pop("kind")](**origin),
                model=data["model"],
                model_hash=data["model_hash"],
                short_run=ShortRun.from_dict(data["short_run"]),
            )
        except (KeyError, TypeError, ValueError):
            raise DataError("its description is damaged") from None


def save_latent(path: Path, latent: Latent) -> None:
    """Write a latent whole or not at all. Raises `StudioError`."""
    metadata = {KEY: json.dumps(latent.about())}
    content = safetensors.numpy.save({"z": np.ascontiguousarray(latent.z)}, metadata)
    write_whole(path, lambda file: file.write_bytes(content))


def read_latent(path: Path) -> Latent:
    """The latent in a file. Raises `DataError` for anything that is not one."""
    with open_tensors(path, LATENT) as file:
        text = text_in(file, KEY)
        if text is None or list(file.keys()) != ["z"] or file.get_slice("z").get_dtype() != "F32":
            raise DataError(f"{path} is not an EBM Studio latent.")
        z = file.get_tensor("z")
    try:
        return Latent.of(parse(text), z)
    except (DataError, SettingsError) as error:
        raise DataError(f"{path} cannot be used: {str(error).rstrip('.')}.") from None


def is_latent_file(path: Path) -> bool:
    """Whether a file says in its header that it is a latent. Nothing else of it is checked."""
    if path.suffix.lower() != SUFFIX:
        return False
    try:
        with open_tensors(path, LATENT) as file:
            return KEY in (file.metadata() or {})
    except DataError:
        return False


def _check(ok: bool, message: str) -> None:
    if not ok:
        raise DataError(message)


def _is_text(value: object) -> bool:
    return is_text(value, MAX_TEXT)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER
