"""One window for each user: a second start passes its files to the open window and exits.

Two windows would write over each other's session. A lock on a file in the user's settings folder shows which start has
the window; the kernel releases it however that start ends. The others leave their files in a folder beside it, which
the window watches and empties. A socket would have a name that others can take, and would need libraries that not every
system has.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.locks import try_lock

log = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds for a window to take what it gets; on a busy machine it may still be opening
LOOK = 0.02  # seconds between two checks whether it has
STALE = 60.0  # seconds after which nobody waits
MAX_BYTES = 2**20
MAX_FILES = 1000
ACTIVATION = "XDG_ACTIVATION_TOKEN"
"""The variable with what lets a window come to the front under Wayland."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a start was asked to open."""

    model: str | None = None
    files: tuple[Path, ...] = ()
    """Absolute: the window may run in another folder."""
    activation: str = ""
    """See `ACTIVATION`."""

    @classmethod
    def of_start(cls, model: str | None, files: Sequence[str]) -> Self:
        """The wish of this process."""
        if model is not None and os.path.exists(model):
            model = os.path.abspath(model)
        activation = os.environ.get(ACTIVATION, "")
        return cls(model=model, files=tuple(Path(os.path.abspath(file)) for file in files), activation=activation)

    def to_json(self) -> str:
        """As text in ASCII; file names that are not UTF-8 come back as they were."""
        return json.dumps({"model": self.model, "files": [*map(str, self.files)], "activation": self.activation})

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The wish that `to_json` wrote. Raises `ValueError` for anything else."""
        data: Any = json.loads(text)
        match data:
            case {"model": str() | None as model, "files": list(files), "activation": str(activation)} if all(
                isinstance(file, str) and os.path.isabs(file) for file in files[:MAX_FILES]
            ):
                return cls(model=model, files=tuple(map(Path, files[:MAX_FILES])), activation=activation)
        raise ValueError("not a wish")


class Place:
    """The right to be the window, and the requests of other starts."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.inbox = _inbox(folder)
        self._lock = lock

    def wishes(self) -> Iterator[tuple[Path, Wish]]:
        """What waits in the inbox, the oldest first. Delete the file of a request when it is done."""
        for path in _by_age(self.inbox):
            try:
                about = path.stat()
                if time.time() - about.st_mtime > STALE or about.st_size > MAX_BYTES:
                    raise ValueError("nobody waits for it")
                wish = Wish.from_json(path.read_bytes())
            except (OSError, ValueError, RecursionError):
                path.unlink(missing_ok=True)
            else:
                yield path, wish

    def close(self) -> None:
        """Let the next start have the window."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def take_or_hand_over(folder: Path, wish: Wish) -> Place | None:
    """Become the window of a settings folder; None if there already is one, which then gets the wish.

    Raises `StudioError` when the window does not answer.
    """
    until, note = time.monotonic() + PATIENCE, None
    try:
        while time.monotonic() < until:
            if (place := _take(folder)) is not None:
                return place
            if note is None:
                note = _inbox(folder) / f"{secrets.token_hex(8)}.json"
                write_whole(note, lambda file: file.write_text(wish.to_json(), encoding="ascii"), lasting=False)
            time.sleep(LOOK)
            if not note.exists():
                return None
    finally:
        if note is not None:
            note.unlink(missing_ok=True)
    raise StudioError("EBM Studio is already open but does not answer: close its window first.")


def _take(folder: Path) -> Place | None:
    try:
        _inbox(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "window.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        log.warning("Cannot tell whether EBM Studio is already open: %s", error)
        return Place(folder, -1)  # where nothing can be written, no window takes another's session away
    if try_lock(lock):
        return Place(folder, lock)
    os.close(lock)
    return None


def _inbox(folder: Path) -> Path:
    return folder / "inbox"


def _by_age(inbox: Path) -> list[Path]:
    """The whole files there, the oldest first; those that are being written begin with a dot."""
    with suppress(OSError), os.scandir(inbox) as entries:
        whole = [entry for entry in entries if entry.name[0] != "." and entry.is_file()]
        return [Path(path) for _, path in sorted((entry.stat().st_mtime_ns, entry.path) for entry in whole)]
    return []
