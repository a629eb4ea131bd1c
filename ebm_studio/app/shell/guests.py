"""What other starts of the program pass to the open window."""

from __future__ import annotations

import os

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt

from ebm_studio.app.shell.hand_over import ACTIVATION, Place, Wish
from ebm_studio.app.shell.window import MainWindow


class Guests(QObject):
    """Watches the inbox of a `Place` for a window, as soon as that has its session."""

    def __init__(self, place: Place, window: MainWindow) -> None:
        super().__init__(window)
        self._place = place
        self._window = window
        self._watcher = QFileSystemWatcher(self)
        if place.inbox.is_dir():
            self._watcher.addPath(str(place.inbox))
        self._watcher.directoryChanged.connect(self._look)
        self._look()

    def _look(self) -> None:
        for path, wish in self._place.wishes():
            if not self._window.isVisible():
                return  # it is closing: the start that waits becomes the next window
            path.unlink(missing_ok=True)
            self._fulfil(wish)

    def _fulfil(self, wish: Wish) -> None:
        window = self._window
        if wish.activation:
            os.environ[ACTIVATION] = wish.activation  # where Qt looks for it
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.raise_()
        window.activateWindow()
        if wish.model is not None:
            window.open_model(wish.model)
        if wish.files:
            window.files.open(list(wish.files))
