"""What was on the desk: one readable JSON file, written while a person works and read at the next launch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from ebm_studio import __version__
from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import write_whole

FORMAT = 1
SAVE_AFTER = 3000  # milliseconds: what a crash may cost
MAX_BYTES = 64 * 2**20
NAME = "session.json"


@dataclass(frozen=True)
class Part:
    """Somebody who is remembered."""

    save: Callable[[], Any]
    """Plain data, ready for JSON. Files that belong to it are written first."""
    load: Callable[[Any], object]
    """Be as that data says; any `StudioError`, `KeyError`, `TypeError` or `ValueError` says that it is damaged."""


class Session(QObject):
    """Parts of the window, by name, in one file of a folder that also holds the files they refer to.

    >>> session = Session(folder, self)
    >>> session.add("shelf", save, load, shelf.changed)
    >>> session.load()      # at launch, after all parts are there
    >>> session.save()      # on demand and at exit; else `SAVE_AFTER` after a change
    """

    failed = Signal(str)
    """The session could not be read or written: one sentence for a person."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.path = folder / NAME
        self._parts: dict[str, Part] = {}
        self._unknown: dict[str, Any] = {}
        self._timer = QTimer(self, interval=SAVE_AFTER, singleShot=True)
        self._timer.timeout.connect(self.save)

    def add(self, name: str, save: Callable[[], Any], load: Callable[[Any], object], *signals: SignalInstance) -> None:
        """A further part; the signals say that it has changed."""
        self._parts[name] = Part(save, load)
        for signal in signals:
            signal.connect(self.touch)

    def touch(self, *_: object) -> None:
        """Something has changed: save in a few seconds, however much changes until then."""
        if not self._timer.isActive():
            self._timer.start()

    def load(self) -> None:
        """Be as the last launch was left. A damaged file is set aside, and what is sound in it is used."""
        if not self.path.exists():
            return
        try:
            data = _read(self.path)
        except (OSError, ValueError, RecursionError) as error:
            self._set_aside(str(error))
            return
        faults = []
        for name, content in data.items():
            part = self._parts.get(name)
            if part is None:
                self._unknown[name] = content  # of a page that this version does not have
                continue
            try:
                part.load(content)
            except (StudioError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                faults.append(f"{name}: {error}")
        if faults:
            self._set_aside("; ".join(faults))
        self._timer.stop()

    def save(self) -> None:
        """Write everything now."""
        self._timer.stop()
        try:
            data = {
                "format": FORMAT,
                "written_by": f"EBM Studio {__version__}",
                **self._unknown,
                **{name: part.save() for name, part in self._parts.items()},
            }
            text = json.dumps(data, indent=1, ensure_ascii=False)
            write_whole(self.path, lambda file: file.write_text(text, encoding="utf-8"))
        except StudioError as error:
            self.failed.emit(f"The session is not saved. {error}")

    def _set_aside(self, reason: str) -> None:
        aside = self.path.with_name(f"session-damaged-{datetime.now():%Y%m%d-%H%M%S}.json")
        try:
            self.path.rename(aside)
        except OSError as error:
            aside, reason = self.path, f"{reason}; {error}"
        self.failed.emit(
            f"The last session was damaged ({reason[:200]}). It was set aside as {aside}, and this is a new one."
        )


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("it is too large")
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("it is not a table")
    if data.get("format") != FORMAT:
        raise ValueError(f"it has format {str(data.get('format'))[:20]}, and this program reads format {FORMAT}")
    return {name: content for name, content in data.items() if name not in ("format", "written_by")}
