"""What every page has in common. `MainWindow.add_page` puts one on the rail."""

from __future__ import annotations

from PySide6.QtCore import QSettings
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from ebm_studio.app.actions import press
from ebm_studio.app.exportable import Exportable


class Page(QWidget):
    """A page of the window, with the actions that `act(page, …)` gave it."""

    key = ""
    """The name of its icon, and of its group in the settings."""
    title = ""
    tip = ""
    """What the page is for, in one sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAccessibleName(self.title)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press(self, event):
            super().keyPressEvent(event)

    def focus_first(self) -> None:
        """Give the focus to where the keys should go when the page is chosen."""

    def exportables(self) -> list[Exportable]:
        """What there is to export now, the likeliest first."""
        return []

    def remember(self, settings: QSettings) -> None:
        """Write what the next launch should find."""

    def restore(self, settings: QSettings) -> None:
        """Be as the last launch was left."""
