"""The way of pictures to the display: it holds the newest one only, so that nothing queues up."""

from __future__ import annotations

from threading import Lock

from ebm_studio.engine.requests import Frame


class Mailbox:
    """One frame from the worker to whoever draws."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._frame: Frame | None = None

    def put(self, frame: Frame) -> None:
        """Replace what is there, seen or not."""
        with self._lock:
            self._frame = frame

    def take(self) -> Frame | None:
        """The newest frame, once; None when there is none since the last call."""
        with self._lock:
            frame, self._frame = self._frame, None
            return frame
