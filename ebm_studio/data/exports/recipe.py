"""What made a file, kept inside it, so that anybody can make it again.

A recipe is data, never code: JSON of a known format and size, each field checked. It travels in a
GIF's comment, a PNG's text, the Exif description of WebP, JPEG and TIFF, the comment tag of an MP4,
or in a side file where a format has no place for it. Free of torch: the window reads what is dropped
on it before torch is loaded.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, Self, get_args

from ebm_studio import __version__
from ebm_studio.core.checks import is_whole
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.core.specs import MAX_CHAINS, MAX_STOPS, Interpolation, ShortRun
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.exports.mp4 import read_comment
from ebm_studio.data.exports.recipe_sources import (
    MAX_NAME,
    Original,
    Seeds,
    Source,
    is_name,
    source_from_dict,
    source_to_dict,
)
from ebm_studio.data.models.card import SUFFIX as MODEL_SUFFIX
from ebm_studio.data.models.card import Card, bundled_models, read_card
from ebm_studio.data.pictures.decoding import opened
from ebm_studio.data.storage.outside import FileKind, kind_of_place
from ebm_studio.data.storage.plain_data import check, parse

Kind = Literal["samples", "chain", "interpolation"]
Subject = Literal["chains", "latents", "path", "comparison", "reconstructions"]
"""Chains of a seed, latents one by one, a path over latents, two sides, photos with their reconstructions."""

FORMAT = 1
MARK = "ebm_studio_recipe"
LANDSCAPE = "landscape"
"""The kind of `data.exports.landscape_recipe`."""
SUFFIX = ".recipe.json"
MAX_TEXT = 1_000_000
"""Bytes of a recipe inside a file: what readers of PNG text accept."""
EXPORT = FileKind("file", 2**31, DataError)
SIDE_FILE = FileKind("recipe", 16_000_000, DataError)
DESCRIPTION = 0x010E  # Exif's ImageDescription
NAMELESS = "its model has no name or no hash"
FIELDS = frozenset({MARK, "kind", "model", "model_hash", "short_run", "latents", "path", "look", "made_with"})
MORE_FIELDS = frozenset({"step", "other", "photos"})
FORMATS = ("GIF", "PNG", "WEBP", "JPEG", "TIFF", "BMP")


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A model and a short run: what turns latents into pictures."""

    model: str
    """The model's name."""
    model_hash: str
    """`Model.fingerprint`."""
    short_run: ShortRun

    def __post_init__(self) -> None:
        check(is_name(self.model) and is_name(self.model_hash), NAMELESS)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        return {"model": self.model, "model_hash": self.model_hash, "short_run": self.short_run.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Side:
        """The side that `to_dict` wrote. Raises `StudioError`."""
        run = ShortRun.from_dict(data["short_run"])
        return cls(model=data["model"], model_hash=data["model_hash"], short_run=run)


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
    step: int | None = None
    """The step at which a path is shown; None is the end of the chains."""
    other: Side | None = None
    """Of a comparison: what runs from the same latents, or seeds, and is shown beside."""
    photos: tuple[Original, ...] = ()
    """Of reconstructions: what the latents were found for, shown beside."""
    look: Look
    made_with: tuple[tuple[str, str], ...] = ()
    """Programs and their versions."""

    def __post_init__(self) -> None:
        check(self.kind in get_args(Kind), f"this program does not know the kind {str(self.kind)[:MAX_NAME]!r}")
        check(is_name(self.model) and is_name(self.model_hash), NAMELESS)
        most = MAX_STOPS if self.kind == "interpolation" else MAX_CHAINS
        check(1 <= self.count <= most, f"it has {self.count} latents; the maximum is {most}")
        is_path = self.kind == "interpolation"
        check((self.path is not None) == is_path, "its path does not fit its kind")
        check(self.step is None or (is_path and is_whole(self.step, 0, self.short_run.steps)), "its step is wrong")
        check(self.other is None or not is_path, "a path cannot be compared")
        beside = len(self.photos)
        check(not beside or (beside == self.count and not is_path and self.other is None), "it has too many photos")
        check(len({photo.pixels.shape for photo in self.photos}) <= 1, "its photos have different sizes")

    @property
    def own(self) -> Side:
        """Its first model and short run."""
        return Side(model=self.model, model_hash=self.model_hash, short_run=self.short_run)

    @property
    def subject(self) -> Subject:
        """What a page shows again of it. This is the one place that tells."""
        seeds = self.sources[0] if len(self.sources) == 1 and isinstance(self.sources[0], Seeds) else None
        if self.other is not None and seeds is not None and seeds.first == 0:
            return "comparison"
        if self.photos:
            return "reconstructions"
        if self.path is not None:
            return "path"
        return "latents" if seeds is None else "chains"

    @property
    def count(self) -> int:
        """The number of latents."""
        return sum(source.count if isinstance(source, Seeds) else 1 for source in self.sources)

    @property
    def sides(self) -> tuple[Side, ...]:
        """Its model and short run, and those that they are compared with."""
        return (self.own,) if self.other is None else (self.own, self.other)

    def to_json(self) -> str:
        """The recipe as ASCII text. The same recipe gives the same text."""
        data: dict[str, Any] = {
            MARK: FORMAT,
            "kind": self.kind,
            **self.own.to_dict(),
            "latents": [source_to_dict(source) for source in self.sources],
            "path": self.path.to_dict() if self.path else None,
            "look": self.look.to_dict(),
            "made_with": dict(self.made_with),
        }
        if self.step is not None:
            data["step"] = self.step
        if self.other is not None:
            data["other"] = self.other.to_dict()
        if self.photos:
            data["photos"] = [photo.to_dict() for photo in self.photos]
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The recipe that `to_json` wrote. Raises `DataError` for anything else."""
        try:
            return cls._from_dict(parse(text))
        except StudioError as error:
            raise DataError(f"Its recipe cannot be used: {str(error)[:MAX_NAME].rstrip('.')}.") from None
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
            raise DataError("Its recipe is damaged: something in it is missing or wrong.") from None

    @classmethod
    def _from_dict(cls, data: Any) -> Self:
        check(isinstance(data, dict) and MARK in data, "it is not a recipe of EBM Studio")
        check(data[MARK] == FORMAT, f"this program reads recipes of format {FORMAT}, not {str(data[MARK])[:20]}")
        check(set(data) <= FIELDS | MORE_FIELDS, "it has fields that this program does not know")
        made_with = data["made_with"]
        check(
            len(made_with) <= 20 and all(is_name(key) and is_name(value) for key, value in made_with.items()),
            "its versions are not names and numbers",
        )
        check(isinstance(data["latents"], list), "its latents are not a list")
        check(isinstance(data.get("photos", []), list), "its photos are not a list")
        return cls(
            kind=data["kind"],
            model=data["model"],
            model_hash=data["model_hash"],
            short_run=ShortRun.from_dict(data["short_run"]),
            sources=tuple(source_from_dict(source) for source in data["latents"]),
            path=Interpolation.from_dict(data["path"]) if data["path"] is not None else None,
            step=data.get("step"),
            other=Side.from_dict(data["other"]) if "other" in data else None,
            photos=tuple(Original.from_dict(photo) for photo in data.get("photos", [])),
            look=Look.from_dict(data["look"]),
            made_with=tuple(made_with.items()),
        )


def made_here(device: str, backend: str, why: str, **more: str) -> tuple[tuple[str, str], ...]:
    """What a recipe says it was made with: this program and torch, a kind of device, a backend and why, and `more`."""
    torch, kind = metadata.version("torch"), device.split(":")[0]
    return versions(torch=torch, device=kind, backend=backend, backend_reason=why, **more)


def versions(**more: str) -> tuple[tuple[str, str], ...]:
    """What a recipe says it was made with: this program, and `more`."""
    return (("ebm_studio", __version__), *more.items())


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file, or in the side file next to it. Raises `DataError` when there is none, or a bad one."""
    text = find_text(path)
    if text is None:
        raise DataError(f"{path} contains no recipe: EBM Studio did not export it, or another program saved it again.")
    try:
        return Recipe.from_json(text)
    except DataError as error:
        raise DataError(f"{path} cannot be replayed. {error}") from None


def holds_recipe(path: Path) -> bool:
    """Whether a file has a recipe, good or bad, in it or beside it. A quick look, for files dropped on the window."""
    if path.suffix.lower() == ".json" and not path.name.endswith(SUFFIX):
        return False
    try:
        text = find_text(path)
        return text is not None and not _is_of_landscape(text)
    except DataError:
        return False


def side_file(path: Path) -> Path:
    """Where the recipe of a file is that cannot hold it."""
    return path.with_name(path.name + SUFFIX)


def find_recipe_model(side: Side, beside: Path) -> Path:
    """The file of a recipe's model: a bundled one, or one of that name beside the recipe or in the current folder.

    Raises `DataError` when there is none. `check_same_model` checks whether it is the same model.
    """
    bundled = {path.stem: path for path in bundled_models()}
    if side.model in bundled:
        return bundled[side.model]
    for folder in (beside.parent, Path.cwd()):
        for file in sorted(folder.glob(f"*{MODEL_SUFFIX}")):
            try:
                if read_card(file).name == side.model:
                    return file
            except StudioError:  # a latent, a model of another program
                continue
    raise DataError(
        f"{beside} was made with the model {side.model} (hash {side.model_hash[:16]}), "
        "which cannot be found: give its file with --model."
    )


def check_same_model(side: Side, card: Card, fingerprint: str) -> None:
    """Raises `DataError` when the model is not the recipe's."""
    if side.model_hash != fingerprint:
        raise DataError(
            f"The recipe was made with a different model: it needs {side.model} with hash {side.model_hash[:16]}, but "
            f"{card.name} has {fingerprint}. Give the right file with --model."
        )


def holds_landscape(path: Path) -> bool:
    """Whether a file was exported from a landscape: a quick look, like `holds_recipe`."""
    if path.suffix.lower() == ".json" and not path.name.endswith(SUFFIX):
        return False
    try:
        return os.path.isfile(path) and _is_of_landscape(find_text(path))
    except DataError:
        return False


def _is_of_landscape(text: bytes | str | None) -> bool:
    start = text[:100] if isinstance(text, str) else (text or b"")[:100].decode("latin-1")
    return f'"kind":"{LANDSCAPE}"' in start


def find_text(path: Path) -> bytes | str | None:
    """The text of a file's recipe, or of the side file next to it; None when there is none.

    Raises `DataError` for a file that cannot be read.
    """
    with EXPORT.open(path) as file:
        head = file.read(16)
    text: bytes | str | None = None
    if path.suffix.lower() == ".json":
        text = SIDE_FILE.read(path)
    elif head[4:8] == b"ftyp":
        text = read_comment(path, MAX_TEXT)
    else:
        text = _text_of_picture(path)
    if text is None and kind_of_place(side_file(path)) == "file":
        text = SIDE_FILE.read(side_file(path))
    return text


def _text_of_picture(path: Path) -> bytes | str | None:
    try:
        with opened(path, str(path), FORMATS) as image:
            found = [image.info.get("comment"), image.info.get(MARK), image.getexif().get(DESCRIPTION)]
    except DataError:
        raise DataError(f"{path} is not a picture or film that this program can read.") from None
    for text in found:
        if isinstance(text, str | bytes) and len(text) <= MAX_TEXT:
            start = text[:40] if isinstance(text, str) else text[:40].decode("latin-1")
            if MARK in start:
                return text
    return None
