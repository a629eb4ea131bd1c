"""What the help says about keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line of the help: what can be done, and each key or movement of the pointer that does it."""

    text: str
    signs: tuple[str, ...]


KeyGroups = Callable[[], Sequence[tuple[str, Sequence[Line]]]]
"""The lines under their titles, as they are now."""
