"""Where the program's own files are, in a checkout and in an installed copy."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]


def _own(name: str) -> Path:
    inside = _PACKAGE / "_bundle" / name  # where the wheel puts them
    return inside if inside.is_dir() else _PACKAGE.parent / name


RESOURCES = _own("resources")
CHECKPOINTS = _own("checkpoints")
