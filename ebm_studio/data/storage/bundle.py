"""Where the program's own files are, and what starts it: in a checkout, an installed copy, and a bundle."""

from __future__ import annotations

import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]


def _own(name: str) -> Path:
    inside = _PACKAGE / "_bundle" / name  # where the wheel puts them
    return inside if inside.is_dir() else _PACKAGE.parent / name


RESOURCES = _own("resources")
CHECKPOINTS = _own("checkpoints")


def this_program() -> list[str]:
    """The command that starts this very copy: a bundle's own file, else this Python with our package."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "ebm_studio"]
