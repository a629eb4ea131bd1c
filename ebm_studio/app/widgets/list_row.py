"""A row of a list, drawn by hand."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListWidget, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme

ROUND = 6


class ListRow(QStyledItemDelegate):
    """Draws the ground of a chosen row, and a ring while it has the focus; a subclass draws what is on it."""

    def __init__(self, theme: Theme, parent: QListWidget, margin: float = 2) -> None:
        """`margin` is left at each side of the ground, in pixels."""
        super().__init__(parent)
        self._theme = theme
        self._list = parent
        self._margin = margin

    @guarded
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        rect = QRectF(option.rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            has_focus = bool(option.state & QStyle.StateFlag.State_HasFocus)
            painter.setPen(QColor(self._theme.tokens.accent) if has_focus else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.tokens.chosen))
            painter.drawRoundedRect(rect.adjusted(self._margin, 2, -self._margin, -2), ROUND, ROUND)
        self.draw(painter, rect, index.row())

    @abstractmethod
    def draw(self, painter: QPainter, rect: QRectF, row: int) -> None:
        """Draw a row of the list, which may have become shorter."""
