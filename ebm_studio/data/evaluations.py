"""What an evaluation of a model found, kept in the user's cache folder, so that it is there at the next launch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.files import write_whole
from ebm_studio.data.thumbnails import kept_file

FIGURES = ("kid", "fd", "nearest", "features", "samples", "held_out")  # that are shown


@dataclass(frozen=True)
class KeptEvaluation:
    """The newest evaluation of a model."""

    source: str
    """The data set that its samples were held against."""
    settings: Evaluation
    figures: dict[str, Any]
    """`Fidelity.to_dict`."""


def evaluation_file(model: Path) -> Path:
    """Where the evaluation of a model file is, or would be. See `kept_file`."""
    return kept_file(model, "evaluations", ".json")


def keep_evaluation(path: Path, kept: KeptEvaluation) -> None:
    """Put an evaluation in the cache. Raises `StudioError`."""
    data = {"source": kept.source, "settings": kept.settings.to_dict(), "figures": kept.figures}
    write_whole(path, lambda file: file.write_text(json.dumps(data, indent=1), encoding="utf-8"))


def read_evaluation(path: Path) -> KeptEvaluation | None:
    """The evaluation, or None when there is none, or none that can be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not set(FIGURES) <= set(data["figures"]):
            return None
        return KeptEvaluation(str(data["source"]), Evaluation.from_dict(data["settings"]), data["figures"])
    except (OSError, ValueError, KeyError, TypeError, SettingsError):  # no file, or a broken one
        return None
