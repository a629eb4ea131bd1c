"""The playhead over a chain: where it is, whether it runs, how fast."""

from __future__ import annotations

import time
from typing import Literal, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, SignalInstance

from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import ModelReady

TICK = 16  # milliseconds
SPEEDS = (5, 10, 25, 50, 100, 250)
REST = 1.0  # seconds that a loop stays at an end

Mode = Literal["once", "loop", "pingpong"]


class Playback(QObject):
    """Observable. Positions are step indices, always of steps that the store keeps."""

    chain_changed = Signal()
    """There is another chain."""
    grew = Signal()
    """The chain has more steps than before, or has ended."""
    position_changed = Signal()
    playing_changed = Signal()
    mode_changed = Signal()
    """The mode or the speed."""
    axis_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store: ChainStore | None = None
        self.position = 0
        self.playing = False
        self.mode: Mode = "once"
        self.speed = 25
        self.log = False
        """Whether the steps are shown on a logarithmic axis, where chains far past K still show their first steps."""
        self._way = 1  # forward, or back
        self._clock = 0.0  # the playhead in fractions of a step
        self._rested = 0.0
        self._last = 0.0
        self._seen = (0, False)
        self._timer = QTimer(self, interval=TICK, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def show_chain(self, store: ChainStore, first: int = 0) -> None:
        """Play a chain while it still runs, from its start noise or from a later step."""
        self.store = store
        self._seen = (0, False)
        self.position = int(store.indices[store.row_of(first)])
        self.chain_changed.emit()
        self.position_changed.emit()
        self.play()

    def clear(self) -> None:
        """Have no chain."""
        self.pause()
        self.store = None
        self.position = 0
        self.chain_changed.emit()
        self.position_changed.emit()

    def play(self) -> None:
        """Run; from the start when the playhead is at the end."""
        if self.store is None:
            return
        self._way = 1
        if self.store.finished and self.position >= self.store.newest:
            if self.mode == "pingpong":
                self._way = -1
            else:
                self._move(0)
        self._clock = float(self.position)
        self._last = time.perf_counter()
        self._rested = 0.0
        self._set_playing(True)

    def pause(self) -> None:
        """Stay where it is."""
        self._set_playing(False)

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def set_mode(self, mode: Mode) -> None:
        """Play `once`, in a `loop`, or there and back."""
        if mode != self.mode:
            self.mode = mode
            self._way = 1
            self.mode_changed.emit()

    def set_speed(self, speed: int) -> None:
        """Play so many steps a second."""
        if speed != self.speed:
            self.speed = speed
            self.mode_changed.emit()

    def set_log(self, log: bool) -> None:
        """Show the steps on a logarithmic axis, or on an even one."""
        if log != self.log:
            self.log = log
            self.axis_changed.emit()

    def go(self, position: int) -> None:
        """Pause at a step, or at the nearest that is there."""
        self.pause()
        self._move(position)

    def step(self, by: int) -> None:
        """Pause, and go that many kept steps forward or back."""
        if self.store is not None:
            row = min(max(self.row + by, 0), self.store.rows - 1)
            self.go(int(self.store.indices[row]))

    @property
    def row(self) -> int:
        """The store's row of the playhead."""
        return self.store.row_of(self.position) if self.store else 0

    def watch(self) -> None:
        """Check whether the chain has grown. Called while the engine works."""
        if self.store is not None and self._seen != (seen := (self.store.rows, self.store.finished)):
            self._seen = seen
            self.grew.emit()

    def _tick(self) -> None:
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        store = self.store
        if store is None:
            return
        self.watch()
        # A slow sampler delays the playhead; it does not catch up later.
        self._clock = min(max(self._clock + self._way * elapsed * self.speed, 0.0), float(store.newest))
        self._move(int(self._clock))
        if store.finished and (self.position >= store.newest if self._way > 0 else self._clock == 0):
            self._end(elapsed)

    def _end(self, elapsed: float) -> None:
        if self.mode == "once":
            self._set_playing(False)
            return
        self._rested += elapsed
        if self._rested < REST:
            return
        self._rested = 0.0
        if self.mode == "pingpong":
            self._way = -self._way
        else:
            self._clock = 0.0
            self._move(0)

    def _move(self, position: int) -> None:
        if self.store is None:
            return
        position = int(self.store.indices[self.store.row_of(position)])
        if position != self.position:
            self.position = position
            self.position_changed.emit()

    def _set_playing(self, playing: bool) -> None:
        if playing:
            self._timer.start()
        else:
            self._timer.stop()
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit()


class ShowsChain(Protocol):
    """What the timeline and its curves need to know of a page's state."""

    def go_on(self) -> None:
        """Run a chain that was cancelled to its end."""

    @property
    def playback(self) -> Playback: ...
    @property
    def model(self) -> ModelReady | None: ...
    @property
    def selected(self) -> int | None:
        """The chain whose curve is drawn apart."""
        ...

    @property
    def selection_changed(self) -> SignalInstance: ...
