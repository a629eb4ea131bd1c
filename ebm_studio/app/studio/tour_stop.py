"""A stop of the tour: pages declare theirs, and the shell walks over all of them in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Stop:
    """One of eight."""

    number: int
    """From 1; the order over all pages."""
    title: str
    text: str
    """A sentence or two."""
    do: Callable[[], object] = _nothing
    """What the stop does with the page's own controls. The page is shown already."""
