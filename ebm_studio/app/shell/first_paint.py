"""What starts after a window has painted itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ebm_studio.app.look.guard import guarded


class FirstPaint(QObject):
    """Waits for the first paint of a window, or until it is stopped."""

    done = Signal()
    """The window is on the screen, still empty: now torch and pyqtgraph may take the interpreter."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._timer = QTimer(self, interval=0, singleShot=True)  # when the paint has come to its end
        self._timer.timeout.connect(self.done)
        window.installEventFilter(self)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            self._timer.start()
        return super().eventFilter(watched, event)

    def stop(self) -> None:
        """Whatever has not started does not start any more."""
        self._window.removeEventFilter(self)
        self._timer.stop()
