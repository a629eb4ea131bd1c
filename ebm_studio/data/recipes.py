"""What made a file, kept inside it, so that anybody can make it again.

A recipe is data, never code: JSON of a known format and size, each field checked. It travels in a
GIF's comment, a PNG's text, the Exif description of WebP, JPEG and TIFF, the comment tag of an MP4,
or in a side file where a format has no place for it. Free of torch: the window reads what is dropped
on it before torch is loaded.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from PIL import Image

from ebm_studio import __version__
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.core.specs import MAX_CHAINS, MAX_STOPS, Interpolation, ShortRun
from ebm_studio.data.cards import Card, find_model, read_card
from ebm_studio.data.frames import Look
from ebm_studio.data.latents import FromSeed, Latent
from ebm_studio.data.mp4 import read_comment
from ebm_studio.data.pictures import MAX_PIXELS

Kind = Literal["samples", "chain", "interpolation"]

FORMAT = 1
MARK = "ebm_studio_recipe"
SIDE = ".recipe.json"
MAX_TEXT = 1_000_000
"""Bytes of a recipe inside a file: what readers of PNG text accept."""
MAX_SIDE_TEXT = 16_000_000
MAX_NAME = 200
MAX_LATENT_BYTES = 4 * 3 * 128 * 128
DESCRIPTION = 0x010E  # Exif's ImageDescription
FORMATS = ("GIF", "PNG", "WEBP", "JPEG", "TIFF", "BMP")


@dataclass(frozen=True, slots=True)
class Seeds:
    """Chains `first` to `first + count - 1` of a seed: a short way to write many latents."""

    seed: int
    first: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        FromSeed(self.seed, self.first)
        _check(_whole(self.count, 1, MAX_CHAINS - self.first), "its number of chains is out of range")


Source = Seeds | Latent
"""A latent that is not of a seed is kept whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """All that made a file. The same recipe, model, program and device make the same pictures."""

    kind: Kind
    """`samples` shows the ends of chains, `chain` every step, `interpolation` a path over the latents."""
    model: str
    """The model's name."""
    model_hash: str
    """`Model.fingerprint`."""
    short_run: ShortRun
    sources: tuple[Source, ...]
    """The latents, or the stops of the path."""
    path: Interpolation | None = None
    look: Look
    made_with: tuple[tuple[str, str], ...] = ()
    """Programs and their versions."""

    def __post_init__(self) -> None:
        _check(self.kind in get_args(Kind), f"this program does not know the kind {str(self.kind)[:MAX_NAME]!r}")
        _check(_text(self.model) and _text(self.model_hash), "its model has no name or no hash")
        most = MAX_STOPS if self.kind == "interpolation" else MAX_CHAINS
        _check(1 <= self.count <= most, f"it has {self.count} latents; the most is {most}")
        _check((self.path is not None) == (self.kind == "interpolation"), "its path and its kind do not go together")

    @property
    def count(self) -> int:
        """The number of latents."""
        return sum(source.count if isinstance(source, Seeds) else 1 for source in self.sources)

    def to_json(self) -> str:
        """The recipe as ASCII text. The same recipe gives the same text."""
        data = {
            MARK: FORMAT,
            "kind": self.kind,
            "model": self.model,
            "model_hash": self.model_hash,
            "short_run": self.short_run.to_dict(),
            "latents": [_source_to_dict(source) for source in self.sources],
            "path": self.path.to_dict() if self.path else None,
            "look": self.look.to_dict(),
            "made_with": dict(self.made_with),
        }
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The recipe that `to_json` wrote. Raises `DataError` for anything else."""
        try:
            return cls._from_dict(json.loads(text, parse_constant=_refuse))
        except StudioError as error:
            raise DataError(f"Its recipe cannot be used: {str(error)[:MAX_NAME].rstrip('.')}.") from None
        except (ValueError, RecursionError):
            raise DataError("Its recipe is damaged: it is not JSON.") from None
        except (KeyError, TypeError, AttributeError, OverflowError):
            raise DataError("Its recipe is damaged: something in it is missing, or not what it should be.") from None

    @classmethod
    def _from_dict(cls, data: Any) -> Self:
        _check(isinstance(data, dict) and MARK in data, "it is not a recipe of EBM Studio")
        _check(data[MARK] == FORMAT, f"this program reads recipes of format {FORMAT}, not {str(data[MARK])[:20]}")
        known = {MARK, "kind", "model", "model_hash", "short_run", "latents", "path", "look", "made_with"}
        _check(set(data) <= known, "it has fields that this program does not know")
        made_with = data["made_with"]
        _check(
            len(made_with) <= 20 and all(_text(key) and _text(value) for key, value in made_with.items()),
            "its versions are not names and numbers",
        )
        _check(isinstance(data["latents"], list), "its latents are not a list")
        return cls(
            kind=data["kind"],
            model=data["model"],
            model_hash=data["model_hash"],
            short_run=ShortRun.from_dict(data["short_run"]),
            sources=tuple(_source_from_dict(source) for source in data["latents"]),
            path=Interpolation.from_dict(data["path"]) if data["path"] is not None else None,
            look=Look.from_dict(data["look"]),
            made_with=tuple(made_with.items()),
        )


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


def versions(**more: str) -> tuple[tuple[str, str], ...]:
    """What a recipe says it was made with: this program, and `more`."""
    return (("ebm_studio", __version__), *more.items())


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file, or in the side file next to it. Raises `DataError` when there is none, or a bad one."""
    try:
        text = _find_text(path)
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if text is None:
        raise DataError(f"{path} holds no recipe: EBM Studio did not export it, or another program saved it again.")
    try:
        return Recipe.from_json(text)
    except DataError as error:
        raise DataError(f"{path} cannot be replayed. {error}") from None


