"""The first samples of a model as a small picture file with the model's card, kept in the user's data folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import platformdirs
from PIL.PngImagePlugin import PngInfo

from ebm_studio.core.errors import StudioError
from ebm_studio.data.models.card import MODEL, Card
from ebm_studio.data.pictures.decoding import opened
from ebm_studio.data.pictures.pictures import Pixels, grid, planar
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.plain_data import parse

COUNT = 8
"""Samples 0 to 7 of seed 0: not cherry-picked."""


def thumbnail_file(model: Path) -> Path:
    """Where the thumbnail of a model file is, or would be. See `kept_file`."""
    return kept_file(model, "thumbnails", f"-{COUNT}.png")


def kept_file(model: Path, folder: str, ending: str) -> Path:
    """Where something about a model file is kept: by content, so that a copy or a new name finds it.

    Raises `CheckpointError` when the model cannot be read.
    """
    with MODEL.open(model) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return (
        platformdirs.user_data_path("ebm-studio", appauthor=False) / "about-models" / folder / f"{digest[:32]}{ending}"
    )


def keep_thumbnail(path: Path, pixels: Pixels, card: Card) -> None:
    """Keep a thumbnail, uint8 (COUNT, C, H, W). Raises `StudioError`."""
    about = PngInfo()
    about.add_text("card", json.dumps(card.to_dict()))
    write_whole(path, lambda file: grid(pixels, columns=COUNT).save(file, pnginfo=about))


def read_thumbnail(path: Path) -> tuple[Pixels, Card] | None:
    """The thumbnail, uint8 (COUNT, C, H, W), or None if there is none or it cannot be read."""
    try:
        with opened(path, str(path), ("PNG",)) as image:
            card = Card.from_dict(parse(image.info.get("card", "")))
            channels, height, width = card.net.shape
            if image.size != (COUNT * width, height) or image.mode != ("L" if channels == 1 else "RGB"):
                return None
            sheet = np.asarray(image)
    except (StudioError, ValueError):  # no file, or a broken one
        return None
    return np.stack(np.split(planar(sheet), COUNT, axis=2)), card
