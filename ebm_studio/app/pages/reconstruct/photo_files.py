"""Photos from files and to files, by a reader of its own: they come while the device works."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.reconstruct.photo import Photo
from ebm_studio.app.pages.reconstruct.photo_session import Remembered
from ebm_studio.app.pages.reconstruct.replay import LANE
from ebm_studio.app.pages.reconstruct.results import Outcome
from ebm_studio.app.pages.reconstruct.saved_results import outcome_of_entry
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.core.errors import StudioError
from ebm_studio.data.models.result import Account, Result
from ebm_studio.engine.jobs.photos import PhotoFault, PhotoRead, ReadPhotos
from ebm_studio.engine.jobs.reconstruction import SaveResults
from ebm_studio.engine.requests import Ended

MOST = 64
"""Photos on the page at most."""


class PhotoFiles(QObject):
    """Reads the files it is given, in order."""

    came = Signal(object, object)
    """A `Photo`, and what those have in common that were asked for together."""
    came_back = Signal(object, list)
    """A `Photo` of the session, and its `Outcome`s."""
    absent = Signal(object, object)
    """A `Remembered` that could not be read, and why."""
    failed = Signal(object)
    """One sentence about a file."""
    ended = Signal(object)
    """All that was asked for at once is read, or written; a `Fault` or None."""
    saved = Signal(object)
    """A `Saved`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = EngineLink("cpu", self)
        self._keys = 0
        self._reads = 0
        self._remembered: list[Remembered] = []
        self._reasons: dict[Remembered, str] = {}  # why one could not be read

    @property
    def busy(self) -> bool:
        """Whether photos are still being read."""
        return self._link.engine.busy

    @property
    def awaited(self) -> list[dict[str, Any]]:
        """The entries of the session's photos that are still to be read."""
        return [remembered.entry for remembered in self._remembered]

    def new_key(self) -> int:
        """The key of another photo."""
        self._keys += 1
        return self._keys

    def read(self, paper: str, **source: Any) -> None:
        """Read `paths`, or one picture's `content`, called `name`."""
        self._reads += 1
        request = ReadPhotos(page=LANE, limit=MOST, paper=paper, **source)
        self._link.submit(request, partial(self._take, request, self._reads), self._end)

    def read_again(self, remembered: Remembered) -> None:
        """Read a photo of the session, with its results."""
        self._remembered.append(remembered)
        request = ReadPhotos(page=LANE, limit=MOST, paper=remembered.paper, paths=(remembered.path,))
        self._link.submit(request, partial(self._take_back, remembered), partial(self._end_back, remembered))

    def save(self, folder: Path, results: tuple[Result, ...], account: Account) -> None:
        """Write results to a folder."""
        request = SaveResults(lane=LANE, page=LANE, folder=folder, results=results, account=account)
        self._link.submit(request, self.saved.emit, self._end)

    def close(self) -> None:
        """Stop reading."""
        self._link.close()

    def _take(self, request: ReadPhotos, number: int, read: PhotoRead | PhotoFault) -> None:
        if isinstance(read, PhotoFault):
            self.failed.emit(read.text)
            return
        file = None if request.content else read.path.absolute()
        photo = Photo.of(self.new_key(), read.path, read.picture, file, request.paper)
        self.came.emit(photo, ("add", number))

    def _take_back(self, remembered: Remembered, read: PhotoRead | PhotoFault) -> None:
        if isinstance(read, PhotoFault):
            self._reasons[remembered] = read.text
        if isinstance(read, PhotoFault) or remembered not in self._remembered:
            return
        self._remembered.remove(remembered)
        key = self.new_key()
        self.came_back.emit(remembered.photo(key, read.picture), self._outcomes(remembered, key))

    def _outcomes(self, remembered: Remembered, photo: int) -> list[Outcome]:
        outcomes = []
        for entry in remembered.results:
            try:
                outcomes.append(outcome_of_entry(entry, photo, remembered.drawer))
            except (StudioError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                self.failed.emit(f"A reconstruction of {remembered.name.name} cannot be read: {error}")
        return outcomes

    def _end_back(self, remembered: Remembered, ended: Ended) -> None:
        reason = self._reasons.pop(remembered, f"{remembered.name.name} contains no photo.")
        if remembered in self._remembered:
            self._remembered.remove(remembered)
            if not ended.cancelled:
                self.absent.emit(remembered, reason)
        self._end(ended)

    def _end(self, ended: Ended) -> None:
        self.ended.emit(ended.fault)
