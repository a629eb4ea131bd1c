"""The shelf: the latents that a person has kept, and the slots A and B. Every page sees the same one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, Literal, get_args

import numpy as np
from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.undo import Undo
from ebm_studio.core.errors import StudioError
from ebm_studio.data.models.latent import FromPath, FromPhoto, Latent, read_latent
from ebm_studio.data.pictures.pictures import Pixels, to_pixels

Slot = Literal["A", "B"]
SLOTS: tuple[Slot, ...] = get_args(Slot)
MAX_NAME = 80


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A latent with a name and the picture that its chain ends at. Replaced whole at each edit."""

    key: str
    """The same for good: the name of its files."""
    name: str
    favourite: bool = False
    latent: Latent = field(compare=False, repr=False)
    picture: Pixels = field(compare=False, repr=False)
    """uint8 (C, H, W)."""
    is_sketch: bool = field(default=False, compare=False)
    """Whether the picture is an earlier step, or the start noise, until somebody runs the chain to its end."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """All of the shelf at one time."""

    items: tuple[Kept, ...] = ()
    A: Kept | None = None
    B: Kept | None = None

    @property
    def all(self) -> dict[str, Kept]:
        """Everything on the shelf or in a slot, by key."""
        kept = [*self.items, self.A, self.B]
        return {k.key: k for k in kept if k is not None}


class Shelf(QObject):
    """Observable. Every action can be undone.

    What is in a slot need not be on the shelf, and stays in the slot when it leaves the shelf.

    >>> kept = shelf.keep(latent, picture)      # the one that is there, when it is kept already
    >>> shelf.set_slot("A", kept)
    >>> shelf.slot("A").latent.z
    """

    changed = Signal()
    failed = Signal(object)
    """A file could not be read or written: one sentence for a person."""
    opened = Signal(object)
    """A person wants to see the chain of a `Kept`."""

    def __init__(self, undo: Undo, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._undo = undo
        self.contents = Contents()

    @property
    def items(self) -> tuple[Kept, ...]:
        """What is on the shelf, oldest first."""
        return self.contents.items

    def slot(self, slot: Slot) -> Kept | None:
        """What is in a slot."""
        kept: Kept | None = getattr(self.contents, slot)
        return kept

    def keep(self, latent: Latent, picture: Pixels, name: str = "", is_sketch: bool = False) -> Kept:
        """Put a latent on the shelf, with the picture that its chain ends at, uint8 (C, H, W)."""
        kept = self.made(latent, picture, name, is_sketch)
        if kept not in self.items:
            self._swap(f"Keep {kept.name}", items=(*self.items, kept))
        return kept

    def made(self, latent: Latent, picture: Pixels, name: str = "", is_sketch: bool = False) -> Kept:
        """The latent as it is kept already, or ready to be."""
        known = next((k for k in self.contents.all.values() if _same(k.latent, latent)), None)
        return known or Kept(
            key=secrets.token_hex(8),
            name=(name or title(latent))[:MAX_NAME],
            latent=latent,
            picture=picture.copy(),
            is_sketch=is_sketch,
        )

    def put_back(self, kept: Kept, place: int | None = None) -> None:
        """Put something on the shelf, or move it to another place there."""
        items = [item for item in self.items if item.key != kept.key]
        items.insert(len(items) if place is None else place, kept)
        if tuple(items) != self.items:
            self._swap(f"{'Move' if kept in self.items else 'Keep'} {kept.name}", items=tuple(items))

    def open_files(self, paths: Sequence[Path]) -> None:
        """Keep the latents in files."""
        for path in paths:
            try:
                latent = read_latent(path)
            except StudioError as error:
                self.failed.emit(str(error))
                continue
            name = path.stem if isinstance(latent.origin, FromPath) else ""
            self.keep(latent, to_pixels(latent.z), name, is_sketch=True)

    def remove(self, kept: Kept) -> None:
        """Take something off the shelf."""
        self._swap(f"Remove {kept.name}", items=tuple(item for item in self.items if item.key != kept.key))

    def rename(self, kept: Kept, name: str) -> None:
        """Give another name; an empty one is the latent's own."""
        self._replace(f"Rename {kept.name}", kept, name=name.strip()[:MAX_NAME] or title(kept.latent))

    def favourite(self, kept: Kept, on: bool) -> None:
        """Star or unstar."""
        self._replace(f"{'Star' if on else 'Unstar'} {kept.name}", kept, favourite=on)

    def set_slot(self, slot: Slot, kept: Kept | None) -> None:
        """Fill a slot, or empty it."""
        self._swap(f"{kept.name} as {slot}" if kept else f"Empty slot {slot}", **{slot: kept})

    def set_picture(self, key: str, picture: Pixels) -> None:
        """Show of something kept what its chain ends at. No change that a person made: it cannot be undone."""

        def drawn(kept: Kept) -> Kept:
            return replace(kept, picture=picture.copy(), is_sketch=False) if kept.key == key else kept

        a, b = (slot and drawn(slot) for slot in (self.contents.A, self.contents.B))
        self._set(Contents(items=tuple(map(drawn, self.items)), A=a, B=b))

    def swap_slots(self) -> None:
        """Swap A and B."""
        self._swap("Swap A and B", A=self.contents.B, B=self.contents.A)

    def restore(self, contents: Contents) -> None:
        """Restore a session. Cannot be undone."""
        self._set(contents)

    def _replace(self, text: str, kept: Kept, **changes: Any) -> None:
        new = replace(kept, **changes)

        def changed(item: Kept | None) -> Kept | None:
            return new if item is not None and item.key == kept.key else item

        items = tuple(new if item.key == kept.key else item for item in self.items)
        self._swap(text, items=items, A=changed(self.contents.A), B=changed(self.contents.B))

    def _swap(self, text: str, **changes: Any) -> None:
        after = replace(self.contents, **changes)
        if after != self.contents:
            self._undo.swap(text, self._set, self.contents, after)

    def _set(self, contents: Contents) -> None:
        self.contents = contents
        self.changed.emit()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A picture somewhere in the window, and what can be done with it by menu, by key and by drag."""

    name: str
    picture: Pixels
    """What its chain ends at, uint8 (C, H, W)."""
    is_sketch: bool = False
    """Whether the chain has not come to its end yet."""
    shown: Pixels | None = None
    """What is seen of it, when that is an earlier step."""
    latent: Latent | None = None
    """The start noise of its chain, if it has one."""
    kept: Kept | None = None
    """When it is on the shelf or in a slot."""
    run_longer: Callable[[], object] | None = None
    open: Callable[[], object] | None = None
    open_text: str = "Show its chain"

    @property
    def seen(self) -> Pixels:
        """The picture as it is seen, uint8 (C, H, W)."""
        return self.picture if self.shown is None else self.shown

    def on(self, shelf: Shelf) -> Kept | None:
        """What the shelf would keep of it."""
        if self.kept is not None or self.latent is None:
            return self.kept
        return shelf.made(self.latent, self.picture, is_sketch=self.is_sketch)


def title(latent: Latent) -> str:
    """A latent in a word or two: seed:chain, the photo's name, or the ends of its path."""
    origin = latent.origin
    if isinstance(origin, FromPhoto):
        return PurePath(origin.name).stem
    if isinstance(origin, FromPath):
        return f"{origin.ends[0]} → {origin.ends[-1]}, {origin.position:.2f}"
    return f"{origin.seed}:{origin.chain}"


def _same(a: Latent, b: Latent) -> bool:
    return (
        (a.origin, a.model_hash, a.short_run) == (b.origin, b.model_hash, b.short_run)
        and a.z.shape == b.z.shape
        and np.array_equal(a.z, b.z)
    )
