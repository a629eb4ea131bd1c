"""Says over the window what a drop would do, while files are dragged across it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import LARGE, UNIT


class Veil(QWidget):
    """Dims the window and says one sentence. The mouse goes through it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Drop")
        self._theme = theme
        self.text = ""
        self.hide()

    def cover(self, text: str) -> None:
        """Lie over the whole window."""
        self.text = text
        self.setGeometry(self.window().rect())
        self.raise_()
        self.show()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dim = QColor(t.canvas)
        dim.setAlphaF(0.85)
        painter.fillRect(self.rect(), dim)
        painter.setPen(QPen(QColor(t.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(UNIT, UNIT, -UNIT, -UNIT), UNIT, UNIT)
        font = self.font()
        font.setPixelSize(LARGE)
        painter.setFont(font)
        painter.setPen(QColor(t.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text)
