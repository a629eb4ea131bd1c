"""What a job sees of the engine: the models, and the ways out for results and progress."""

from __future__ import annotations

import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, get_native_id
from typing import TYPE_CHECKING

from ebm_studio.engine.requests import Posted, Progress, Request

if TYPE_CHECKING:
    import torch

    from ebm_studio.data.models.model import Model

MODELS_KEPT = 3
NICE = 5
FEWEST = 5  # units of progress that tell how long one takes


class Stopped(Exception):  # noqa: N818 - not an error: the job was asked to stop
    """Raised by `Worker.check` in a job that is cancelled."""


class ModelShelf:
    """The models in memory, the last few used. Only the job whose turn it is may use it."""

    def __init__(self, device: str, threads: int = 0) -> None:
        self._device = device
        self._threads = threads
        self._models: OrderedDict[str, Model] = OrderedDict()

    def get(
        self,
        name: str,
        report: Callable[[str], object],
        fetching: Callable[[str, int, int], None],
        fresh: bool = False,
        keep: bool = True,
    ) -> Model:
        """The model of a name or path; `fresh` reads the file again, `keep` has it here for the next time.

        `fetching` is told how far the download is of one that is on the hub.
        """
        if fresh or name not in self._models:
            report("Starting torch" if "torch" not in sys.modules else "Loading the model")
            _make_torch_ready()
            from ebm_studio.data.models.model import load_model

            report("Loading the model")
            model = load_model(name, self._device, progress=fetching)
            self._use_threads()
            if not keep:
                return model
            self._models[name] = model
        self._models.move_to_end(name)
        while len(self._models) > MODELS_KEPT:
            self._models.popitem(last=False)
        return self._models[name]

    def device(self) -> torch.device:
        """The device that the models are on."""
        _make_torch_ready()
        from ebm_studio.core.energy.devices import choose_device

        device = choose_device(self._device)
        self._use_threads()
        return device

    def _use_threads(self) -> None:
        from ebm_studio.core.energy.crew import use_threads

        use_threads(self._threads)


def _make_torch_ready() -> None:
    if sys.platform == "linux":
        # On Linux a thread has a niceness of its own, and torch's threads inherit it: the window goes first.
        os.setpriority(os.PRIO_PROCESS, get_native_id(), NICE)


class Stopwatch:
    """Times the units of a job's progress."""

    def __init__(self) -> None:
        self._away = 0.0
        self._text = ""
        self._first = self._last = (0, 0.0)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Time that is not the job's own."""
        left = time.perf_counter()
        yield
        self._away += time.perf_counter() - left

    def note(self, text: str, done: int) -> None:
        """The job is at so many units; another text begins another count."""
        self._last = (done, time.perf_counter() - self._away)
        if text != self._text or done < self._first[0]:
            self._text, self._first = text, self._last

    @property
    def unit_seconds(self) -> float | None:
        """Of a unit of the newest count; None after too few of them, in which things also got ready."""
        (first, began), (last, now) = self._first, self._last
        return (now - began) / (last - first) if last - first >= FEWEST else None


class Worker:
    """A job: a request that waits or runs, and what it sees of the engine."""

    def __init__(
        self,
        request: Request,
        models: ModelShelf,
        send: Callable[[Posted], None],
        give_way: Callable[[Worker], None],
    ) -> None:
        self.request = request
        self.progress: Progress | None = None
        """How far the job is, as it has said last."""
        self._models = models
        self._send = send
        self._give_way = give_way
        self._cancelled = Event()
        self._clock = Stopwatch()

    def post(self, value: object) -> None:
        """Send a result, final or on the way, to whoever asked."""
        self._send(Posted(self.request, value))

    @property
    def unit_seconds(self) -> float | None:
        """See `Ended.unit_seconds`."""
        return self._clock.unit_seconds

    def cancel(self) -> None:
        """Ask the job to stop at its next `check`. From any thread."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job stops at its next `check`."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Let more urgent jobs go first; raise `Stopped` when this one is cancelled. To be called between steps."""
        with self._clock.away():
            self._give_way(self)
        if self.is_cancelled:
            raise Stopped

    def model(self, name: str, fresh: bool = False) -> Model:
        """The model of a bundled name or a path, loaded when it is not in memory. Raises `StudioError`."""
        model = self._models.get(name, self.report, self.tell, fresh, keep=not self.request.background)
        self.check()
        return model

    def device(self) -> torch.device:
        """The engine's device, for a job that makes its own nets. Loads torch."""
        return self._models.device()

    def tell(self, what: str, done: int, total: int) -> None:
        """Report how far the data is that the job needs, and raise `Stopped` when the job is cancelled."""
        self.report(what[:1].upper() + what[1:], done, total)
        self.check()

    def report(self, text: str, done: int = 0, total: int = 0, rate: float = 0.0) -> None:
        """Say how far the job is: `done` of `total` at `rate` a second."""
        self._clock.note(text, done)
        self.progress = Progress(self.request, text, done, total, rate)
