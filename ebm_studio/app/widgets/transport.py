"""The buttons that play something: to its ends, step by step, on and off, and in a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.studio.playback import Mode
from ebm_studio.app.widgets.fields import button


class Plays(Protocol):
    """What the buttons steer."""

    def set_mode(self, mode: Mode) -> None:
        """Play once, in a loop, or there and back."""

    @property
    def mode(self) -> Mode: ...
    @property
    def playing(self) -> bool: ...
    @property
    def playing_changed(self) -> SignalInstance: ...
    @property
    def mode_changed(self) -> SignalInstance: ...


class Key(NamedTuple):
    """A button's name, its tip, and what it does."""

    name: str
    tip: str
    action: Callable[[], object]


class Transport(QWidget):
    """First, previous, play, next, last, and the two loops, in a row."""

    def __init__(
        self, theme: Theme, playback: Plays, keys: tuple[Key, Key, Key, Key, Key], loops: tuple[str, str]
    ) -> None:
        """`keys` are the first five buttons, `loops` the tips of the last two."""
        super().__init__()
        self._theme = theme
        self._playback = playback
        icons = ("first", "previous", "play", "next", "last")
        self.first, self.previous, self.play, self.next, self.last = (
            button(theme, icon, key.name, key.tip, key.action) for icon, key in zip(icons, keys, strict=True)
        )
        self.play.setObjectName("play")
        self.loop = button(theme, "loop", "Loop", loops[0])
        self.pingpong = button(theme, "pingpong", "Ping-pong", loops[1])
        self._modes: dict[QToolButton, Mode] = {self.loop: "loop", self.pingpong: "pingpong"}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT // 2)
        for widget in (*self.ways, *self._modes):
            row.addWidget(widget)
        for toggle, mode in self._modes.items():
            toggle.setCheckable(True)
            toggle.clicked.connect(lambda on, mode=mode: playback.set_mode(mode if on else "once"))
        playback.playing_changed.connect(self._show_playing)
        playback.mode_changed.connect(self._show_mode)
        self._show_mode()

    @property
    def ways(self) -> tuple[QToolButton, ...]:
        """The buttons that need something to play."""
        return (self.first, self.previous, self.play, self.next, self.last)

    def _show_playing(self) -> None:
        playing = self._playback.playing
        self.play.setIcon(self._theme.icon("pause" if playing else "play"))
        self.play.setAccessibleName("Pause" if playing else "Play")

    def _show_mode(self) -> None:
        for toggle, mode in self._modes.items():
            toggle.setChecked(self._playback.mode == mode)
