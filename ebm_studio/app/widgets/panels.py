"""Titled groups of settings, and the column that stacks them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import label


class Panel(QWidget):
    """A titled group."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(UNIT + UNIT // 2)
        self.title = QHBoxLayout()
        self.title.addWidget(label(title.upper(), "section"))
        self.title.addStretch(1)
        self.column.addLayout(self.title)


def figure_line(column: QVBoxLayout, name: str, tip: str) -> QLabel:
    """A line with a name and a figure that cannot be edited; returns the figure's label."""
    line = QWidget(toolTip=tip)
    grid = QGridLayout(line)
    grid.setContentsMargins(0, 0, 0, 0)
    value = label("–")
    value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    value.setAccessibleName(name)
    grid.addWidget(label(name, "muted"), 0, 0)
    grid.addWidget(value, 0, 1)
    grid.setColumnStretch(1, 1)
    column.addWidget(line)
    return value


class PanelColumn(QScrollArea):
    """Panels one under another, scrolled where the window is low."""

    def __init__(self, top: int = 2 * UNIT) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._body = body = QWidget()
        body.setObjectName("inspector_body")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(2 * UNIT, top, 2 * UNIT, 2 * UNIT)
        self._column.setSpacing(3 * UNIT)
        self._column.addStretch(1)
        self.setWidget(body)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # which Qt keeps within the body
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        # Narrower it would cut its panels, as it does not scroll sideways.
        wide = self._body.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(wide, super().minimumSizeHint().height())

    def stack(self, *panels: QWidget) -> None:
        """Put these panels below those that are there."""
        for panel in panels:
            self._column.insertWidget(self._column.count() - 1, panel)
