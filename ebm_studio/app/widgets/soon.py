"""What need not happen each time that it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Soon(QTimer):
    """Does something a moment after it is asked to: once, however often it is asked meanwhile."""

    def __init__(self, parent: QObject, do: Callable[[], object], milliseconds: int) -> None:
        super().__init__(parent, interval=milliseconds, singleShot=True)
        self.timeout.connect(do)

    def ask(self) -> None:
        """Let it be done soon."""
        if not self.isActive():
            self.start()
