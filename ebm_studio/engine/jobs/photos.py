"""Reading photos, away from the window's thread."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures.pictures import WHITE, find_photos, open_picture
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
    from ebm_studio.engine.worker import Worker

KEPT_SIDE = 1024
"""Of a photo in memory, its long side at most: eight times the largest model's picture."""


@dataclass(frozen=True, slots=True)
class PhotoRead:
    """A photo that can be used. Nobody writes to its picture."""

    path: Path
    picture: Image.Image
    """8-bit RGB or grey, upright, its long side at most `KEPT_SIDE`."""


@dataclass(frozen=True, slots=True)
class PhotoFault:
    """Why a file, or the rest of many, is not used: one sentence for a person."""

    text: str


@dataclass(frozen=True, kw_only=True)
class ReadPhotos(Request):
    """Read files, and the pictures of folders; posts a `PhotoRead` or a `PhotoFault` for each, in order."""

    paths: tuple[Path, ...] = ()
    limit: int
    """Photos at most."""
    content: bytes = field(default=b"", repr=False)
    """Instead of the paths, one picture's file, called `name`."""
    name: str = ""
    paper: str = WHITE
    """What is transparent shows this colour: see `read_colour`."""

    @property
    def key(self) -> Hashable:
        """Photos are added to those before, so no request supersedes another."""
        return (type(self).__qualname__, self.stamp)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        for number, (source, path) in enumerate(self._sources(worker)):
            worker.report("Reading photos", number)
            worker.check()
            try:
                picture = open_picture(source, str(path), self.paper, enough=KEPT_SIDE)
            except DataError as error:
                worker.post(PhotoFault(str(error)))
                continue
            picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
            worker.post(PhotoRead(path, picture))

    def _sources(self, worker: Worker) -> list[tuple[Path | bytes, Path]]:
        if self.content:
            return [(self.content, Path(self.name))]
        found, faults = find_photos(self.paths, self.limit)
        for fault in faults:
            worker.post(PhotoFault(fault))
        return [(path, path) for path in found]
