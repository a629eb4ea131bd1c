"""The command palette: every action of the window, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.shell.fuzzy import score
from ebm_studio.app.widgets.fields import label

ROW = 4 * UNIT
ROWS = 9


@dataclass(frozen=True)
class Command:
    """One line of the palette."""

    text: str
    keys: str
    do: Callable[[], object]


class Palette(QFrame):
    """Lies over the window while it is needed; Escape, a choice, or a click elsewhere closes it."""

    def __init__(self, parent: QWidget, commands: Callable[[], Sequence[Command]]) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.setAccessibleName("Command palette")
        self._commands = commands
        self._all: Sequence[Command] = ()
        self._before: QWidget | None = None
        self.field = QLineEdit()
        self.field.setPlaceholderText("What do you want to do?")
        self.field.setAccessibleName("Command")
        self.field.setToolTip("Type a few letters of a command. Arrow keys choose, Enter runs it, Escape closes.")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(UNIT, UNIT, UNIT, UNIT)
        column.setSpacing(UNIT)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._find)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda item: self._do(item))
        parent.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Show it, empty, over the window."""
        self._all = self._commands()
        if not self.isVisible():
            self._before = self.window().focusWidget()
        self.field.clear()
        self._find("")
        self._place()
        self.show()
        self.raise_()
        self.field.setFocus()

    def close_again(self) -> None:
        """Hide it, and give the focus back."""
        if self.isVisible():
            self.hide()
            if self._before is not None:
                self._before.setFocus()

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field:
            if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._steer(event.key()):
                return True
            if event.type() == QEvent.Type.FocusOut and self.isVisible():
                self.hide()
        elif isinstance(event, QResizeEvent) and self.isVisible():
            self._place()
        return False

    def _steer(self, key: int) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}
        if key in steps:
            row = self.list.currentRow() + steps[Qt.Key(key)]
            self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._do(self.list.currentItem())
        elif key == Qt.Key.Key_Escape:
            self.close_again()
        else:
            return False
        return True

    def _find(self, query: str) -> None:
        fits = ((score(query, command.text), command) for command in self._all)
        found = [(value, command) for value, command in fits if value is not None]
        if query.strip():
            found.sort(key=lambda fit: -fit[0])
        self.list.clear()
        for _, command in found:
            item = QListWidgetItem(self.list)
            item.setData(Qt.ItemDataRole.UserRole, command)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, command.text)
            item.setSizeHint(QSize(0, ROW))
            self.list.setItemWidget(item, _line(command))
        self.list.setCurrentRow(0)
        self.list.setFixedHeight(ROW * min(max(len(found), 1), ROWS))
        self.adjustSize()

    def _do(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        command: Command = item.data(Qt.ItemDataRole.UserRole)
        self.close_again()
        command.do()

    def _place(self) -> None:
        room = self.window().width()
        self.setFixedWidth(min(70 * UNIT, room - 4 * UNIT))
        self.adjustSize()
        self.move((room - self.width()) // 2, 8 * UNIT)


def _line(command: Command) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(UNIT, 0, UNIT, 0)
    row.addWidget(label(command.text))
    row.addStretch(1)
    if command.keys:
        row.addWidget(label(command.keys, "key"), 0, Qt.AlignmentFlag.AlignVCenter)
    return line


def keys_text(keys: Sequence[QKeySequence]) -> str:
    """The keys of an action as a person reads them: the first of them."""
    return keys[0].toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
