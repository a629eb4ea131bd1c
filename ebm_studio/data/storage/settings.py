"""What the window remembers between launches: a readable JSON file, and one typed reader for it.

Not `QSettings`: PySide reads some values of its files with pickle, so that a file from elsewhere could run code.
"""

from __future__ import annotations

import base64
import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import write_whole

MAX_BYTES = 2**20
MAX_LENGTH = 100_000
NAME = "settings.json"

log = logging.getLogger(__name__)


class Settings:
    """Values by key. What is missing, or is not what the reader asks for, is the default.

    Every change is written at once, and only that: two windows may use the same file.

    >>> settings.set("train/all", True)
    >>> settings.flag("train/all")
    True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values = _read(path)
        if self._values is None:
            with suppress(OSError):
                path.replace(path.with_suffix(".damaged.json"))
            self._values = {}

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self.data(key)
        return value if isinstance(value, str) else default

    def flag(self, key: str) -> bool:
        """Whether something is on; off by default."""
        return self.data(key) is True

    def blob(self, key: str) -> bytes:
        """Bytes, as Qt keeps the place of a window in; empty by default."""
        try:
            return base64.b64decode(self.text(key), validate=True)
        except ValueError:
            return b""

    def sizes(self, key: str, count: int) -> list[int]:
        """So many lengths in pixels, not all of them 0; empty by default."""
        value = self.data(key)
        fits = isinstance(value, list) and len(value) == count
        return value if fits and all(type(v) is int and 0 <= v <= MAX_LENGTH for v in value) and any(value) else []

    def data(self, key: str) -> Any:
        """Plain data, whatever it is; None by default."""
        return (self._values or {}).get(key)

    def set(self, key: str, value: Any) -> None:
        """Keep bytes or plain data. A file that cannot be written is only logged."""
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        self._values = {**(_read(self.path) or self._values or {}), key: value}
        text = json.dumps(self._values, indent=1)
        try:
            write_whole(self.path, lambda file: file.write_text(text, encoding="ascii"), lasting=False)
        except StudioError as error:
            log.warning("The settings could not be saved: %s", error)


def open_settings() -> Settings:
    """The program's settings, in the user's own configuration folder."""
    return Settings(platformdirs.user_config_path("EBM Studio", appauthor=False) / NAME)


def _read(path: Path) -> dict[str, Any] | None:
    """All values; none when there is no file, and None when there is one that cannot be used."""
    try:
        if not path.exists():
            return {}
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
