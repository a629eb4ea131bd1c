"""What the engine is asked, and what it answers. All of it is plain data, free of torch."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ebm_studio.engine.worker import Worker


@dataclass(frozen=True, slots=True)
class Load:
    """How much work a request is: its time grows with both numbers."""

    model: str
    work: str
    """Sampling, or another work that takes another time for a unit."""
    width: int
    """Chains that move together in a unit of progress."""
    units: int
    """Units of progress until its end."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that a job needs, frozen. A job kind is a subclass with its fields and its own `work`."""

    stamp: int = 0
    """Given by `Engine.submit`; tells a newer request from an older one."""
    lane: str = ""
    """Who asks. Requests of different lanes leave each other alone."""
    page: str = ""
    """The page that shows what comes of it: while another one is in front it waits, or goes on when nothing else does.
    Empty where people wait for it whatever page they look at."""
    background: bool = False
    """Gives way at each `worker.check()` to the requests that somebody waits for on the same page, and goes on after
    them."""

    @property
    def key(self) -> Hashable:
        """A newer request of the same key supersedes an older one."""
        return (type(self).__qualname__, self.lane)

    @property
    def load(self) -> Load | None:
        """How much work it is; None when nobody can tell."""
        return None

    def work(self, worker: Worker) -> None:
        """Do the job in the engine's thread: `worker.check()` between steps, `worker.post()` for results."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a job failed."""

    text: str
    """One sentence for a person."""
    details: str = ""
    """The traceback, when it is a bug in the program; empty when it is a `StudioError`."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A result, final or on the way, of a request."""

    request: Request
    value: object


@dataclass(frozen=True, slots=True)
class Ended:
    """A request is done, has failed (`fault`), or was cancelled."""

    request: Request
    fault: Fault | None = None
    cancelled: bool = False
    unit_seconds: float | None = None
    """What a unit of its progress took, without the time that it gave to others; None when nobody can tell."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the running job is."""

    request: Request
    text: str
    done: int = 0
    total: int = 0
    """0 when nobody can tell."""
    rate: float = 0.0
    """Steps per second."""

    @property
    def seconds_left(self) -> float | None:
        """None when nobody can tell."""
        return (self.total - self.done) / self.rate if self.rate > 0 and self.total else None
