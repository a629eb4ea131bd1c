"""A layout like a line of text: what does not fit in a line goes to the next."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Widgets at their size hints, from the left, in lines that are as high as what is in them."""

    def __init__(self, parent: QWidget, margins: tuple[int, int, int, int], gap: int) -> None:
        """`gap` is between widgets, and between lines half of it."""
        super().__init__(parent)
        self.setContentsMargins(*margins)
        self._gap = gap
        self._items: list[QLayoutItem] = []

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), moving=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, moving=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        sides = self.contentsMargins()
        hints = [item.sizeHint() for item in self._items if not item.isEmpty()]
        wide = max((hint.width() for hint in hints), default=0)
        high = max((hint.height() for hint in hints), default=0)
        return QSize(wide + sides.left() + sides.right(), high + sides.top() + sides.bottom())

    def _arrange(self, rect: QRect, *, moving: bool) -> int:
        """Put everything in lines if `moving`; returns the height of all lines with the margins."""
        sides = self.contentsMargins()
        room = rect.marginsRemoved(sides)
        x, y = room.left(), room.top()
        line: list[tuple[QLayoutItem, int]] = []
        high = 0
        for item in self._items:
            if item.isEmpty():  # hidden
                continue
            hint = item.sizeHint()
            if line and x + hint.width() > room.right() + 1:
                self._place(line, y, high, moving)
                y += high + self._gap // 2
                x, line, high = room.left(), [], 0
            line.append((item, x))
            x += hint.width() + self._gap
            high = max(high, hint.height())
        self._place(line, y, high, moving)
        return y + high - rect.top() + sides.bottom()

    def _place(self, line: list[tuple[QLayoutItem, int]], top: int, high: int, moving: bool) -> None:
        for item, left in line if moving else ():
            hint = item.sizeHint()
            item.setGeometry(QRect(left, top + (high - hint.height()) // 2, hint.width(), hint.height()))
