"""One undo list for parameters, the shelf and the slots."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

LIMIT = 500
MERGE = 1.0  # seconds within which a drag of a slider is one change

T = TypeVar("T")


class _Swap(QUndoCommand):
    """Puts one value in the place of another."""

    def __init__(self, text: str, apply: Callable[[Any], object], before: Any, after: Any, page: str) -> None:
        super().__init__(text)
        self.page = page
        self._apply = apply
        self._before = before
        self.after = after

    def redo(self) -> None:
        self._apply(self.after)

    def undo(self) -> None:
        self._apply(self._before)


class Undo(QObject):
    """A `QUndoStack` of swaps: whoever holds frozen values needs no command classes.

    >>> undo.swap("Seed 7", self._set_parameters, before, after, key="seed")
    """

    changed = Signal()
    """There is another thing to undo or redo."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(LIMIT)
        self.stack.indexChanged.connect(self.changed)
        self._last: tuple[Hashable, _Swap, float] | None = None

    def swap(
        self, text: str, apply: Callable[[T], object], before: T, after: T, key: Hashable = None, page: str = ""
    ) -> None:
        """Call `apply(after)`; undo calls `apply(before)`. Swaps of the same `key` in quick succession are one.

        `page` is the key of the page that shows the change; empty for what every page shows, as the shelf.
        """
        last, now = self._last, time.monotonic()
        is_top = self.stack.index() == self.stack.count() > 0
        if last and key is not None and last[0] == key and is_top and now - last[2] < MERGE:
            last[1].after = after
            last[1].setText(text)
            last[1].redo()
            self._last = (key, last[1], now)
            self.changed.emit()
            return
        command = _Swap(text, apply, before, after, page)
        self._last = (key, command, now)
        self.stack.push(command)

    def undo(self) -> None:
        """Undo the last change."""
        self._last = None
        self.stack.undo()

    def redo(self) -> None:
        """Redo it."""
        self._last = None
        self.stack.redo()

    @property
    def undo_text(self) -> str:
        """What `undo` would undo; empty if there is nothing."""
        return self.stack.undoText()

    @property
    def undo_page(self) -> str:
        """The key of the page where `undo` would change something; empty for what every page shows."""
        return _page(self.stack.command(self.stack.index() - 1))

    @property
    def redo_page(self) -> str:
        """The same of `redo`."""
        return _page(self.stack.command(self.stack.index()))

    @property
    def redo_text(self) -> str:
        """What `redo` would redo; empty if there is nothing."""
        return self.stack.redoText()


def _page(command: QUndoCommand | None) -> str:
    if isinstance(command, _Swap):
        return command.page
    parts = range(command.childCount()) if command is not None else ()
    return next((page for part in parts if command and (page := _page(command.child(part)))), "")
