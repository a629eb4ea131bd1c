"""The photos of the Reconstruct page, and what a person does to them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.reconstruct.absent import AbsentPhotos
from ebm_studio.app.pages.reconstruct.photo import Photo, painted
from ebm_studio.app.pages.reconstruct.photo_files import MOST, PhotoFiles
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.pictures.pictures import WHITE, Crop
from ebm_studio.engine.jobs.chains import ModelReady
from ebm_studio.engine.requests import Fault

MESSAGES = 5
"""The number of file errors shown at once."""


class Album(Faults):
    """Observable. Photos are replaced at each edit, and each edit can be undone."""

    photos_changed = Signal()
    """There are other photos, or one has another crop or mask."""
    selection_changed = Signal()
    brush_changed = Signal()

    def __init__(self, open_model: OpenModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.open = open_model
        self.photos: tuple[Photo, ...] = ()
        self.current: Photo | None = None
        """The photo that is looked at."""
        self.brush = 6.0
        """Its diameter, in pixels of the model."""
        self.erases = False
        """Whether the brush makes known what it touches."""
        self.paper = WHITE
        """What transparent parts of photos show that are opened from now on: see `read_colour`."""
        self._messages: list[str] = []  # about files, which share one fault
        self._strokes = 0
        self._added: Hashable = None
        self.files = PhotoFiles(self)
        self.absent = AbsentPhotos(self.files, open_model.undo, self)
        self.absent.told.connect(self._add_message)
        self.files.came.connect(self._take_photo)
        self.files.failed.connect(self._add_message)

    @property
    def model(self) -> ModelReady | None:
        """The model that is open."""
        return self.open.model

    @property
    def net(self) -> NetSpec | None:
        """The model's net."""
        return self.model.card.net if self.model else None

    def set_paper(self, paper: str) -> None:
        """Let transparent parts of photos show that colour from now on."""
        self.paper = paper

    def open_files(self, paths: Sequence[Path]) -> None:
        """Add photos, and the pictures of folders; those that cannot be read are named in the error message."""
        self.dismiss()
        self.files.read(self.paper, paths=tuple(paths))

    def open_content(self, content: bytes, name: str) -> None:
        """Add the picture in a file's bytes."""
        self.dismiss()
        self.files.read(self.paper, content=content, name=name)

    @property
    def reading(self) -> bool:
        """Whether photos are still being read."""
        return self.files.busy

    def look_at(self, photo: Photo | None) -> None:
        """Choose the photo that is looked at."""
        if photo is not self.current:
            self.current = photo
            self.selection_changed.emit()

    def remove(self, photo: Photo) -> None:
        """Take a photo off the page. Can be undone, as every edit of photos."""
        self._swap(f"Remove {photo.path.name}", tuple(other for other in self.photos if other is not photo))

    def clear(self) -> None:
        """Take all photos off the page."""
        self._swap("Remove all photos", ())

    def change(self, text: str, edit: Callable[[Photo], Photo], key: Hashable = "edit") -> None:
        """Put an edited photo in the place of the one that is looked at; edits of a `key` at once are one."""
        old = self.current
        if old is not None:
            new = edit(old)
            photos = tuple(new if photo is old else photo for photo in self.photos)
            self._swap(text, photos, key and ("photo", old.key, key))

    def centre(self) -> None:
        """The centre square again."""
        self.change("Centre the crop", lambda photo: replace(photo, crop=Crop.centre(*photo.picture.size)))

    def turn(self) -> None:
        """A quarter turn clockwise."""
        self.change("Rotate the photo", Photo.turned, key=None)

    def begin_stroke(self) -> None:
        """What is painted from now on is another thing to undo."""
        self._strokes += 1

    def paint(self, start: tuple[float, float], end: tuple[float, float], erase: bool = False) -> None:
        """Move the brush over the mask, from point to point (x, y) in pixels of the model."""
        net, photo = self.net, self.current
        if net is None or photo is None:
            return
        mask = photo.mask(net.size)
        mask = np.zeros((net.size, net.size), bool) if mask is None else mask
        mask = painted(mask, start, end, self.brush, on=self.erases == erase)
        self.change("Paint the mask", lambda photo: photo.masked(mask), key=self._strokes)

    def clear_mask(self) -> None:
        """Make all of the photo known."""
        self.change("Clear the mask", lambda photo: photo.masked(None), key=None)

    def set_brush(self, size: float | None = None, erases: bool | None = None) -> None:
        """Another diameter, or the eraser for the brush."""
        net = self.net
        most = net.size if net else 128
        self.brush = min(max(size, 1.0), float(most)) if size is not None else self.brush
        self.erases = self.erases if erases is None else erases
        self.brush_changed.emit()

    def _swap(self, text: str, photos: tuple[Photo, ...], key: Hashable = None) -> None:
        self.open.undo.swap(text, self._set_photos, self.photos, photos, key, page="reconstruct")

    def _set_photos(self, photos: tuple[Photo, ...]) -> None:
        before, place = self.current, 0
        if before is not None and before in self.photos:
            place = self.photos.index(before)
        self.photos = photos
        same = next((photo for photo in self.photos if before is not None and photo.key == before.key), None)
        self.current = same or (self.photos[min(place, len(self.photos) - 1)] if self.photos else None)
        self.photos_changed.emit()
        if same is None:
            self.selection_changed.emit()

    def dismiss(self) -> None:
        """Remove the error message."""
        self._messages = []
        super().dismiss()

    def _take_photo(self, photo: Photo, key: Hashable) -> None:
        if len(self.photos) >= MOST:
            self._add_message(f"There is room for {MOST} photos: remove some before you add more.")
        else:
            self._swap("Add photos", (*self.photos, photo), key)
            if key != self._added:  # the first of those that were opened together
                self._added = key
                self.look_at(photo)

    def _add_message(self, text: str) -> None:
        if text not in self._messages:
            self._messages.append(text)
            lines = self._messages
            if len(lines) > MESSAGES + 1:
                lines = [*lines[:MESSAGES], f"And {len(lines) - MESSAGES} more like these."]
            self.show(Fault("\n".join(lines)))
