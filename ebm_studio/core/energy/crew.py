"""Threads that share work in whole pieces: one thread does each piece from start to end. Free of torch until used.

Torch's own threads split every operation and meet after each one. How an operation is split depends on how
many threads there are, and so does its rounding. And a thread that waits for the others spins: if another program takes
the core of one, all of them stand still. Here no operation is split, and a thread without work sleeps.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from threading import Thread, local
from typing import Generic, TypeVar

P = TypeVar("P")
_own = local()  # each thread that shares work out has its own helpers: they end when it says so
_chosen = 0


@cache
def default_threads() -> int:
    """Threads that leave the window smooth: every core up to four, then all but one; never more than torch's own.

    The window's loop wakes for a fraction of a millisecond, which few
    cores can spare less than a quarter or half of their speed.
    """
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(torch.get_num_threads(), cores if cores <= 4 else cores - 1)


def use_threads(count: int = 0) -> None:
    """Let this process work with so many threads; 0 for `default_threads`. In the calling thread, torch's own stop."""
    global _chosen
    import torch

    _chosen = count or default_threads()
    torch.set_num_threads(1)


def threads() -> int:
    """How many threads this process works with."""
    return _chosen or default_threads()


def share_out(work: Callable[[P], object], pieces: Sequence[P]) -> None:
    """Do the work for each piece, in this thread and its helpers, without gradients. Raises what a piece raises."""
    helpers = 0 if getattr(_own, "alone", False) else min(threads(), len(pieces)) - 1
    if helpers > 0 and not hasattr(_own, "crew"):
        _own.crew = _Crew()
    with _one_thread():
        if helpers > 0:
            _own.crew.run(_Job(work, pieces), helpers)
        else:
            for piece in pieces:
                work(piece)


@contextmanager
def alone() -> Iterator[None]:
    """In it, the calling thread shares nothing out."""
    before, _own.alone = getattr(_own, "alone", False), True
    try:
        yield
    finally:
        _own.alone = before


def dismiss() -> None:
    """End the helpers of the calling thread. They start again when there is work."""
    if hasattr(_own, "crew"):
        _own.crew.end()
        del _own.crew


@contextmanager
def _one_thread() -> Iterator[None]:
    """No gradients, and no splitting of operations, in this thread."""
    import torch

    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        if before != 1:
            torch.set_num_threads(before)


class _Job(Generic[P]):
    """Pieces of work; whichever thread is free takes the next one."""

    def __init__(self, work: Callable[[P], object], pieces: Sequence[P]) -> None:
        self._work = work
        self._left = deque(pieces)
        self._count = len(pieces)
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()

    def help(self) -> None:
        """Do pieces until there are none left."""
        while True:
            try:
                piece = self._left.popleft()
            except IndexError:
                return
            try:
                self._work(piece)
            except BaseException as error:
                self._left.clear()
                self._done.put(error)
                return
            self._done.put(None)

    def wait(self) -> None:
        """Return when all pieces are done. Raises what one of them raised."""
        for _ in range(self._count):
            if error := self._done.get():
                raise error


class _Crew:
    """Threads that sleep until there is a job."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job[object] | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def run(self, job: _Job[object], helpers: int) -> None:
        """Do a job with the calling thread and some helpers."""
        while len(self._threads) < helpers:
            # They inherit the calling thread's niceness. As daemons, they never hold up the end of the program.
            thread = Thread(target=self._serve, name=f"crew-{len(self._threads) + 1}", daemon=True)
            thread.start()
            self._threads.append(thread)
        for _ in range(helpers):
            self._jobs.put(job)
        job.help()
        job.wait()  # not for helpers that come late and find nothing left

    def end(self) -> None:
        """End the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        with _one_thread(), alone():
            while job := self._jobs.get():
                job.help()
                del job  # it holds tensors
