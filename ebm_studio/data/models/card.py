"""A model's card: what it is, how it was made, how to sample it. Read from the file's header, without torch."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import platformdirs
import safetensors

from ebm_studio.core.errors import CheckpointError, SettingsError
from ebm_studio.core.evaluation.figures import Figures, Health
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.storage.bundle import CHECKPOINTS

FORMAT = 1
SUFFIX = ".safetensors"
PICKLES = (".pt", ".pth", ".ckpt", ".bin")
MAX_NOTE = 20_000


@dataclass(frozen=True, kw_only=True)
class DataCard:
    """The training set of a model."""

    name: str = "unknown"
    size: int = 32
    channels: int = 3
    count: int = 0
    """Images learned from."""
    held_out: int = 0
    """Images kept from training for good: the last ones in name order, of each folder by its share."""
    held_out_rows: str = ""
    """Which they are, as ranges of rows counted from 0 in name order: "264-285, 690"."""
    licence: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a checkpoint says of itself."""

    name: str
    net: NetSpec
    short_run: ShortRun
    data: DataCard = field(default_factory=DataCard)
    learning: Learning | None = None
    updates: int = 0
    seconds: float = 0.0
    """Time spent learning."""
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
                f"its card has format {str(data.get('format'))[:20]}, and this program reads format {FORMAT}"
            )
        try:
            return cls(
                **{
                    **data,
                    "name": _text(data["name"]),
                    "net": NetSpec.from_dict(data["net"]),
                    "short_run": ShortRun.from_dict(data["short_run"]),
                    "data": _data_card(data.get("data", {})),
                    "learning": Learning.from_dict(data["learning"]) if data.get("learning") else None,
                    "health": Health(**data["health"]) if data.get("health") else None,
                    "figures": Figures.from_dict(data["figures"]) if data.get("figures") else None,
                    "updates": int(data.get("updates", 0)),
                    "seconds": float(data.get("seconds", 0)),
                    "command": _text(data.get("command", "")),
                    "machine": _text(data.get("machine", "")),
                    "note": _text(data.get("note", "")),
                }
            )
        except (TypeError, KeyError, ValueError, OverflowError, SettingsError) as error:
            raise CheckpointError(f"its card is damaged ({error})") from None


def _data_card(data: dict[str, Any]) -> DataCard:
    card = DataCard(**{**data, "held_out": int(data.get("held_out") or 0)})
    if not re.fullmatch(r"[0-9, -]*", card.held_out_rows):
        raise ValueError("its held-out rows are no ranges")
    return card


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_NOTE:
        raise TypeError("a text is missing or too long")
    return value


def read_card(path: Path) -> Card:
    """The card in a model file's header; the weights are not read. Raises `CheckpointError`."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise CheckpointError(f"There is no model file {path}.") from None
    except OSError as error:
        _refuse_what_is_no_file(path)
        raise CheckpointError(f"{path} cannot be read: {error}.") from None
    except safetensors.SafetensorError:
        raise CheckpointError(
            f"{path} is no model file, or is damaged or cut short: get the file again, or choose another."
        ) from None
    if "ebm_studio" not in metadata:
        raise CheckpointError(f"{path} is a safetensors file of another program: it has no EBM Studio card.")
    try:
        return Card.from_dict(json.loads(metadata["ebm_studio"]))
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}.") from None
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path} cannot be used: its card is not JSON.") from None


def find_model(name: str) -> Path:
    """The file of a bundled model's name, or of a path. Raises `CheckpointError`."""
    bundled = {path.stem: path for path in bundled_models()}
    if name in bundled:
        return bundled[name]
    path = Path(name).expanduser()
    if path.is_file():
        return path
    _refuse_what_is_no_file(path)
    known = ", ".join(bundled) or "none"
    raise CheckpointError(f"There is no model {name}: give a file, or a bundled model ({known}).")


def _refuse_what_is_no_file(path: Path) -> None:
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder: give a model file.")
    if path.is_symlink() and not path.exists():
        raise CheckpointError(f"{path} is a link to a file that is gone: give a model file.")


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


def is_model_file(path: Path) -> bool:
    """Whether the name is that of a model file, ours or a pickled state_dict."""
    return path.suffix.lower() in (SUFFIX, *PICKLES)
