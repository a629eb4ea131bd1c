"""The line at the top of a page, and what scrolls below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import label


class PageHeader(QWidget):
    """A line of the height that every page's header has."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(6 * UNIT)


def stacked(*lines: QWidget) -> QVBoxLayout:
    """Lines one under another in the middle of a header, where they would not have room side by side."""
    column = QVBoxLayout()
    column.setSpacing(0)
    column.addStretch(1)
    for line in lines:
        column.addWidget(line)
    column.addStretch(1)
    return column


class TitledHeader(PageHeader):
    """A page's title, and at its right what it is given."""

    def __init__(self, title: str, *widgets: QWidget) -> None:
        super().__init__()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(3 * UNIT, 0, 3 * UNIT, 0)
        self.row.setSpacing(UNIT)
        self.row.addWidget(label(title, "large"))
        self.row.addStretch(1)
        for widget in widgets:
            self.row.addWidget(widget)


def scrolled(body: QWidget) -> QScrollArea:
    """A page's body, which scrolls up and down where the window is low; the keys stay with what is on it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(body)
    return area
