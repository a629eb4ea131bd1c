"""Work on a GPU that is recorded once as a CUDA graph and replayed: all its kernels with one launch.

With few chains a GPU waits for its kernels to be launched most of the time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import torch

log = logging.getLogger(__name__)

T = TypeVar("T")
Record = Callable[[Callable[[], T]], Callable[[], T]]
"""Makes of some work what replays it."""


class Recorded(Generic[T]):
    """Work that is done as it stands the first time, and replayed from then on.

    It reads and writes tensors that stay where they are; the next call overwrites what it returns. The first
    time lets the libraries choose their kernels, which they cannot while they are being recorded. Where
    recording fails, the log gets a line, and the work is always done as it stands.
    """

    def __init__(self, name: str, work: Callable[[], T], record: Record[T]) -> None:
        self._name, self._work, self._record = name, work, record
        self._is_warm = False
        self._replay: Callable[[], T] | None = None

    def __call__(self) -> T:
        """Do the work."""
        if not self._is_warm:
            self._is_warm = True
            return self._work()
        if self._replay is None:
            self._replay = self._recorded()
        return self._replay()

    def _recorded(self) -> Callable[[], T]:
        try:
            return self._record(self._work)
        except Exception as error:  # what a driver or a library raises is its own affair; a mistake comes again below
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            log.warning("%s cannot be recorded here and is launched kernel by kernel: %s", self._name, reason)
            return self._work


def record(work: Callable[[], T], generators: Sequence[torch.Generator] = ()) -> Callable[[], T]:
    """Record work as a CUDA graph. `generators` are what it draws from, besides torch's own.

    Raises `RuntimeError` when it does what cannot be recorded.
    """
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
    untouched = [generator.clone_state() for generator in generators]
    for generator in generators:
        graph.register_generator_state(generator)
    try:
        # What other threads do on the GPU at the same time is none of this recording's business.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            result = work()
    except BaseException:
        # A recording that fails leaves its own stream current, and generators that draw only into it.
        torch.cuda.set_stream(stream)
        for generator, state in zip(generators, untouched, strict=True):
            generator.graphsafe_set_state(state)
        raise

    def replay() -> T:
        graph.replay()
        return result

    return replay
