"""The engine as the window sees it: signals in the window's own thread."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.studio.pace import Pace
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.requests import Ended, Posted, Progress, Request

R = TypeVar("R", bound=Request)
Posts = Callable[[Any], object]
Ends = Callable[[Ended], object]
POLL = 16  # milliseconds, about one frame of the screen


@dataclass(frozen=True)
class Listener:
    """Who gets the results of a request."""

    stamp: int
    posted: Posts | None
    ended: Ends | None


class EngineLink(QObject):
    """Polls the engine while it is busy. Its thread never touches Qt."""

    progress_changed = Signal()

    def __init__(self, device: str = "auto", parent: QObject | None = None, threads: int = 0) -> None:
        super().__init__(parent)
        self.engine = Engine(device, threads)
        self._listeners: dict[Hashable, Listener] = {}  # of the newest request of each key
        self.progress: Progress | None = None
        self.pace = Pace(self)
        """How fast requests are here."""
        self._timer = QTimer(self, interval=POLL)
        self._timer.timeout.connect(self._poll)

    def submit(self, request: R, posted: Posts | None = None, ended: Ends | None = None) -> R:
        """See `Engine.submit`. `posted` is called with each result of this very request, `ended` at its end.

        Neither is called any more once a newer request of the same key is submitted.
        """
        stamped = self.engine.submit(request)
        self._listeners[stamped.key] = Listener(stamped.stamp, posted, ended)
        self._timer.start()
        return stamped

    def bring_to_front(self, page: str) -> None:
        """Requests of this page go before those of others."""
        self.engine.front = page

    def cancel(self, request: Request | None = None, page: str | None = None) -> None:
        """See `Engine.cancel`."""
        self.engine.cancel(request, page)

    def restart(self, device: str, threads: int) -> None:
        """Stop everything and continue with an engine on another device, which has no model yet."""
        self.engine.close()
        self.pace.forget()
        self._poll()  # so that everybody learns how their request ended
        front, self.engine = self.engine.front, Engine(device, threads)
        self.engine.front = front

    def close(self) -> None:
        """Stop everything; returns when the engine's thread has ended."""
        self._timer.stop()
        self.engine.close()

    def _poll(self) -> None:
        busy = self.engine.busy
        for item in self.engine.news():
            if isinstance(item, Ended):
                self.pace.learn(item)
            self._tell(item)
        if self.progress != self.engine.progress:
            self.progress = self.engine.progress
            self.progress_changed.emit()
        if not busy and not self.engine.busy:
            self._timer.stop()

    def _tell(self, item: Posted | Ended) -> None:
        listener = self._listeners.get(item.request.key)
        if listener is None or listener.stamp != item.request.stamp:
            return
        if isinstance(item, Posted):
            if listener.posted is not None:
                listener.posted(item.value)
        else:
            del self._listeners[item.request.key]
            if listener.ended is not None:
                listener.ended(item)
