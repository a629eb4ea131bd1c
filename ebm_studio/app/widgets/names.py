"""Names that other people gave, shown as they are: plain, on one line, and never wider than their room.

Qt takes text for HTML when it looks like it, `&` for a shortcut in menus and buttons, and ends a text at
the first byte of a file name that is not UTF-8. Signals that carry names are therefore of `object`, not of `str`.
"""

from __future__ import annotations

import html
import os
import re

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from ebm_studio.app.look.tokens import UNIT

MOST_LETTERS = 48
_ROOT = re.compile(r"(?<![^\s('\"])(?:/(?![\\/])|[A-Za-z]:[\\/])")
"""Where the path of a file may begin. Not one of a network's, //host/share: to look there would be to call the host."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def printable(name: str) -> str:
    """A name on one line, with a sign for each byte that is no text."""
    return _CONTROL.sub(" ", name.encode("utf-8", "replace").decode("utf-8"))


def printable_lines(text: str) -> str:
    """The same of a message, whose lines stay."""
    return "\n".join(map(printable, text.splitlines()))


def without_folders(text: str) -> str:
    """A message that calls files by their names: of their paths, the folders that exist are left out."""
    for root in reversed([*_ROOT.finditer(text)]):
        start = root.start()
        ends = [slash.end() for slash in re.finditer(r"[\\/](?=[^\s:,.])", text) if slash.end() > root.end()]
        end = next((end for end in reversed(ends) if os.path.isdir(text[start:end])), start)
        text = text[:start] + text[end:]
    return text


def cut(name: str) -> str:
    """A name beside other things: a long one without its middle."""
    text, half = printable(name), MOST_LETTERS // 2
    return text if len(text) <= MOST_LETTERS else f"{text[:half]}…{text[-half:]}"


def on_button(name: str) -> str:
    """A name as the text of a button or a menu."""
    return cut(name).replace("&", "&&")


def in_tip(text: str) -> str:
    """A text with names as a tool tip, which wraps."""
    return f"<qt>{html.escape(printable(text))}</qt>"


class NameLabel(QLabel):
    """A label that is as narrow as it must, and tells the whole name in its tool tip.

    >>> label.setText(name); label.text() == name
    """

    def __init__(self, role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self._mode = Qt.TextElideMode.ElideMiddle
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)

    def setElideMode(self, mode: Qt.TextElideMode) -> None:
        """Say which part is left out where there is no room for all."""
        self._mode = mode
        self._cut()

    def text(self) -> str:
        return self._whole

    def setText(self, text: str) -> None:
        if (whole := printable(text)) == self._whole:
            return  # else a text that is told again and again has the window laid out each time
        self._whole = whole
        self._cut()
        self.setToolTip(in_tip(text) if text else "")
        self.updateGeometry()

    def clear(self) -> None:
        self.setText("")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._cut()
            self.updateGeometry()

    def _cut(self) -> None:
        super().setText(self.fontMetrics().elidedText(self._whole, self._mode, self.contentsRect().width()))

    def sizeHint(self) -> QSize:
        # That of the base class has the text as it is cut, and would never grow again.
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2 * UNIT, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("…"), super().sizeHint().height())
