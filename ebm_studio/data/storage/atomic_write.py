"""Whole files or none: writes that a killed process or a full disk cannot leave half done."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ebm_studio.core.errors import DiskFullError, StudioError
from ebm_studio.data.storage.outside import kind_of_place

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if os.name == "posix" else (errno.ENOSPC,)
_PART = re.compile(r"\..+\.part-[a-z0-9_]{8}(\.[^.]+)?")


def write_whole(path: Path, write: Callable[[Path], object], lasting: bool = True) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in the place of `path` at once.

    Unless it need not be `lasting`, it is on the disk itself before this returns. Raises
    `StudioError` with the reason when the place cannot be written, `DiskFullError` when there is no
    room; `path` is then untouched.
    """
    handle, name = -1, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_plain(path)
        # The suffix stays, since Pillow chooses a format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.part-", suffix=path.suffix, dir=path.parent)
        write(Path(name))
        if lasting:
            os.fsync(handle)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
        if lasting:
            _sync_folder(path.parent)
    except OSError as error:
        raise writing_failed(path, error) from error
    finally:
        if handle >= 0:
            os.close(handle)
        if name and os.path.exists(name):
            os.unlink(name)


def check_plain(path: Path) -> None:
    """See that there is a plain file or nothing: opening a pipe to write would wait forever. Raises `OSError`."""
    if (kind := kind_of_place(path)) not in ("", "file"):
        raise OSError(errno.EEXIST, "it is a folder" if kind == "folder" else "it is not a plain file")


def check_place(path: Path, folder: bool = False) -> None:
    """See before the work that a file, or the files of a `folder`, can be written there. Raises `StudioError`."""
    try:
        if path.is_dir() and not folder:
            raise IsADirectoryError(21, "it is a folder")
        with suppress(FileNotFoundError):
            os.lstat(path)  # raises where a part of the way is no folder, or a name too long
        way = (path.absolute(), *path.absolute().parents)[0 if folder else 1 :]
        tempfile.TemporaryFile(dir=next(place for place in way if os.path.lexists(place))).close()
    except OSError as error:
        raise writing_failed(path, error) from error


def remove_parts(folder: Path) -> None:
    """Delete what killed processes left half written by `write_whole` in a folder, and nothing else."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _PART.fullmatch(path.name):
                path.unlink(missing_ok=True)


def writing_failed(path: Path, error: OSError) -> StudioError:
    """The error for a person."""
    kind = DiskFullError if error.errno in NO_ROOM else StudioError
    return kind(f"Cannot write {path}: {error.strerror or error}.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
