"""Printing never decides how a command ends: pipes close, disks fill up, terminals disappear."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

GONE = (errno.EPIPE, errno.EIO, errno.EBADF)
"""Nobody reads any more, as after `| head` or when the terminal is closed."""


class Stream:
    """A stream to print to. When writing fails, the rest is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None
        """Why the output was lost, if somebody might have read it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Print, if possible."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Print what is still in the buffer, if possible."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if error.errno not in GONE:
            self.error = error
        # Whatever is still in the buffer would fail again, at the latest when Python exits.
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())


@contextmanager
def safe_streams() -> Iterator[Stream]:
    """Make printing to both standard streams never raise; yields stdout. Names that it cannot encode are escaped."""
    before = (sys.stdout, sys.stderr)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # for a stream that was closed before we started
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
