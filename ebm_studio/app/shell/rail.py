"""The left edge: the pages by name, and below them the tools that every page shares."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QHelpEvent
from PySide6.QtWidgets import QGridLayout, QMenu, QToolButton, QToolTip, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import SCHEMES, Theme
from ebm_studio.app.look.tokens import ICON, UNIT
from ebm_studio.app.widgets.fields import button


class Rail(QWidget):
    """One button for each page that exists."""

    chosen = Signal(int)
    look_chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(10 * UNIT)
        self._theme = theme
        self.pages: list[QToolButton] = []
        self._high = 0  # pages at the head of the rail
        self._tools = QGridLayout()
        self._tools.setSpacing(0)
        self.look = button(theme, theme.scheme, "Look", "Dark, light, or the same as the system.")
        self.look.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._schemes: dict[str, QAction] = {}
        self.look.setMenu(self._looks())
        theme.changed.connect(self._show_look)
        self._show_look()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, UNIT, 0, UNIT)
        self._column.setSpacing(0)  # so that a low window has room for all
        self._column.addStretch(1)
        self._column.addLayout(self._tools)
        self.add_tool(self.look)

    def add_page(self, icon: str, name: str, tip: str, low: bool = False, key: str = "") -> None:
        """A further page, below those there are, or `low`, at the foot of the rail; `key` shows it too."""
        page = button(self._theme, icon, name, f"{tip} ({key})" if key else tip)
        page.setText(name)
        page.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        page.setProperty("role", "page")
        page.setIconSize(QSize(ICON, ICON))
        page.setFixedWidth(self.width() - UNIT)
        page.setCheckable(True)
        page.installEventFilter(self)
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

    def add_tool(self, tool: QToolButton) -> None:
        """A further tool, three in a row, above the pages at the foot."""
        tool.setProperty("role", "tool")
        tool.installEventFilter(self)
        row, column = divmod(self._tools.count(), 3)
        self._tools.addWidget(tool, row, column, Qt.AlignmentFlag.AlignHCenter)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A tip stands beside the rail, where it hides no other button.
        if isinstance(event, QHelpEvent) and isinstance(watched, QToolButton) and watched.toolTip():
            at = self.mapToGlobal(QPoint(self.width() - UNIT, 0))
            QToolTip.showText(QPoint(at.x(), watched.mapToGlobal(QPoint(0, -UNIT)).y()), watched.toolTip(), watched)
            return True
        return super().eventFilter(watched, event)

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
