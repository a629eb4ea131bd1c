"""The pictures of a folder or a zip by their names, found with care: links that go round, bombs, odd names."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader
from pathlib import Path, PurePath

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures.decoding import may_be_picture
from ebm_studio.data.pictures.pictures import is_picture
from ebm_studio.data.storage.outside import FileKind, size_text

ZIP = FileKind("zip", 2**40, DataError)
MAX_MEMBER = 128 * 2**20
MAX_FILES = 2_000_000
PIECE = 2**20
HEAD = 32  # bytes that tell the kind of a picture
ENCRYPTED = 1  # a flag of a member

Entry = tuple[str, Callable[[], Path | bytes]]
"""A picture's name, and what gives its file or its content."""
Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What is in a folder or zip. What is hidden is neither."""

    pictures: list[Entry]
    """In name order."""
    others: list[str]
    """The names of all other files."""


@dataclass(slots=True)
class Files:
    """The files of a folder, of its folders, and of those that links in it lead to; each folder once."""

    names: list[str] = field(default_factory=list)
    """Relative to the folder."""
    roots: set[Identity] = field(default_factory=set)
    """The folder, and what the links lead to."""
    odd: list[str] = field(default_factory=list)
    """Pipes, devices, dead links and the like."""


@contextmanager
def open_pictures(path: Path) -> Iterator[Found]:
    """What is in a folder or zip; it can be read while the context lasts. Raises `DataError`."""
    if path.is_dir():
        files = find_files(path)
        names, others = _sorted_out(files.names)
        yield Found([(name, partial(path.joinpath, name)) for name in names], others + files.odd)
        return
    with ZIP.open(path) as file:
        if not zipfile.is_zipfile(file):
            raise DataError(f"{path} is neither a folder nor a zip of images.")
        # Opened once: to open it anew for each picture would read its whole directory each time.
        with _archive(path, file) as archive:
            members = {_name(info): info for info in archive.infolist()}
            nameless = [f"a file without a name in {path.name}"] if members.pop("", None) else []
            names, others = _sorted_out(name for name in members if not name.endswith("/"))
            yield Found([(name, partial(_read, archive, members[name])) for name in names], others + nameless)


def find_files(folder: Path) -> Files:
    """Walk through a folder; what it has itself comes before what links lead to. Raises `DataError`."""
    found, seen = Files(), set[Identity]()
    own, linked = [folder], list[Path]()
    try:
        while own or linked:
            place, is_root = (own.pop(), False) if own else (linked.pop(0), True)
            if (known := identity(place)) in seen:
                continue  # a link that goes round, or to what is read already
            seen.add(known)
            if is_root or place == folder:
                found.roots.add(known)
            for entry in os.scandir(place):
                if _is_hidden(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    own.append(Path(entry.path))
                elif entry.is_dir():
                    linked.append(Path(entry.path))
                else:
                    name = str(Path(entry.path).relative_to(folder))
                    (found.names if entry.is_file() else found.odd).append(name)
            if len(found.names) > MAX_FILES:
                raise DataError(f"{folder} has more than {MAX_FILES // 10**6} million files: give a smaller folder.")
            linked.sort()
    except OSError as error:
        raise DataError(f"{error.filename or folder} cannot be read: {(error.strerror or '').lower()}.") from None
    return found


def identity(path: Path) -> Identity:
    """What tells a file or folder from all others, whatever leads to it."""
    about = os.stat(path)
    return about.st_dev, about.st_ino


def _archive(path: Path, file: BufferedReader) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError:
        raise DataError(
            f"{path} cannot be opened: a file name in it is not valid text. Pack the pictures again."
        ) from None
    except NotImplementedError:
        raise DataError(f"{path} cannot be opened: this program cannot read this kind of zip.") from None
    except Exception:  # Python's reader raises many kinds for a damaged directory
        raise DataError(f"{path} cannot be opened: it is damaged or cut short.") from None


def _name(info: zipfile.ZipInfo) -> str:
    # Some programs of Windows write its own separator.
    name = info.filename.replace("\\", "/")
    return f"{name.rstrip('/')}/" if stat.S_ISDIR(info.external_attr >> 16) and name else name


def _sorted_out(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those of pictures, in order, and those of other files; none that is hidden, or in a hidden folder."""
    seen = [name for name in names if not any(map(_is_hidden, PurePath(name).parts))]
    seen.sort(key=lambda name: PurePath(name).parts)
    return [name for name in seen if is_picture(name)], [name for name in seen if not is_picture(name)]


def _is_hidden(part: str) -> bool:
    return part == "__MACOSX" or (part.startswith(".") and part != "..")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # Members are read into memory and never unpacked, so a name that climbs out leads nowhere.
    if info.flag_bits & ENCRYPTED:
        raise DataError("it has a password")
    if info.file_size > MAX_MEMBER:
        raise DataError(f"it is larger than {size_text(MAX_MEMBER)}")
    try:
        with archive.open(info) as file:
            head = file.read(HEAD)
            if not may_be_picture(head):
                raise DataError("it is not a picture that this program can read" if head else "it is empty")
            content = io.BytesIO()
            content.write(head)
            while piece := file.read(PIECE):
                content.write(piece)
        return content.getvalue()
    except DataError:
        raise
    except NotImplementedError:
        raise DataError("it is compressed in a way that this program does not know") from None
    except Exception:  # Python's reader raises many kinds for a damaged member
        raise DataError("it is damaged") from None
