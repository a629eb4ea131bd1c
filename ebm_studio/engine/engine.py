"""One thread that owns a device, and its queue of requests."""

from __future__ import annotations

import itertools
import logging
import traceback
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import replace
from functools import partial
from threading import Condition, Thread
from typing import TypeVar

from ebm_studio.core.energy.crew import dismiss
from ebm_studio.core.energy.memory import release_memory
from ebm_studio.core.errors import StudioError
from ebm_studio.engine.requests import Ended, Fault, Posted, Progress, Request
from ebm_studio.engine.worker import ModelShelf, Stopped, Worker

log = logging.getLogger(__name__)
R = TypeVar("R", bound=Request)
IDLE_SECONDS = 1.0
"""After this long without work, memory that is kept for the next step goes back to the system."""


class Engine:
    """Does requests one after another in its own thread; the caller polls for the results.

    The newest request of a key wins: older ones of that key leave the queue, a running one is cancelled, and their
    remaining results are dropped. A request of a page that is not in `front`, or in the background, lets those in
    between its steps that are more urgent.

    >>> engine = Engine("cpu")
    >>> request = engine.submit(RunChain(model="fashion32", run=ShortRun()))
    >>> list(engine.news())     # [Posted(request, ChainStore), Ended(request)], as they come
    >>> engine.close()
    """

    def __init__(self, device: str = "auto", threads: int = 0) -> None:
        """`threads` CPU threads; 0 leaves the choice to `default_threads`."""
        self._models = ModelShelf(device, threads)
        self._stamps = itertools.count(1)
        self._changed = Condition()
        self._queue: deque[Request] = deque()
        self.front = ""
        """The key of the page that is looked at."""
        self._running: list[tuple[Request, Worker]] = []  # a job, and above it what it lets in
        self._newest: dict[Hashable, int] = {}
        self._closing = False
        self._news: deque[Posted | Ended] = deque()
        self._progress: Progress | None = None
        self._thread = Thread(target=self._serve, name=f"engine-{device}")

    def submit(self, request: R) -> R:
        """Queue a request; returns it with its stamp, as it will appear in the news."""
        request = replace(request, stamp=next(self._stamps))
        with self._changed:
            if self._closing:
                raise RuntimeError("the engine is closed")
            self._newest[request.key] = request.stamp
            self._queue = deque(r for r in self._queue if r.key != request.key)
            self._queue.append(request)
            for running, worker in self._running:
                if running.key == request.key:
                    worker.cancel()
            self._changed.notify()
            if self._thread.ident is None:
                self._thread.start()
        return request

    def cancel(self, request: Request | None = None) -> None:
        """Forget a request, or stop it at its next step; without one, all that is not in the background."""

        def is_meant(other: Request) -> bool:
            return not other.background if request is None else other == request

        with self._changed:
            self._news.extend(Ended(queued, cancelled=True) for queued in self._queue if is_meant(queued))
            self._queue = deque(queued for queued in self._queue if not is_meant(queued))
            for running, worker in self._running:
                if is_meant(running):
                    worker.cancel()

    def news(self) -> Iterator[Posted | Ended]:
        """What has happened since the last call, oldest first, without what is stale, or becomes so on hearing it."""
        while self._news:
            item = self._news.popleft()
            if self._is_current(item.request):
                yield item

    @property
    def progress(self) -> Progress | None:
        """How far the running job is; None between jobs."""
        return self._progress

    @property
    def busy(self) -> bool:
        """Whether there is work under way, or news that nobody has heard."""
        with self._changed:
            return bool(self._running or self._queue or self._news)

    def close(self) -> None:
        """Cancel everything and wait for the thread to end: at most one step, or one model load."""
        with self._changed:
            self._closing = True
            self._news.extend(Ended(queued, cancelled=True) for queued in self._queue)
            self._queue.clear()
            for _, worker in self._running:
                worker.cancel()
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _is_current(self, request: Request) -> bool:
        return self._newest.get(request.key) == request.stamp

    def _serve(self) -> None:
        while job := self._next():
            self._finish(*job)
            del job  # the request may hold a whole chain
        dismiss()

    def _next(self) -> tuple[Request, Worker] | None:
        with self._changed:
            busy = self._changed.wait_for(self._is_due, IDLE_SECONDS)
        if not busy:
            release_memory()
        with self._changed:
            self._changed.wait_for(self._is_due)
            return None if self._closing else self._pop()

    def _is_due(self) -> bool:
        return bool(self._queue) or self._closing

    def _pop(self) -> tuple[Request, Worker]:
        """Move a request from the queue to those that run, in one go: there is no moment when it is in neither."""
        request = min(self._queue, key=self._patience)  # the first of the most urgent
        worker = Worker(
            request,
            self._models,
            post=lambda value: self._news.append(Posted(request, value)),
            report=self._report,
            give_way=partial(self._give_way, request),
        )
        self._queue.remove(request)
        self._running.append((request, worker))
        return request, worker

    def _patience(self, request: Request) -> int:
        """How long a request can wait: least where somebody looks at the place that it is for."""
        return 2 if request.background else int(request.page not in ("", self.front))

    def _give_way(self, request: Request) -> None:
        """Do what is more urgent, in the middle of a job."""
        while True:
            with self._changed:
                patience = self._patience(request)
                if self._closing or all(self._patience(queued) >= patience for queued in self._queue):
                    return
                job = self._pop()
            self._finish(*job)

    def _finish(self, request: Request, worker: Worker) -> None:
        ended = self._do(request, worker)
        with self._changed:
            self._progress = None
            self._running.pop()
            self._news.append(ended)

    def _do(self, request: Request, worker: Worker) -> Ended:
        try:
            request.work(worker)
        except Stopped:
            return Ended(request, cancelled=True)
        except StudioError as error:
            return Ended(request, Fault(str(error)))
        except Exception as error:  # a bug in a job must not end the thread
            log.exception("%s failed", request)
            text = f"Something went wrong inside the program: {type(error).__name__}: {error}"
            return Ended(request, Fault(text, traceback.format_exc()))
        return Ended(request)

    def _report(self, progress: Progress) -> None:
        self._progress = progress
