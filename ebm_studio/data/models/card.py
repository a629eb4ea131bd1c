"""A model's card: what it is, how it was made, how to sample it. Read from the file's header, without torch."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import platformdirs

from ebm_studio.core.errors import CheckpointError, DataError, SettingsError, StudioError
from ebm_studio.core.evaluation.figures import Figures, Health
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.storage.bundle import CHECKPOINTS
from ebm_studio.data.storage.hub import cached_file, fetch_file, is_hub_name
from ebm_studio.data.storage.outside import FileKind, kind_of_place, path_of
from ebm_studio.data.storage.plain_data import build, parse
from ebm_studio.data.storage.progress import Progress
from ebm_studio.data.storage.safetensors_file import open_tensors, text_in

FORMAT = 1
SUFFIX = ".safetensors"
PICKLES = (".pt", ".pth", ".ckpt", ".bin")
KEY = "ebm_studio"
"""Of the card in the file's header."""
MODEL = FileKind("model file", 2**30, CheckpointError)


class NoCardError(CheckpointError):
    """Weights that say nothing of themselves: see `data.models.foreign`."""


@dataclass(frozen=True, kw_only=True)
class DataCard:
    """The training set of a model."""

    name: str = "unknown"
    size: int = 32
    channels: int = 3
    count: int = 0
    """The number of training images."""
    held_out: int = 0
    """Images kept from training for good: the last ones in name order, of each folder by its share."""
    held_out_rows: str = ""
    """Which they are, as ranges of rows counted from 0 in name order: "264-285, 690"."""
    licence: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9, -]*", self.held_out_rows):
            raise DataError("its held-out rows are not ranges")


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a checkpoint says of itself."""

    name: str
    net: NetSpec
    short_run: ShortRun
    data: DataCard = field(default_factory=DataCard)
    trained_step: float | None = None
    """The step size of training, where `ebm-studio calibrate` found another to draw with."""
    learning: Learning | None = None
    updates: int = 0
    seconds: float = 0.0
    """Time spent in training."""
    health: Health | None = None
    """Means over the last hundred updates."""
    figures: Figures | None = None
    """What `ebm-studio evaluate` found of these weights at this short run."""
    command: str = ""
    """The command that made it."""
    machine: str = ""
    """What it was made on."""
    note: str = ""
    """Known weaknesses, and anything else a person should know."""
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.trained_step is not None:
            self.training_run()

    def training_run(self) -> ShortRun:
        """The short run that the weights were trained with. Training continues with this one: at the larger step of
        drawing it may diverge. Raises `SettingsError`.
        """
        step_size = self.short_run.step_size if self.trained_step is None else self.trained_step
        return replace(self.short_run, step_size=step_size)

    def to_dict(self) -> dict[str, Any]:
        """The card as plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """The card that `to_dict` wrote. Raises `CheckpointError` when it is not one."""
        if not isinstance(data, dict):
            raise CheckpointError("its card is not a table")
        if data.get("format") != FORMAT:
            raise CheckpointError(
                f"its card has format {str(data.get('format'))[:20]}, but this program reads format {FORMAT}"
            )
        try:
            return build(cls, data, "its card")
        except (DataError, SettingsError) as error:
            raise CheckpointError(f"its card is damaged ({str(error).rstrip('.')})") from None


def read_card(path: Path) -> Card:
    """The card in a model file's header; the weights are not read.

    Raises `CheckpointError`, a `NoCardError` for weights of another program.
    """
    with open_tensors(path, MODEL) as file:
        text = text_in(file, KEY)
    if text is None:
        raise NoCardError(f"{path} has no EBM Studio card: it is a file from another program.")
    try:
        return Card.from_dict(parse(text))
    except StudioError as error:
        raise CheckpointError(f"{path} cannot be used: {str(error).rstrip('.')}.") from None


def read_picture_card(path: Path) -> Card:
    """Like `read_card`, but for a model of pictures: a landscape raises `CheckpointError`."""
    card = read_card(path)
    if not card.net.size:
        raise CheckpointError(f"{path} is a landscape, a model of points in the plane: it does not draw pictures.")
    return card


def has_card(path: Path) -> bool:
    """Whether a model file has a card, good or bad. Raises `CheckpointError` when it cannot be opened."""
    if path.suffix.lower() in PICKLES:
        return False
    with open_tensors(path, MODEL) as file:
        return KEY in (file.metadata() or {})


def fetch_model(name: str, progress: Progress | None = None) -> Path:
    """Like `find_model`, but what is on the hub is fetched first. Raises `CheckpointError`."""
    if is_hub_name(name):
        fetch_file(name, MODEL.most, progress)
    return find_model(name)


def find_model(name: str) -> Path:
    """The file of a bundled model's name, of a path, or of what was fetched from the hub. Raises `CheckpointError`."""
    if is_hub_name(name):
        return cached_file(name)
    bundled = {path.stem: path for path in bundled_models()}
    if name in bundled:
        return bundled[name]
    path = path_of(name, CheckpointError)
    if not kind_of_place(path) and not os.path.islink(path) and path.name == name and not path.suffix:
        raise CheckpointError(f"There is no model {name}: give a file, or a bundled model ({', '.join(bundled)}).")
    MODEL.check(path)
    return path


def bundled_models() -> list[Path]:
    """The models that come with the program, by name."""
    return sorted(CHECKPOINTS.glob(f"*{SUFFIX}"))


def user_models_folder() -> Path:
    """Where a person's own models are."""
    return Path(platformdirs.user_data_path("ebm-studio", appauthor=False)) / "models"


def user_models() -> list[Path]:
    """A person's own models, by name."""
    return sorted(user_models_folder().glob(f"*{SUFFIX}"))


def new_user_model(name: str) -> Path:
    """A file that is not there yet, for a further model of a person's own."""
    folder = user_models_folder()
    names = (name if n == 1 else f"{name}-{n}" for n in itertools.count(1))
    return next(path for path in (folder / f"{name}{SUFFIX}" for name in names) if not path.exists())


def is_landscape_card(path: Path) -> bool:
    """Whether a file is a landscape, a model of points in the plane: a quick look at its card."""
    if path.suffix.lower() != SUFFIX:
        return False
    try:
        return not read_card(path).net.size
    except CheckpointError:
        return False


def is_model_file(path: Path) -> bool:
    """Whether the name is that of a model file, ours or a pickled state_dict."""
    return path.suffix.lower() in (SUFFIX, *PICKLES)
