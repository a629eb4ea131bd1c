"""What the C library keeps of freed memory. Free of torch; does nothing where there is no glibc."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_KEPT_BYTES = 256 << 20
_HEAP_BYTES = 32 << 20  # the most that glibc allows


@cache
def keep_memory() -> None:
    """Keep what a step frees for the next one.

    A step's tensors come and go some megabytes at a time. By default glibc returns them to the
    system each time and gets them back page by page, which costs up to a third of a step.
    """
    if libc := _glibc():
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_MMAP_THRESHOLD, _HEAP_BYTES)


def release_memory() -> None:
    """Return the kept memory to the system, when no step will come for a while."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "malloc_trim") else None
