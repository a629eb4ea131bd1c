"""The left edge: the pages by name, and below them the tools that every page shares."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QToolTip, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import button


class Rail(QWidget):
    """One button for each page that exists."""

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(11 * UNIT + UNIT // 2)
        self._theme = theme
        self.pages: list[QToolButton] = []
        self._high = 0  # pages at the head of the rail
        self._tools = QGridLayout()
        self._tools.setSpacing(0)
        for column, share in enumerate((10, 11)):  # of the width: the words at the right are longer
            self._tools.setColumnStretch(column, share)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, UNIT, 0, UNIT)
        self._column.setSpacing(0)  # so that a low window has room for all
        self._column.addStretch(1)
        self._column.addLayout(self._tools)

    def add_page(self, icon: str, name: str, tip: str, low: bool = False, key: str = "") -> None:
        """A further page, below those there are, or `low`, at the foot of the rail; `key` shows it too."""
        page = button(self._theme, icon, name, f"{tip} ({key})" if key else tip)
        page.setProperty("role", "page")
        page.setFixedWidth(self.width() - UNIT)
        page.setCheckable(True)
        self._name(page, name)
        index = len(self.pages)
        page.clicked.connect(lambda: self.chosen.emit(index))
        at = self._column.count() if low else self._high
        self._column.insertWidget(at, page, 0, Qt.AlignmentFlag.AlignHCenter)
        self._high += not low
        self.pages.append(page)

    def show_page(self, index: int) -> None:
        """Mark the page that is shown."""
        # Not left to Qt's exclusive buttons, of which Tab finds but one.
        for i, page in enumerate(self.pages):
            page.setChecked(i == index)

    def add_tool(self, tool: QToolButton, name: str) -> None:
        """A further tool, two in a row, above the pages at the foot."""
        tool.setProperty("role", "tool")
        tool.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._name(tool, name)
        self._tools.addWidget(tool, *divmod(self._tools.count(), 2))

    def _name(self, entry: QToolButton, name: str) -> None:
        entry.setText(name)
        entry.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        entry.installEventFilter(self)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A tip stands beside the rail, where it hides no other button.
        if isinstance(event, QHelpEvent) and isinstance(watched, QToolButton) and watched.toolTip():
            at = self.mapToGlobal(QPoint(self.width() - UNIT, 0))
            QToolTip.showText(QPoint(at.x(), watched.mapToGlobal(QPoint(0, -UNIT)).y()), watched.toolTip(), watched)
            return True
        return super().eventFilter(watched, event)
