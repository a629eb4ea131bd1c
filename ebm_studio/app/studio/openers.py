"""Files dropped on the window: one place that finds what opens them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl


@dataclass(frozen=True)
class Opener:
    """Something that opens a kind of file."""

    takes: Callable[[Path], bool]
    """By its name or, when that is not enough, by a quick look inside."""
    open: Callable[[list[Path]], object]
    """Called with all files of a drop that it takes, at least one."""
    hint: str
    """What a drop would do, shown while files hover: "Open the model"."""
    page: str = ""
    """The key of the page that shows what it opens. It comes first while that page is shown."""
    first: bool = False
    """Comes before all others, for files that only look like what they take."""


class Drops:
    """The openers, asked in order: those that come first, those of the page that is shown, then the others."""

    def __init__(self) -> None:
        self._openers: list[Opener] = []

    def add(self, opener: Opener) -> None:
        """A further kind of files."""
        self._openers.append(opener)

    def share_out(self, paths: Sequence[Path], shown: str) -> tuple[dict[Opener, list[Path]], list[Path]]:
        """Which opener takes which files, and the files that none takes."""
        order = sorted(self._openers, key=lambda opener: (not opener.first, opener.page != shown))
        taken: dict[Opener, list[Path]] = {}
        left = []
        for path in paths:
            opener = next((opener for opener in order if opener.takes(path)), None)
            if opener is None:
                left.append(path)
            else:
                taken.setdefault(opener, []).append(path)
        return taken, left


def local_files(data: QMimeData | None) -> list[Path]:
    """The files and folders of this machine in what is dragged, or on the clipboard, which may hold nothing at all."""
    return [_path(url) for url in data.urls() if url.isLocalFile()] if data is not None else []


def _path(url: QUrl) -> Path:
    if os.name != "posix":
        return Path(url.toLocalFile())
    # `toLocalFile` takes names for UTF-8; there they are bytes, and Python keeps all of them.
    return Path(os.fsdecode(unquote_to_bytes(url.path(QUrl.ComponentFormattingOption.FullyEncoded))))


def nobody_opens(paths: Sequence[Path]) -> str:
    """The message about files that no opener takes."""
    names = ", ".join(path.name for path in paths[:3]) + (" and others" if len(paths) > 3 else "")
    known = "a picture, a folder or zip of pictures, a model, a latent or an exported file"
    return f"Can't open {names}. Drop {known} instead."
