"""The session: one readable JSON file, written while a person works and read at the next launch.

File names are bytes on Linux. Those that are not UTF-8 come as text with lone surrogates, which the file
keeps as escapes: see PEP 383.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from ebm_studio import __version__
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.data.storage.atomic_write import write_whole

FORMAT = 1
SAVE_AFTER = 3000  # milliseconds: what a crash may cost
MAX_BYTES = 64 * 2**20
NAME = "session.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Something that the session remembers."""

    name: str
    save: Callable[[], Any]
    """Plain data, ready for JSON. Files that belong to it are written first."""
    load: Callable[[Any], object]
    """Restore that data as far as it is valid; any exception means that something in it is damaged."""
    signals: Sequence[SignalInstance] = ()
    """They say that it has changed."""
    tidy: Callable[[], object] | None = None
    """After the last save: delete the files of what is no longer there."""


class Session(QObject):
    """Parts of the window, by name, in one file of a folder that also holds the files they refer to.

    >>> session = Session(folder, self)
    >>> session.add(Part("shelf", save, load, [shelf.changed]))
    >>> session.load()      # at launch, after all parts are there
    >>> session.save()      # on demand and at exit; else `SAVE_AFTER` after a change
    """

    failed = Signal(object)
    """The session could not be read or written: one sentence for a person."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.path = folder / NAME
        self._parts: dict[str, Part] = {}
        self._unknown: dict[str, Any] = {}
        self._is_loaded = False
        self._stuck = ""  # why nothing is saved: a damaged file that cannot be moved is not written over
        self._timer = QTimer(self, interval=SAVE_AFTER, singleShot=True)
        self._timer.timeout.connect(self.save)

    def add(self, part: Part) -> None:
        """Add a part."""
        self._parts[part.name] = part
        for signal in part.signals:
            signal.connect(self.touch)

    def touch(self, *_: object) -> None:
        """Something has changed: save in a few seconds, together with any further changes."""
        if not self._timer.isActive():
            self._timer.start()

    def load(self) -> None:
        """Restore the last session. A damaged file is set aside, and its intact parts are used."""
        self._is_loaded = True
        if not os.path.lexists(self.path):
            return
        try:
            data = _read(self.path)
        except (OSError, ValueError, RecursionError) as error:
            log.warning("The session cannot be read: %s", error)
            self._set_aside("it cannot be read")
            return
        damaged = []
        for name, content in data.items():
            part = self._parts.get(name)
            if part is None:
                self._unknown[name] = content  # of a page that this version does not have
                continue
            try:
                part.load(content)
            except Exception as error:  # whatever a bad value causes, the other parts are fine
                log.warning("The part %s of the session is damaged", name, exc_info=True)
                damaged.append(f"{name}: {error}" if isinstance(error, StudioError) else name)
        if damaged:
            self._set_aside("; ".join(damaged))
        self._timer.stop()

    def save(self) -> None:
        """Write everything now, unless the last session was not even read yet: it must not be written over."""
        self._timer.stop()
        if not self._is_loaded:
            return
        if self._stuck:
            self.failed.emit(f"The session is not saved: {self._stuck}")
            return
        try:
            data = {
                "format": FORMAT,
                "written_by": f"EBM Studio {__version__}",
                **self._unknown,
                **{name: part.save() for name, part in self._parts.items()},
            }
            text = json.dumps(data, indent=1)
            write_whole(self.path, lambda file: file.write_text(text, encoding="ascii"))
        except StudioError as error:
            self.failed.emit(f"The session is not saved. {error}")

    def close(self) -> None:
        """Save for the last time."""
        self.save()
        for part in self._parts.values():
            if part.tidy is not None and self._is_loaded:
                part.tidy()

    def _set_aside(self, reason: str) -> None:
        aside = self.path.with_name(f"session-damaged-{datetime.now():%Y%m%d-%H%M%S-%f}.json")
        try:
            self.path.rename(aside)
        except OSError as error:
            self._stuck = f"{self.path} is damaged and cannot be moved away ({error.strerror})."
            self.failed.emit(f"The last session was damaged ({reason[:200]}). {self._stuck}")
            return
        self.failed.emit(
            f"The last session was damaged ({reason[:200]}). The intact parts are used; the whole file is kept in "
            f"{aside}."
        )


def number(value: object, low: float, high: float) -> float:
    """A number that a session holds. Raises `DataError` unless it is one within bounds."""
    if isinstance(value, int | float) and low <= value <= high:
        return value
    raise DataError(f"{str(value)[:20]} is not a number from {low:g} to {high:g}")


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise ValueError("it is not a file, or too large")
    data = json.loads(path.read_bytes())
    if not isinstance(data, dict):
        raise ValueError("it is not a table")
    if data.get("format") != FORMAT:
        raise ValueError(f"it has format {str(data.get('format'))[:20]}, but this program reads format {FORMAT}")
    return {name: content for name, content in data.items() if name not in ("format", "written_by")}
