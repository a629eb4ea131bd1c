"""What a command prints never decides how it ends: pipes close, disks fill, terminals go."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

GONE = (errno.EPIPE, errno.EIO, errno.EBADF)
"""Nobody reads on: as after `| head`, or when the terminal is closed."""


class Stream:
    """A stream to print to. When it cannot be written any more, the rest goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None
        """Why what was printed is lost, when somebody might have read it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Print, where that is possible."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Print what waits, where that is possible."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if error.errno not in GONE:
            self.error = error
        # What is still in the buffer would fail again, at the latest when Python ends.
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())


@contextmanager
def safe_streams() -> Iterator[Stream]:
    """Both standard streams, printing to which never raises; yields stdout. Names that it cannot encode are escaped."""
    before = (sys.stdout, sys.stderr)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # for a stream that was closed before we began
        out, err = (Stream(stream or nowhere) for stream in before)
        for stream in (out, err):
            with suppress(AttributeError, OSError):
                stream.reconfigure(errors="backslashreplace")
        sys.stdout, sys.stderr = out, err
        try:
            yield out
        finally:
            for stream in (out, err):
                stream.flush()
            sys.stdout, sys.stderr = before
