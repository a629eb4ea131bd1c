"""What can be done by key: a QAction of a page or of the window, or a control's own use of its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from ebm_studio.app.studio.keys import Line

W = TypeVar("W", bound=QWidget)


@dataclass(frozen=True)
class Use(Generic[W]):
    """What a kind of control does at some keys while it has the focus. Declared beside it: the help lists it."""

    text: str
    do: Callable[[W], object]
    keys: tuple[QKeySequence, ...]


def use(text: str, do: Callable[[W], object], *keys: Qt.Key) -> Use[W]:
    """A control's use of keys without modifiers."""
    return Use(text, do, tuple(map(QKeySequence, keys)))


def line(of: QAction | Use[W], *more: str) -> Line:
    """What the help says of an action, or of a control's use of its keys; `more` does the same by the pointer."""
    text, keys = (of.text(), of.shortcuts()) if isinstance(of, QAction) else (of.text, of.keys)
    return Line(text, (*(key.toString(QKeySequence.SequenceFormat.NativeText) for key in keys), *more))


def act(
    owner: QWidget, text: str, do: Callable[[], object], *keys: QKeySequence | QKeySequence.StandardKey | Qt.Key | str
) -> QAction:
    """Give `owner` an action; the help and the palette find it there.

    Keys with Ctrl, and those that show the help, work wherever the focus is in the owner's window while
    the owner is shown; only what a text field has a use for is its own. All other keys are those that the
    focused control has no use for, so that arrows still move a slider and letters can be typed: they come
    to the owner's `keyPressEvent`, which calls `press`.
    """
    action = QAction(text, owner)
    action.setShortcuts([QKeySequence(key) for key in keys])
    action.setShortcutContext(_context(action))
    action.triggered.connect(lambda: do())
    owner.addAction(action)
    return action


def give_way(owner: QWidget, first: QWidget) -> None:
    """Let the keys that both have an action for be those of `first`: Qt would do nothing at a key of two."""
    taken = {key for action in first.actions() for key in action.shortcuts()}
    for action in owner.actions():
        is_free = taken.isdisjoint(action.shortcuts())
        action.setShortcutContext(_context(action) if is_free else Qt.ShortcutContext.WidgetShortcut)


def _context(action: QAction) -> Qt.ShortcutContext:
    """Qt takes the keys before the focused control; in a widget's context only when the owner itself has the focus."""
    is_wide = all(map(_is_wide, action.shortcuts()))
    return Qt.ShortcutContext.WindowShortcut if is_wide else Qt.ShortcutContext.WidgetShortcut


def _is_wide(keys: QKeySequence) -> bool:
    first: QKeyCombination = keys[0]  # type: ignore[index]  # which the stubs do not know
    has_control = bool(first.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier)
    return has_control or first.key() in (Qt.Key.Key_Question, Qt.Key.Key_F1)


def press(owner: QWidget, event: QKeyEvent) -> bool:
    """Trigger the owner's action of a key that nobody below had a use for; False when there is none."""
    pressed = _pressed(event)
    action = next((a for a in owner.actions() if pressed in a.shortcuts() and a.isEnabled()), None)
    if action is None:
        return False
    action.trigger()
    return True


def press_own(control: W, uses: Sequence[Use[W]], event: QKeyEvent) -> bool:
    """Do what a control does at a key; False when that is nothing."""
    pressed = _pressed(event)
    found = next((use for use in uses if pressed in use.keys), None)
    if found is None:
        return False
    found.do(control)
    return True


def _pressed(event: QKeyEvent) -> QKeySequence:
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if event.text() and event.text().isprintable() and not event.text().isalnum():
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier  # where "?" is on the keyboard is its own affair
    return QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key())))
