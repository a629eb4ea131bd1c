"""Buttons for undo and redo, which say what they would do."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QToolButton

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import ICON
from ebm_studio.app.shell.page_undo import PageUndo
from ebm_studio.app.widgets.names import in_tip


class UndoButton(QToolButton):
    """Undoes or redoes the last change."""

    def __init__(self, theme: Theme, undo: PageUndo, *, back: bool) -> None:
        super().__init__()
        self._undo = undo.stack
        self._back = back
        self.setIcon(theme.icon("undo" if back else "redo"))
        self.setIconSize(QSize(ICON, ICON))
        self.clicked.connect(undo.undo if back else undo.redo)
        theme.changed.connect(self.update)
        undo.stack.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        name, keys = ("Undo", "Ctrl+Z") if self._back else ("Redo", "Ctrl+Shift+Z")
        text = self._undo.undo_text if self._back else self._undo.redo_text
        self.setEnabled(bool(text))
        self.setAccessibleName(f"{name}: {text}" if text else name)
        self.setToolTip(in_tip(f"{name}: {text} ({keys}).") if text else f"Nothing to {name.lower()} ({keys}).")
