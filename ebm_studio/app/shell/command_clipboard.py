"""Copy a page to the clipboard as a command; paste a command or a recipe."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from ebm_studio.app.studio.faults import Faults
from ebm_studio.core.errors import StudioError
from ebm_studio.engine.requests import Fault


class CommandClipboard(QObject):
    """What `command` tells is copied, and pasted text goes to `open_text`."""

    noted = Signal(str)
    """One sentence for the status line."""

    def __init__(
        self, faults: Faults, command: Callable[[], str], open_text: Callable[[str], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._faults = faults
        self._command = command
        self._open_text = open_text

    def copy(self) -> None:
        """Put the line that makes what the page shows on the clipboard."""
        try:
            text = self._command()
        except StudioError as error:
            self._faults.show(Fault(str(error)))
            return
        QApplication.clipboard().setText(text)
        self.noted.emit("The command is on the clipboard.")

    def paste(self) -> None:
        """Restore what a recipe's text or a command on the clipboard makes."""
        if text := QApplication.clipboard().text().strip():
            self._open_text(text)
        else:
            self._faults.show(Fault("There is no text on the clipboard: copy a command or a recipe first."))
