"""Undo and redo from the keyboard: they never change anything out of sight."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.undo import Undo


class PageUndo(QObject):
    """Undoes changes on the page that is shown. If the last change was made on another page, the first press only goes
    there and says what the next one will undo. docs/adr/0004-undo-goes-to-the-page.md says why.
    """

    noted = Signal(object)
    """What the next press would do; empty if there is nothing to say."""

    def __init__(
        self, undo: Undo, shown: Callable[[], str], go: Callable[[str], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.stack = undo
        self._shown = shown
        self._go = go
        undo.changed.connect(lambda: self.noted.emit(""))

    def undo(self) -> None:
        """Undo the last change, or go where it was made."""
        if self._is_here(self.stack.undo_page, f"Ctrl+Z undoes: {self.stack.undo_text}"):
            self.stack.undo()

    def redo(self) -> None:
        """Redo it, or go where it was made."""
        if self._is_here(self.stack.redo_page, f"Ctrl+Shift+Z redoes: {self.stack.redo_text}"):
            self.stack.redo()

    def _is_here(self, page: str, note: str) -> bool:
        if page in ("", self._shown()):
            return True
        self._go(page)
        self.noted.emit(note)
        return False
