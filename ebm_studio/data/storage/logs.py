"""What the program says of itself: the last lines in memory, all of it in a file in the user's log folder."""

from __future__ import annotations

import faulthandler
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

LINES = 1000
MAX_BYTES = 2**20
FORMAT = "%(asctime)s  %(levelname)-7s  %(name)s  %(message)s"


class Ring(logging.Handler):
    """The newest lines. Any thread logs, the window reads."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(FORMAT))
        self.written = 0
        """Records so far, so that a reader sees whether there is something new."""
        self._records: deque[str] = deque(maxlen=LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        self._records.append(self.format(record))
        self.written += 1

    @property
    def text(self) -> str:
        """The newest records, oldest first."""
        return "\n".join(tuple(self._records))


def log_folder() -> Path:
    """Where the log file is, and the notes of a crash."""
    return platformdirs.user_log_path("ebm-studio", appauthor=False)


@contextmanager
def logging_on() -> Iterator[Ring]:
    """Log to memory and, where it can be written, to a file of bounded size."""
    root = logging.getLogger()
    ring = Ring()
    handlers: list[logging.Handler] = [ring]
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(
            log_folder() / "ebm-studio.log", maxBytes=MAX_BYTES, backupCount=2, encoding="utf-8", delay=True
        )
        file.setFormatter(logging.Formatter(FORMAT))
        handlers.append(file)
    except OSError:
        pass  # a log folder that cannot be written is no reason not to start
    before = root.level
    root.setLevel(logging.INFO)
    for handler in handlers:
        root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield ring
    finally:
        logging.captureWarnings(False)
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


@contextmanager
def crash_noted(pid: int) -> Iterator[str]:
    """Have a hard crash write where each thread stood; yields what the last one wrote, or an empty text.

    A process that ends in peace leaves no note. An empty note may be that of a window still open.
    """
    last = _last_crash()
    path = log_folder() / f"crash-{pid}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8")
    except OSError:
        yield last
        return
    faulthandler.enable(file)
    try:
        yield last
    finally:
        faulthandler.disable()
        file.close()
        with suppress(OSError):
            path.unlink()


def _last_crash() -> str:
    found = ""
    for note in sorted(log_folder().glob("crash-*.txt")):
        with suppress(OSError):
            text = note.read_text(encoding="utf-8", errors="replace")
            if text:
                found = text
                note.unlink()
    return found
