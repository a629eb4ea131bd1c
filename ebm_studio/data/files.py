"""Whole files or none: writes that a killed process or a full disk cannot leave half done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from ebm_studio.core.errors import StudioError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in the place of `path` at once.

    Raises `StudioError` with the reason when the place cannot be written; `path` is then untouched.
    """
    handle, name = -1, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        # The suffix stays, since Pillow chooses a format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
        write(Path(name))
        os.fsync(handle)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise StudioError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        if handle >= 0:
            os.close(handle)
        if name and os.path.exists(name):
            os.unlink(name)


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
