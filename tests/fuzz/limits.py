"""How much time and memory a reader may take, and what it may say."""

from __future__ import annotations

import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ebm_studio.core.errors import StudioError

SECONDS = 5.0
"""Processor time, so that a busy machine makes no difference; the test's own limit ends what waits forever."""
BYTES = 500 * 2**20
PYTHON = re.compile(r"Traceback|__init__|object at 0x|<[A-Za-z]\w+ |Errno|\b[A-Z]\w+Error\b|NoneType|dict_|builtins")


class Outcome:
    """The numbers of files read and refused."""

    def __init__(self) -> None:
        self.read = self.refused = 0
        self.slowest = 0.0
        self._before = _peak(reset=True)

    def of(self, read: Callable[[], Any], what: str, name: str = "") -> None:
        """Read something. It must succeed, or be refused in one sentence that contains the name."""
        began = time.process_time()
        try:
            read()
        except StudioError as error:
            self.refused += 1
            _check(str(error), what, name)
        except Exception as error:
            raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
        else:
            self.read += 1
        seconds = time.process_time() - began
        self.slowest = max(self.slowest, seconds)
        assert seconds < SECONDS, f"{what}: {seconds:.1f} s"
        assert self.grown < BYTES, f"{what}: {self.grown / 2**20:.0f} MB"

    @property
    def grown(self) -> int:
        """How many bytes the peak memory has grown since before the first file."""
        return _peak() - self._before

    def __str__(self) -> str:
        return (
            f"{self.read} read, {self.refused} refused, "
            f"at most {self.slowest:.2f} s each and {self.grown / 2**20:.0f} MB in all"
        )


def _check(message: str, what: str, name: str) -> None:
    assert message, what
    assert message.isprintable(), f"{what}: {message!r}"
    assert len(message) <= 1000, f"{what}: {message!r}"
    assert not PYTHON.search(message), f"{what}: {message}"
    assert name in message, f"{what}: {message} does not name {name}"


def _peak(reset: bool = False) -> int:
    """The peak memory of the process; since the last reset, where the system supports it."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        text = Path("/proc/self/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", text)[0]) * 1024
    except (OSError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
