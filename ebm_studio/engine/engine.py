"""Who owns a device: a queue of requests, and the jobs that take turns at it."""

from __future__ import annotations

import itertools
import logging
import traceback
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import replace
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
    remaining results are dropped. Between its steps a job gives its turn to a more urgent one: the page in `front`
    goes before hidden pages, and on both, what somebody waits for goes before the background. A job that is let in
    gets a thread of its own, so that the one that waits can have its turn back before the other has ended. Only the
    job whose turn it is works.

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
        self._queue: deque[Worker] = deque()
        self.front = ""
        """The key of the page that is looked at."""
        self._running: list[Worker] = []  # begun, in this order; all but the one whose turn it is wait in a `check`
        self._turn: Worker | None = None
        self._newest: dict[Hashable, int] = {}
        self._closing = False
        self._news: deque[Posted | Ended] = deque()
        self._thread = Thread(target=self._serve, name=f"engine-{device}")
        self._guests: list[Thread] = []  # those of jobs that were let in

    def submit(self, request: R) -> R:
        """Queue a request; returns it with its stamp, as in the news. Raises `RuntimeError` once it is closed."""
        request = replace(request, stamp=next(self._stamps))
        with self._changed:
            if self._closing:
                raise RuntimeError("the engine is closed")
            self._newest[request.key] = request.stamp
            self._queue = deque(job for job in self._queue if job.request.key != request.key)
            self._queue.append(Worker(request, self._models, self._news.append, self._give_way))
            for job in self._running:
                if job.request.key == request.key:
                    job.cancel()
            self._changed.notify_all()
            if self._thread.ident is None:
                self._thread.start()
        return request

    def cancel(self, request: Request | None = None, page: str | None = None) -> None:
        """Forget a request, or stop it at its next step; without one, all that is not in the background.

        With a `page`, only what that page shows, and what every page does.
        """

        def is_meant(job: Worker) -> bool:
            if request is not None:
                return job.request == request
            return not job.request.background and (page is None or job.request.page in ("", page))

        with self._changed:
            self._news.extend(Ended(job.request, cancelled=True) for job in self._queue if is_meant(job))
            self._queue = deque(job for job in self._queue if not is_meant(job))
            for job in filter(is_meant, self._running):
                job.cancel()

    def news(self) -> Iterator[Posted | Ended]:
        """What has happened since the last call, oldest first, without what is stale, or becomes so on hearing it."""
        while self._news:
            item = self._news.popleft()
            if self._is_current(item.request):
                yield item

    def awaits(self, page: str) -> bool:
        """Whether a job of a page waits or runs, other than in the background."""
        with self._changed:
            return any(
                job.request.page == page and not job.request.background for job in (*self._running, *self._queue)
            )

    @property
    def progress(self) -> Progress | None:
        """How far the job is whose turn it is; None between jobs."""
        job = self._turn
        return None if job is None else job.progress

    @property
    def busy(self) -> bool:
        """Whether there is work under way, or news that nobody has heard."""
        with self._changed:
            return bool(self._running or self._queue or self._news)

    def close(self) -> None:
        """Cancel everything and wait for the threads to end: at most one step, or one model load."""
        with self._changed:
            self._closing = True
            self._news.extend(Ended(job.request, cancelled=True) for job in self._queue)
            self._queue.clear()
            for job in self._running:
                job.cancel()
            self._changed.notify_all()
        for thread in (self._thread, *self._guests):
            if thread.ident is not None:
                thread.join()

    def _is_current(self, request: Request) -> bool:
        return self._newest.get(request.key) == request.stamp

    def _serve(self) -> None:
        while job := self._next():
            self._do(job)
            del job  # the request may hold a whole chain
        dismiss()

    def _next(self) -> Worker | None:
        with self._changed:
            self._changed.wait_for(self._is_due, IDLE_SECONDS)
            at_rest = not self._is_due() and self._turn is None
        if at_rest:
            release_memory()
        with self._changed:
            self._changed.wait_for(self._is_due)
            return None if self._closing else self._begin(min(self._queue, key=self._patience))

    def _is_due(self) -> bool:
        return self._closing or (self._turn is None and bool(self._queue))

    def _begin(self, job: Worker) -> Worker:
        """Move a job from the queue to those that run, in one go: there is no moment when it is in neither."""
        self._queue.remove(job)
        self._running.append(job)
        self._turn = job
        return job

    def _patience(self, job: Worker) -> int:
        """How long a job can wait: least where somebody looks at what comes of it, or where it only has to stop."""
        if job.is_cancelled:
            return -1
        request = job.request
        in_front = request.page in ("", self.front)  # what has no page is seen on every one
        return 2 * (not in_front) + request.background

    def _give_way(self, job: Worker) -> None:
        """Let what is more urgent go first, in the middle of a job; return when the turn is back."""
        with self._changed:
            # The first of the most urgent wins: a job goes on until another is more urgent than it.
            while (other := min([job, *reversed(self._running), *self._queue], key=self._patience)) is not job:
                if other in self._queue:
                    self._let_in(self._begin(other))
                self._turn = other
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._turn is job)
                del other

    def _let_in(self, job: Worker) -> None:
        def work() -> None:
            self._do(job)
            dismiss()

        thread = Thread(target=work, name=f"{self._thread.name}-guest")
        self._guests = [*(guest for guest in self._guests if guest.is_alive()), thread]
        thread.start()

    def _do(self, job: Worker) -> None:
        ended = replace(_done(job), unit_seconds=job.unit_seconds)
        with self._changed:
            self._running.remove(job)
            self._news.append(ended)
            self._turn = min(reversed(self._running), key=self._patience, default=None)
            self._changed.notify_all()


def _done(job: Worker) -> Ended:
    """Do all of a job."""
    request = job.request
    try:
        request.work(job)
    except Stopped:
        return Ended(request, cancelled=True)
    except StudioError as error:
        return Ended(request, Fault(str(error)))
    except Exception as error:  # a bug in a job must not end the thread
        log.exception("%s failed", request)
        text = f"Something went wrong inside the program: {type(error).__name__}: {error}"
        return Ended(request, Fault(text, traceback.format_exc()))
    return Ended(request)
