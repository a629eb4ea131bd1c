"""Nobody waits half an hour by mistake: what takes long is asked about first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.pace import Pace
from ebm_studio.engine.requests import Load, Request

LONG = 120.0
"""Seconds that are begun without a question."""
MUCH_MORE = 1.25
"""Times the work that a person has agreed to, and is asked again."""


def steps_text(load: Load, what: str = "chain") -> str:
    """How much work it is: 99,999 steps of 16 chains."""
    return f"{load.units:,} steps of {load.width:,} {what}{'' if load.width == 1 else 's'}"


class LongRuns(QObject):
    """Observable: what waits for a person's yes, on one page.

    >>> self.long.ask([request], steps_text(request.load), partial(self.link.submit, request))

    A yes is for all that is not much more work, until something short has run in between.
    """

    changed = Signal()

    def __init__(self, pace: Pace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.what = ""
        """What would take long; empty while nothing waits."""
        self.seconds = 0.0
        """How long, about."""
        self._pace = pace
        self._agreed = 0
        self._work = 0
        self._begin: Callable[[], object] | None = None

    @property
    def waiting(self) -> bool:
        """Whether something waits for an answer."""
        return self._begin is not None

    def ask(self, requests: Sequence[Request], what: str, begin: Callable[[], object]) -> None:
        """Begin now, or when a person has said yes to the time that the requests will take together."""
        loads = [load for request in requests if (load := request.load) is not None]
        times = [seconds for load in loads if (seconds := self._pace.seconds(load)) is not None]
        work = sum(load.units * load.width for load in loads)
        if sum(times) < LONG:
            self._agreed = 0
        elif work > MUCH_MORE * self._agreed:
            self._set(what, sum(times), work, begin)
            return
        self.forget()
        begin()

    def agree(self) -> None:
        """Begin; who hears of the answer finds it begun."""
        begin, self._agreed = self._begin, self._work
        if begin is not None:
            self._begin = None
            begin()
            self._set("", 0.0, 0, None)

    def forget(self) -> None:
        """Nothing waits any more."""
        if self.waiting:
            self._set("", 0.0, 0, None)

    def _set(self, what: str, seconds: float, work: int, begin: Callable[[], object] | None) -> None:
        self.what, self.seconds, self._work, self._begin = what, seconds, work, begin
        self.changed.emit()
