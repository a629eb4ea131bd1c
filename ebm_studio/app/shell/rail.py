"""The left edge: the pages, and the look."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import SCHEMES, Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import button


class Rail(QWidget):
    """One button for each page that exists."""

    chosen = Signal(int)
    look_chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(7 * UNIT)
        self._theme = theme
        self.pages: list[QToolButton] = []
        self._high = 0  # pages at the head of the rail
        self._tools = 0
        self.look = button(theme, theme.scheme, "Look", "Dark, light, or as the system has it.")
        self.look.setProperty("role", "page")
        self.look.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._schemes: dict[str, QAction] = {}
        self.look.setMenu(self._looks())
        theme.changed.connect(self._show_look)
        self._show_look()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, UNIT, 0, UNIT)
        self._column.setSpacing(0)  # so that a low window has room for all
        self._column.addStretch(1)
        self._column.addWidget(self.look, 0, Qt.AlignmentFlag.AlignHCenter)

    def add_page(self, icon: str, name: str, tip: str, low: bool = False) -> None:
        """A further page, below those there are, or `low`, at the foot of the rail."""
        page = button(self._theme, icon, name, tip)
        page.setProperty("role", "page")
        page.setIconSize(QSize(3 * UNIT, 3 * UNIT))
        page.setCheckable(True)
        index = len(self.pages)
        page.clicked.connect(lambda: self.chosen.emit(index))
        at = self._column.count() - 1 if low else self._high
        self._column.insertWidget(at, page, 0, Qt.AlignmentFlag.AlignHCenter)
        self._high += not low
        self.pages.append(page)

    def show_page(self, index: int) -> None:
        """Mark the page that is shown."""
        # Not left to Qt's exclusive buttons, of which Tab finds but one.
        for i, page in enumerate(self.pages):
            page.setChecked(i == index)

    def add_tool(self, tool: QToolButton) -> None:
        """A further tool, above the foot of the rail."""
        tool.setProperty("role", "page")
        self._tools += 1
        self._column.insertWidget(self._high + self._tools, tool, 0, Qt.AlignmentFlag.AlignHCenter)

    def _looks(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for scheme in SCHEMES:
            action = QAction(self._theme.icon(scheme), scheme.capitalize(), group, checkable=True)
            action.triggered.connect(lambda _=False, scheme=scheme: self.look_chosen.emit(scheme))
            menu.addAction(action)
            self._schemes[scheme] = action
        return menu

    def _show_look(self) -> None:
        self._schemes[self._theme.scheme].setChecked(True)
        self.look.setIcon(self._theme.icon(self._theme.scheme))
