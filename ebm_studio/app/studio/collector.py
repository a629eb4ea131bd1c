"""Python's garbage collection, kept to the window's thread."""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

EVERY = 500  # milliseconds
OLDEST = 2  # the generation with all objects, which takes a tenth of a second
SELDOM = 30.0  # seconds between two collections of it


class Collector(QObject):
    """Collects as often as Python would, but only here.

    On its own, Python collects in whatever thread makes the next object. In the engine's thread it would
    delete widgets, which Qt allows in theirs alone, and crash.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._last = time.monotonic()
        self._timer = QTimer(self, interval=EVERY)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def _collect(self) -> None:
        pairs = zip(gc.get_count(), gc.get_threshold(), strict=True)
        due = max((generation for generation, (count, most) in enumerate(pairs) if count > most > 0), default=-1)
        if due == OLDEST and time.monotonic() - self._last < SELDOM:
            due = OLDEST - 1
        if due == OLDEST:
            self._last = time.monotonic()
        if due >= 0:
            gc.collect(due)

    def close(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()
