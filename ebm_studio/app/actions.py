"""Everything that can be done by key or from the command palette is a QAction of a page or of the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget


def act(
    owner: QWidget, text: str, do: Callable[[], object], *keys: QKeySequence | QKeySequence.StandardKey | Qt.Key | str
) -> QAction:
    """Give `owner` an action; the help and the palette find it there.

    Its keys are those that the focused control has no use for, so that arrows still move a slider
    and letters can be typed: they come to the owner's `keyPressEvent`, which calls `press`.
    """
    action = QAction(text, owner)
    action.setShortcuts([QKeySequence(key) for key in keys])
    # Qt itself would take the keys before the focused control. In this context it does so for a
    # focused owner only, and pages and windows never have the focus.
    action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    action.triggered.connect(lambda: do())
    owner.addAction(action)
    return action


def press(owner: QWidget, event: QKeyEvent) -> bool:
    """Trigger the owner's action of a key that nobody below had a use for; False when there is none."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if event.text() and event.text().isprintable() and not event.text().isalnum():
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier  # where "?" is on the keyboard is its own affair
    pressed = QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key())))
    action = next((a for a in owner.actions() if pressed in a.shortcuts() and a.isEnabled()), None)
    if action is None:
        return False
    action.trigger()
    return True
