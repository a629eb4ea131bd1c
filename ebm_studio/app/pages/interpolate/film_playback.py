"""The playhead over the frames of a path."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ebm_studio.app.studio.playback import TICK, Mode

RATES = (5, 10, 20, 30, 60)


class FilmPlayback(QObject):
    """Observable. Whoever shows the frames tells it their `count`, and where it starts."""

    moved = Signal(int)
    """The frame that is due."""
    playing_changed = Signal()
    mode_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.count = 0
        self.playing = False
        self.mode: Mode = "pingpong"
        self.fps = 20
        self._clock = 0.0  # frames
        self._way = 1  # on, or back
        self._last = 0.0
        self._timer = QTimer(self, interval=TICK, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def play(self, frame: int) -> None:
        """Run from a frame; at the last one back, or from the first."""
        if self.count < 2:
            return
        at_end = frame >= self.count - 1
        self._way = -1 if at_end and self.mode == "pingpong" else 1
        self._clock = 0.0 if at_end and self._way > 0 else float(frame)
        self._last = time.perf_counter()
        self._set_playing(True)

    def pause(self) -> None:
        """Stay where it is."""
        self._set_playing(False)

    def toggle(self, frame: int) -> None:
        """Play from a frame, or pause."""
        if self.playing:
            self.pause()
        else:
            self.play(frame)

    def set_mode(self, mode: Mode) -> None:
        """Play `once`, in a `loop`, or there and back."""
        if mode != self.mode:
            self.mode = mode
            self._way = 1
            self.mode_changed.emit()

    def _tick(self) -> None:
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        last = self.count - 1
        self._clock += self._way * min(elapsed * self.fps, last)
        if self.mode == "pingpong" and not 0 <= self._clock <= last:
            self._clock = 2 * last - self._clock if self._way > 0 else -self._clock
            self._way = -self._way
        elif self.mode == "loop":
            self._clock %= self.count
        elif self._clock > last:
            self._clock = float(last)
            self._set_playing(False)
        # There and back, each end is due half a frame's time before and after the turn.
        self.moved.emit(round(self._clock) if self.mode == "pingpong" else int(self._clock))

    def _set_playing(self, playing: bool) -> None:
        if playing:
            self._timer.start()
        else:
            self._timer.stop()
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit()
