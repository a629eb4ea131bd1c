"""What the window itself can do, with its keys: the palette and the list of keys find it here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from ebm_studio.app.look.theme import SCHEMES
from ebm_studio.app.studio.wishes import ShowHelp, TakeTour
from ebm_studio.app.widgets.actions import act

if TYPE_CHECKING:
    from ebm_studio.app.shell.window import MainWindow


def add_actions(window: MainWindow) -> None:
    """Give the window its actions. Pages bring their own."""
    studio = window.studio
    act(window, "Undo", window.undo.undo, "Ctrl+Z")
    act(window, "Redo", window.undo.redo, "Ctrl+Shift+Z", "Ctrl+Y")
    act(window, "Export", window.export, "Ctrl+E")
    act(window, "Copy as command", window.clipboard.copy, "Ctrl+Shift+C")
    act(window, "Paste a command or recipe", window.clipboard.paste, "Ctrl+Shift+V")
    act(window, "Paste", window.clipboard.paste, "Ctrl+V")
    act(window, "Save the session", studio.session.save, "Ctrl+S")
    act(window, "Command palette", window.palette_of_commands.open, "Ctrl+K", "Ctrl+Shift+P")
    act(window, "Explain what is shown", lambda: window.explain.click(), "E")
    act(window, "Take the tour", lambda: studio.wish(TakeTour()))
    act(window, "Show the words", lambda: studio.wish(ShowHelp("words")))
    act(window, "Show all keys", lambda: studio.wish(ShowHelp("keys")), "?", "F1")
    act(window, "Show the log", lambda: studio.wish(ShowHelp("log")))
    act(window, "About EBM Studio", lambda: studio.wish(ShowHelp("about")))
    act(window, "Open a model file", window.ask_for_model, QKeySequence.StandardKey.Open)
    for scheme in SCHEMES:
        act(window, f"Look: {scheme}", partial(studio.preferences.set, "scheme", scheme))
    act(window, "Present: the picture on the whole screen", lambda: window.presentation.toggle(), "F11")
    act(window, "Fold or unfold the shelf", lambda: window.shelf.fold.click(), "Ctrl+J")
    act(window, "Quit", window.close, "Ctrl+Q")
