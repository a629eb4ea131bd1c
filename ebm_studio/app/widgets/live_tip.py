"""A tip that keeps telling what is true while it is open."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolTip, QWidget


class LiveTip:
    """The tip of one widget, whose text changes while a person reads it.

    The widget passes its events to `hear`, before it handles them itself.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._asked = False  # for the tip, since the pointer came

    def hear(self, event: QEvent) -> None:
        """Note that the tip was asked for, or that the pointer left."""
        if event.type() in (QEvent.Type.ToolTip, QEvent.Type.Leave):
            self._asked = event.type() == QEvent.Type.ToolTip

    def say(self, text: str) -> None:
        """Be this tip from now on, open or not."""
        if text == self._widget.toolTip():
            return
        self._widget.setToolTip(text)
        if self._asked and QToolTip.isVisible():
            QToolTip.showText(QCursor.pos(), text, self._widget)
