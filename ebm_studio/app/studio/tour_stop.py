"""A stop of the tour. Pages declare theirs, and the shell visits all of them in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Stop:
    """One of the eight stops."""

    number: int
    """From 1: its place among the stops of all pages."""
    title: str
    text: str
    """A sentence or two."""
    do: Callable[[], object] = _nothing
    """What the stop does with the page's own controls. The page is shown already."""
