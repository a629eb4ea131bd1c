"""Two photos to a film in one step: find noise for both that looks like noise, and make them the ends of a path."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.studio.shelf import SLOTS


class Morph(QObject):
    """Waits for the search that it began; one that is cancelled, or that a person would rather not start, ends it."""

    done = Signal()
    """The start noise of both photos is in A and B."""

    def __init__(self, state: ReconstructState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._keys: tuple[int, ...] = ()
        state.search_changed.connect(self._go_on)
        state.long.changed.connect(self._go_on)

    @property
    def ready(self) -> bool:
        """Whether there are two photos, and no search under way."""
        return len(self._state.photos) == len(SLOTS) and self._state.model is not None and not self._state.searching

    @property
    def under_way(self) -> bool:
        """Whether the path comes when the search ends."""
        return bool(self._keys)

    def start(self) -> None:
        """Search as is best for morphs, unless that is done already."""
        state = self._state
        state.set(mode="typical")
        self._keys = tuple(photo.key for photo in state.photos)
        state.start()
        self._go_on()

    def _go_on(self) -> None:
        state = self._state
        if not self._keys or state.searching or state.long.waiting:
            return
        keys, self._keys = self._keys, ()
        photos = [photo for photo in state.photos if photo.key in keys]
        if len(photos) == len(SLOTS) and not any(photo in state.missing for photo in photos):
            for photo, slot in zip(photos, SLOTS, strict=True):
                state.look_at(photo)
                state.use_as(slot)
            self.done.emit()
