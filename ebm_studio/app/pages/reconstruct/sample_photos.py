"""Pictures that come with the program, to try a reconstruction with."""

from __future__ import annotations

from pathlib import Path

from ebm_studio.data.pictures.pictures import is_picture
from ebm_studio.data.storage.bundle import RESOURCES


def sample_photos() -> list[Path]:
    """Their files, by name."""
    return sorted(path for path in (RESOURCES / "samples").glob("*") if is_picture(path))
