"""What every page has in common. `MainWindow.add_page` puts one on the rail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QWidget

from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.widgets.actions import Line, press
from ebm_studio.data.storage.settings import Settings


class Page(QWidget):
    """A page of the window, with the actions that `act(page, …)` gave it."""

    key = ""
    """The name of its icon, and of its group in the settings."""
    title = ""
    tip = ""
    """What the page is for, in one sentence."""
    controls: ClassVar[Sequence[tuple[str, Sequence[Line]]]] = ()
    """The controls with keys of their own: where that is, and what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAccessibleName(self.title)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers()
        if is_enter and isinstance(QApplication.focusWidget(), QAbstractSpinBox):
            self.take_focus()  # a field takes its number and passes the Enter on; the keys steer the page again
        elif not press(self, event):
            super().keyPressEvent(event)

    def focus_first(self) -> None:
        """Give the focus to where the keys should go when the page is chosen."""

    def take_focus(self) -> None:
        """Take the focus from a field that is done with."""
        self.focus_first()

    def exportables(self) -> list[Exportable]:
        """What there is to export now, the likeliest first."""
        return []

    def remember(self, settings: Settings) -> None:
        """Write what the next launch should find."""

    def restore(self, settings: Settings) -> None:
        """Be as the last launch was left."""