def holds_recipe(path: Path) -> bool:
    """Whether a file has a recipe, good or bad, in it or beside it. A quick look, for files dropped on the window."""
    if path.suffix.lower() == ".json" and not path.name.endswith(SIDE):
        return False
    try:
        return path.is_file() and _find_text(path) is not None
    except (OSError, DataError):
        return False


def side_file(path: Path) -> Path:
    """Where the recipe of a file is that cannot hold it."""
    return path.with_name(path.name + SIDE)


def find_recipe_model(recipe: Recipe, beside: Path) -> Path:
    """The file of a recipe's model: a bundled one, or one of that name beside the recipe or in the current folder.

    Raises `DataError` when there is none. Whether it is the same model, `check_same_model` tells.
    """
    try:
        if Path(recipe.model).name == recipe.model and not Path(recipe.model).suffix:
            return find_model(recipe.model)
    except StudioError:
        pass
    for folder in (beside.parent, Path.cwd()):
        for file in sorted(folder.glob("*.safetensors")):
            try:
                if read_card(file).name == recipe.model:
                    return file
            except StudioError:  # a latent, a model of another program
                continue
    raise DataError(
        f"{beside} was made with the model {recipe.model[:MAX_NAME]} (hash {recipe.model_hash[:16]}), "
        "which is not here: give its file with --model."
    )


def check_same_model(recipe: Recipe, card: Card, fingerprint: str) -> None:
    """Raises `DataError` when the model is not the recipe's."""
    if recipe.model_hash != fingerprint:
        raise DataError(
            f"The recipe was made with another model: it wants {recipe.model[:MAX_NAME]} with hash "
            f"{recipe.model_hash[:16]}, and {card.name} has {fingerprint}. Give the right file with --model."
        )


def _find_text(path: Path) -> bytes | str | None:
    with path.open("rb") as file:
        head = file.read(16)
    text: bytes | str | None = None
    if path.suffix.lower() == ".json":
        text = _read_bounded(path)
    elif head[4:8] == b"ftyp":
        text = read_comment(path, MAX_TEXT)
    else:
        text = _text_of_picture(path)
    if text is None and side_file(path).is_file():
        text = _read_bounded(side_file(path))
    return text


def _read_bounded(path: Path) -> bytes:
    if path.stat().st_size > MAX_SIDE_TEXT:
        raise DataError(f"{path} is not a recipe: it is too large.")
    return path.read_bytes()


def _text_of_picture(path: Path) -> bytes | str | None:
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            found = [image.info.get("comment"), image.info.get(MARK), image.getexif().get(DESCRIPTION)]
    except FileNotFoundError:
        raise
    except Exception:  # Pillow's readers raise whatever a broken file drives them to
        raise DataError(f"{path} is not a picture or film that this program can read.") from None
    for text in found:
        if isinstance(text, str | bytes) and len(text) <= MAX_TEXT:
            start = text[:40] if isinstance(text, str) else text[:40].decode("latin-1")
            if MARK in start:
                return text
    return None


def _source_to_dict(source: Source) -> dict[str, Any]:
    if isinstance(source, Seeds):
        return asdict(source)
    return {**source.to_dict(), "shape": list(source.z.shape), "z": pack(source.z)}


def _source_from_dict(data: dict[str, Any]) -> Source:
    if "z" not in data:
        return Seeds(**data)
    shape = data["shape"]
    _check(
        isinstance(shape, list) and len(shape) == 3 and all(_whole(side, 1, 128) for side in shape),
        "a latent's shape is out of range",
    )
    return Latent.from_dict({k: v for k, v in data.items() if k not in ("shape", "z")}, unpack(data["z"], shape))


def pack(z: np.typing.NDArray[np.float32]) -> str:
    """float32 values as text, lossless: bytes of equal weight side by side, deflated, base 64."""
    planes = np.ascontiguousarray(z, dtype="<f4").reshape(-1, 1).view(np.uint8).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


def unpack(text: str, shape: Sequence[int]) -> np.typing.NDArray[np.float32]:
    """The values that `pack` wrote. Raises `DataError` when they are not of that shape; never unpacks more."""
    size = 4 * math.prod(shape)
    try:
        _check(isinstance(text, str) and size <= MAX_LATENT_BYTES, "a latent is too large")
        stream = zlib.decompressobj()
        content = stream.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error, ValueError):
        raise DataError("a latent is damaged") from None
    _check(stream.eof and len(content) == size, "a latent is damaged")
    planes = np.frombuffer(content, np.uint8).reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<f4").reshape(shape).astype(np.float32)


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _check(ok: bool, message: str) -> None:
    if not ok:
        raise DataError(message)


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
