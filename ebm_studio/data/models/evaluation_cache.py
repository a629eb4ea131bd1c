"""What an evaluation of a model found, kept in the user's data folder, so that it is there at the next launch.

And what is said of an evaluation. Free of torch.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from ebm_studio.core.errors import StudioError
from ebm_studio.core.evaluation.figures import Figures
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.models.card import DataCard
from ebm_studio.data.models.thumbnails import kept_file
from ebm_studio.data.pictures.datasets import set_name
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.plain_data import build, parse

KEPT = FileKind("evaluation", 2**20, StudioError)


@dataclass(frozen=True)
class KeptEvaluation:
    """The newest evaluation of a model."""

    source: str
    """The data set that its samples were held against."""
    settings: Evaluation
    figures: Figures


def evaluation_file(model: Path) -> Path:
    """Where the evaluation of a model file is, or would be. See `kept_file`."""
    return kept_file(model, "evaluations", ".json")


def keep_evaluation(path: Path, kept: KeptEvaluation) -> None:
    """Keep an evaluation. Raises `StudioError`."""
    data = {"source": kept.source, "settings": kept.settings.to_dict(), "figures": kept.figures.to_dict()}
    write_whole(path, lambda file: file.write_text(json.dumps(data, indent=1), encoding="utf-8"))


def read_evaluation(path: Path) -> KeptEvaluation | None:
    """The evaluation, or None if there is none or it cannot be read."""
    try:
        return build(KeptEvaluation, parse(KEPT.read(path)))
    except StudioError:  # no file, or a broken one
        return None


def command_of(model: str, source: str, settings: Evaluation) -> str:
    """The command that evaluates a model, a name or file, on a data set."""
    command = f"ebm-studio evaluate {shlex.quote(model)} {shlex.quote(source)}"
    for name, value in settings.to_dict().items():
        if value is not None and value != getattr(Evaluation(), name):
            command += f" --{name.replace('_', '-')} {value}"
    return command


def other_set(card: DataCard, source: str) -> str:
    """A sentence that says so when a data set is not the one that a card names; else nothing."""
    name = set_name(source)
    if card.name in ("unknown", name):
        return ""
    return f"The card says that the model was trained on {card.name}, but these metrics compare it with {name}."
