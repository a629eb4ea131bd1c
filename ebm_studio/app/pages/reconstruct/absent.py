"""Photos of the session whose files are not there, as on a stick that is not plugged in: kept until they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.reconstruct.photo_files import PhotoFiles
from ebm_studio.app.pages.reconstruct.photo_session import Remembered
from ebm_studio.app.studio.undo import Undo

Look = tuple[int, int] | None
"""When a file was written, and its size; None without one."""


@dataclass(frozen=True, eq=False)
class Absent:
    """A photo that could not be read."""

    remembered: Remembered
    """With its crop, mask and results."""
    why: str
    """One sentence for a person."""
    seen: Look
    """The file that could not be read."""


class AbsentPhotos(QObject):
    """Observable. Takes what the reader could not read again, and has it try when there is another file."""

    changed = Signal()
    told = Signal(object)
    """A photo is not there: one sentence."""

    def __init__(self, files: PhotoFiles, undo: Undo, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: tuple[Absent, ...] = ()
        self._files = files
        self._undo = undo
        files.absent.connect(self._take)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What the session keeps of them."""
        return [item.remembered.entry for item in self.items]

    def look_again(self) -> None:
        """Read those that are there by now."""
        back = [item for item in self.items if _look(item.remembered) not in (None, item.seen)]
        if back:
            self._set(tuple(item for item in self.items if item not in back))
        for item in back:
            self._files.read_again(item.remembered)

    def forget(self, item: Absent) -> None:
        """Keep it no longer. Can be undone."""

        def apply(there: bool) -> None:
            others = tuple(other for other in self.items if other is not item)
            self._set((*others, item) if there else others)

        self._undo.swap(f"Forget {item.remembered.name.name}", apply, True, False, page="reconstruct")

    def _take(self, remembered: Remembered, reason: str) -> None:
        seen, path = _look(remembered), remembered.path
        why = reason if seen else f"{path.name} cannot be found in {path.parent}."
        item = Absent(remembered, f"{why} Your work on it is kept until the photo is back.", seen)
        self._set((*self.items, item))
        self.told.emit(item.why)

    def _set(self, items: tuple[Absent, ...]) -> None:
        self.items = items
        self.changed.emit()


def _look(remembered: Remembered) -> Look:
    try:
        found = remembered.path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
