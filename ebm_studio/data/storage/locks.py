"""Locks that the system releases when a process ends, however it ends."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int, shared: bool) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int, shared: bool) -> None:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def try_lock(handle: int, shared: bool = False) -> bool:
    """Lock an open file until it is closed; False when another process has it."""
    try:
        _take(handle, shared)
    except OSError:
        return False
    return True
