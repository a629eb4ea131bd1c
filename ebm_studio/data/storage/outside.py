"""Files from outside are opened here and nowhere else: plain files only, of a size that is known and bounded."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from ebm_studio.core.errors import StudioError

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
SHOWN = 60  # letters of a name that is too long to be one


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of files that others give the program, and what is raised when one cannot be read."""

    what: str
    """As in "There is no model file a.pt"."""
    most: int
    """Bytes of the largest."""
    error: type[StudioError]

    def check(self, path: Path) -> int:
        """The size of a file in bytes, if it is one that `open` opens. Raises the kind's error."""
        with self._told(path):
            return self._size(path, os.stat(path))

    def open(self, path: Path) -> BufferedReader:
        """A plain file of at most `most` bytes, for reading. Raises the kind's error."""
        self.check(path)  # before it is opened, since some devices do something when they are
        with self._told(path):
            handle = os.open(path, _FLAGS)  # a pipe that came in between would not block
            try:
                self._size(path, os.fstat(handle))
            except BaseException:
                os.close(handle)
                raise
            return os.fdopen(handle, "rb")

    def read(self, path: Path) -> bytes:
        """All of such a file. Raises the kind's error."""
        with self.open(path) as file, self._told(path):
            return file.read(os.fstat(file.fileno()).st_size) or b""

    def _size(self, path: Path, found: os.stat_result) -> int:
        if not stat.S_ISREG(found.st_mode):
            kind = next((name for test, name in _KINDS if test(found.st_mode)), "a device")
            raise self.error(f"{path} is {kind}: give a {self.what}.")
        if found.st_size > self.most:
            raise self.error(f"{path} is too large for a {self.what}: it has more than {size_text(self.most)}.")
        return found.st_size

    @contextmanager
    def _told(self, path: Path) -> Iterator[None]:
        """Turn what the system says into one sentence."""
        try:
            yield
        except (OSError, ValueError) as error:
            raise self.error(self._reason(path, error)) from None

    def _reason(self, path: Path, error: OSError | ValueError) -> str:
        if not isinstance(error, OSError) or error.errno == errno.EINVAL:
            return f"{path} cannot be the name of a file."
        if error.errno == errno.ENAMETOOLONG:
            return f"{str(path)[:SHOWN]}… is too long to be the name of a {self.what}."
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            if path.is_symlink():
                return f"{path} is a link to a file that is gone: give a {self.what}."
            return f"There is no {self.what} {path}."
        return f"{path} cannot be read: {(error.strerror or str(error)).lower()}."


def path_of(name: str, error: type[StudioError]) -> Path:
    """The path that a person means by a name, in which ~ is a home folder. Raises `error`."""
    if not name.strip():
        raise error("The name is empty: give a file or folder.")
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise error(f"{name} cannot be found: there is no user {Path(name).parts[0][1:SHOWN]}.") from None


def kind_of_place(path: Path) -> str:
    """What there is at a path: "file", "folder", "other" for a device or the like, or "" for nothing."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"


def size_text(count: int) -> str:
    """Bytes as a person says them."""
    return f"{count // 2**20} MB" if count >= 2**20 else f"{max(count // 2**10, 1)} kB"
