"""What the window feels while a landscape trains in it: `python -m benchmarks.landscape --stalls`.

K 50, 500 chains, three layers of 64: how late the event loop comes, how many frames a second the chains have while they
play, and how fast it trains. The aims: 33 ms at the 99th percentile, 60 frames and 30 updates a second, on two idle
cores.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.window import Stalls
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.landscape.page import LandscapePage
from ebm_studio.app.shell.window import MainWindow
from ebm_studio.app.studio.playback import Playback
from ebm_studio.data.storage.settings import Settings

SETTLED = 30  # updates after which everything is loaded and in motion
SPEED = 100  # steps a second: a new one for each frame of the screen
MODEL = "fashion32"


class Frames(QObject):
    """How long each step of the chain was shown by a widget, but for the last one, at which a loop rests."""

    def __init__(self, playback: Playback) -> None:
        super().__init__()
        self._playback, self._shown, self._since = playback, -1, 0.0
        self.times: list[float] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """See `QObject.eventFilter`."""
        store = self._playback.store
        if event.type() == QEvent.Type.Paint and store and self._playback.position != self._shown:
            now = time.perf_counter()
            if 0 <= self._shown < store.run.steps:
                self.times.append(now - self._since)
            self._shown, self._since = self._playback.position, now
        return False

    def rate(self) -> float:
        """Frames a second, while the chain plays."""
        return len(self.times) / sum(self.times)


def stalls(seconds: float) -> None:
    """Train for so long, and print one JSON object."""
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder, "settings.json"))
        theme = Theme(app, settings)
        window = MainWindow(theme, settings, MODEL)
        page = window.page_of(LandscapePage)
        state, felt, frames = page.state, Stalls(), Frames(page.state.playback)
        page.views.energy.installEventFilter(frames)
        first: list[int] = []

        def train() -> None:
            window.show_page(page)
            state.change("K 50", replace(state.setup.with_part("short_run", steps=50), count=500))
            state.playback.set_speed(SPEED)
            state.train()

        def feel() -> None:
            if first or state.sight is None or state.sight.updates < SETTLED:
                return
            first[:] = [state.sight.updates]
            frames.times.clear()
            felt.start()
            QTimer.singleShot(int(1000 * seconds), end)

        def end() -> None:
            found.update(felt.result())
            found["updates_per_s"] = ((state.sight.updates if state.sight else 0) - first[0]) / seconds
            found["frames_per_s"] = frames.rate()
            window.leave()

        state.sight_changed.connect(feel)
        window.started.connect(train)
        window.show()
        app.exec()
        theme.close()
    print(json.dumps({name: round(value, 1) for name, value in found.items()}))
