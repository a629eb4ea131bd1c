"""Start of the window."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ebm_studio import __version__
from ebm_studio.app.shell.hand_over import Place, Wish, take_or_hand_over
from ebm_studio.data.storage.settings import Settings, open_settings

if TYPE_CHECKING:
    from ebm_studio.app.shell.window import MainWindow

CRASHED = "The last session crashed. The details are for a bug report."


def run_window(model: str | None = None, files: Sequence[str] = ()) -> int:
    """Open the window with a model, by name or file, and with files; returns the exit code when it is closed.

    A window that is open already takes them, and comes to the front. Raises `StudioError` where there is
    no screen, or no library that draws on it.
    """
    settings, wish = open_settings(), Wish.of_start(model, files)
    place = take_or_hand_over(settings.path.parent, wish)
    if place is None:
        return 0
    try:
        return _run_window(settings, place, wish)
    finally:
        place.close()


def _run_window(settings: Settings, place: Place, wish: Wish) -> int:
    if sys.platform == "win32":
        import ctypes

        import torch  # noqa: F401 - there, torch's libraries must be loaded before Qt's

        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("ebm-studio")  # else the task bar shows Python's

    from ebm_studio.app.shell.screen import check_screen, start_told

    check_screen()
    from PySide6.QtGui import QGuiApplication, QIcon
    from PySide6.QtWidgets import QApplication

    from ebm_studio.app.look.theme import Theme
    from ebm_studio.app.shell.guests import Guests
    from ebm_studio.app.shell.uncaught import faults_shown
    from ebm_studio.app.shell.window import MainWindow
    from ebm_studio.data.storage.bundle import RESOURCES
    from ebm_studio.data.storage.logs import crash_noted, logging_on
    from ebm_studio.engine.requests import Fault

    QGuiApplication.setApplicationDisplayName("EBM Studio")
    with start_told():
        app = QApplication(["ebm-studio"])  # not the file that was started: the desktop knows windows by this name
    app.setApplicationName("ebm-studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("ebm-studio")  # the desktop finds the icon and groups windows by it
    app.setWindowIcon(QIcon(str(RESOURCES / "icons" / "ebm-studio.svg")))
    app.setStyle("Fusion")  # the same on every system, and it obeys the style sheet
    with logging_on() as ring, crash_noted(os.getpid()) as last_crash:
        theme = Theme(app, settings)
        window = MainWindow(theme, settings, wish.model, log=ring)
        window.started.connect(lambda: window.files.open(list(wish.files)))
        window.started.connect(lambda: Guests(place, window))
        if last_crash:
            window.studio.faults.show(Fault(CRASHED, last_crash))
        try:
            with faults_shown(window.studio.faults), _signals_close(window):
                window.show()
                return app.exec()
        finally:
            window.shut()  # also when the loop ended without a closed window
            theme.close()


@contextmanager
def _signals_close(window: MainWindow) -> Iterator[None]:
    """Ctrl-C, a polite kill, and the end of the terminal it was started from close the window.

    Python looks at signals only when it runs, and while nothing moves it is Qt that runs: so a
    signal also writes to a socket that Qt watches.
    """
    from PySide6.QtCore import QSocketNotifier

    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read, window)
    notifier.activated.connect(lambda: ours.recv(64))
    for number in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(number, lambda *_: window.leave())
    signal.set_wakeup_fd(theirs.fileno())
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        notifier.setEnabled(False)
        ours.close()
        theirs.close()
