"""How the reading of pictures tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many of how many; what it raises ends the work."""


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""
