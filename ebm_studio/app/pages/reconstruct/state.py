"""What the Reconstruct page is about: photos, settings, the search and what it found."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.pages.reconstruct.photo import Mask, Photo, painted, seen
from ebm_studio.app.pages.reconstruct.photo_session import Remembered, entry_of
from ebm_studio.app.studio.chains import RANDOM_SEEDS
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.playback import Playback
from ebm_studio.app.studio.session import number
from ebm_studio.app.studio.shelf import Shelf, Slot, Subject
from ebm_studio.core.errors import DataError, DivergedError, SettingsError
from ebm_studio.core.specs import SIZES, NetSpec, Reconstruction, check_seed
from ebm_studio.data.pictures.pictures import WHITE, Crop, Pixels, grid
from ebm_studio.engine.chain_store import BOUND, ChainStore
from ebm_studio.engine.jobs.chains import ModelReady, RunChain
from ebm_studio.engine.jobs.exports import Opened
from ebm_studio.engine.jobs.photos import PhotoFault, PhotoRead, ReadPhotos
from ebm_studio.engine.jobs.reconstruction import Found, Reconstruct, Saved, SaveResults, Search, search_again
from ebm_studio.engine.requests import Ended, Fault, Request

if TYPE_CHECKING:
    from ebm_studio.data.models.reconstruction import Account, Result

LANE = "reconstruct"
MOST = 64
"""Photos on the page at most."""
MESSAGES = 5
"""Faults of files that are shown at once."""

View = Literal["crop", "mask", "split", "difference"]
VIEWS: tuple[View, ...] = get_args(View)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a search found for a photo."""

    photo: Photo
    """As it was when the search began."""
    result: Result
    chain: int
    """Its place in the replay, which has those of the batch that were found."""


class ReconstructState(Faults):
    """Observable. The model is the window's; the short run is the model's own `for_photos`."""

    photos_changed = Signal()
    """There are other photos, or one has another crop or mask."""
    selection_changed = Signal()
    settings_changed = Signal()
    view_changed = Signal()
    brush_changed = Signal()
    search_changed = Signal()
    """A search has begun, goes on, or has ended; or what it found has gone."""
    saved = Signal(object)
    """A `Saved`."""

    def __init__(self, main: GenerateState, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.main = main
        self.shelf = shelf
        self.playback = Playback(self)
        self.photos: tuple[Photo, ...] = ()
        self.current: Photo | None = None
        """The photo that is looked at."""
        self.settings = Reconstruction()
        self.seed = 0
        """Of the noise that the unknown part of a photo starts from."""
        self.view: View = "crop"
        self.brush = 6.0
        """Its diameter, in pixels of the model."""
        self.erases = False
        """Whether the brush makes known what it touches."""
        self.search: Search | None = None
        self.paper = WHITE
        """What transparent parts of photos show that are opened from now on: see `read_colour`."""
        self._messages: list[str] = []  # about files, which share one fault
        self.bound = BOUND
        """Bytes for the chains of a replay."""
        self._outcomes: dict[int, Outcome] = {}
        self._account: Account | None = None  # of the outcomes
        self._batch: tuple[Photo, ...] = ()
        self._wanted: Request | None = None
        self._replay: Request | None = None
        self._pending: Opened | None = None
        self._fingerprint = ""
        self._keys = 0
        self._remembered: dict[int, Remembered] = {}  # photos of the session that are still to be read, by request
        self._look: tuple[int, View] | None = None  # which of them was looked at, and how
        self._strokes = 0
        # A search also ends when the engine closes to be followed by another, which then runs the replay.
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._run_replay)
        # A reader of its own: photos come while the device works.
        self._files = EngineLink("cpu", self)
        self._files.posted.connect(self._take_file)
        self._files.ended.connect(self._end_file)
        main.link.posted.connect(self._take)
        main.link.ended.connect(self._end)
        main.link.progress_changed.connect(self._watch)
        main.model_changed.connect(self._fit_model)

    @property
    def model(self) -> ModelReady | None:
        """The window's model."""
        return self.main.model

    @property
    def net(self) -> NetSpec | None:
        """The model's net."""
        return self.model.card.net if self.model else None

    # Photos

    def open_files(self, paths: Sequence[Path]) -> None:
        """Add photos, and the pictures of folders; those that cannot be read are named in the fault."""
        self.dismiss()
        self._read(paths=tuple(paths))

    def open_content(self, content: bytes, name: str) -> None:
        """Add the picture in a file's bytes."""
        self.dismiss()
        self._read(content=content, name=name)

    def _read(self, paper: str | None = None, **source: Any) -> Request:
        return self._files.submit(ReadPhotos(lane=LANE, limit=MOST, paper=paper or self.paper, **source))

    @property
    def reading(self) -> bool:
        """Whether photos are still being read."""
        return self._files.engine.busy

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
        self.change("Turn the photo", Photo.turned, key=None)

    def begin_stroke(self) -> None:
        """What is painted from now on is another thing to undo."""
        self._strokes += 1

    def paint(self, start: tuple[float, float], end: tuple[float, float], erase: bool = False) -> None:
        """Move the brush over the mask, from point to point (x, y) in pixels of the model."""
        net, photo = self.net, self.current
        if net is None or photo is None:
            return
        mask = np.zeros((net.size, net.size), bool) if photo.unknown is None else photo.unknown
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
        self.main.undo.swap(text, self._set_photos, self.photos, photos, key, page="reconstruct")

    def _set_photos(self, photos: tuple[Photo, ...]) -> None:
        before, place = self.current, 0
        if before is not None and before in self.photos:
            place = self.photos.index(before)
        self.photos = tuple(photo.fitted(self.net) if self.net else photo for photo in photos)
        same = next((photo for photo in self.photos if before is not None and photo.key == before.key), None)
        self.current = same or (self.photos[min(place, len(self.photos) - 1)] if self.photos else None)
        if not self.photos:
            self._forget()
            self.set_view("crop")
        self.photos_changed.emit()
        if same is None:
            self.selection_changed.emit()

    # The search

    def set(self, **changes: Any) -> None:
        """Change `iterations`, `mode` or `tolerance`."""
        try:
            self.settings = replace(self.settings, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
        self.settings_changed.emit()

    def set_seed(self, seed: int | None = None) -> None:
        """Another start noise for what is unknown, by default by chance."""
        self.seed = secrets.randbelow(RANDOM_SEEDS) if seed is None else check_seed(seed)
        self.settings_changed.emit()

    def set_view(self, view: View) -> None:
        """Show the crop, the mask, or the comparison with the reconstruction."""
        if view != self.view:
            self.view = view
            self.view_changed.emit()

    @property
    def ready(self) -> bool:
        """Whether a search could begin."""
        return self.model is not None and bool(self.photos) and not self.searching

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self._wanted is not None

    def start(self) -> None:
        """Search for the start noise of all photos in one batch, if something is known of each."""
        model, net = self.model, self.net
        if model is None or net is None or not self.ready:
            return
        self.dismiss()
        known = np.stack([_known(photo, net) for photo in self.photos])
        covered = [photo for photo, part in zip(self.photos, known, strict=True) if not part.any()]
        for photo in covered:
            self._add_message(f"The mask covers all of {photo.path.name}: leave some of it known.")
        if covered:
            return
        self._forget()
        self._batch = self.photos
        self._wanted = self.main.link.submit(
            Reconstruct(
                lane=LANE,
                model=model.name,
                names=tuple(photo.path for photo in self._batch),
                photos=np.stack([seen(photo, net) for photo in self._batch]),
                known=None if known.all() else known,
                settings=self.settings,
                run=model.card.short_run.for_photos(masked=not known.all()),
                seed=self.seed,
            )
        )
        if self.view not in ("split", "difference"):
            self.set_view("split")
        self.search_changed.emit()

    def restore(self, opened: Opened) -> None:
        """Show the reconstructions of a file again, in place of the photos there are; its model included."""
        if self.model is None or self.model.name != opened.model:
            self._pending = opened
            self.main.open_model(opened.model)
            return
        self.dismiss()
        self.cancel()
        photos = []
        for result, original in zip(opened.results, opened.recipe.photos, strict=True):
            self._keys += 1
            photo = Photo.of(self._keys, result.path, grid(result.photo[None]))
            photos.append(photo.masked(original.unknown))
        self._swap(f"Open {opened.path.name}", tuple(photos))
        self._forget()
        self._batch = self.photos
        self._outcomes = {
            photo.key: Outcome(photo, result, chain)
            for chain, (photo, result) in enumerate(zip(self.photos, opened.results, strict=True))
        }
        self._account = opened.account
        self.search = search_again(opened.results)
        self.set_view("split")
        self.search_changed.emit()
        self._soon.start()

    def cancel(self) -> None:
        """Stop the search, which keeps the best so far, and whatever else runs."""
        self.main.cancel()

    @property
    def outcome(self) -> Outcome | None:
        """What was found for the photo that is looked at."""
        return self.outcome_of(self.current) if self.current is not None else None

    def outcome_of(self, photo: Photo) -> Outcome | None:
        """What was found for a photo."""
        return self._outcomes.get(photo.key)

    def is_stale(self, photo: Photo) -> bool:
        """Whether a photo was edited after what was found for it."""
        outcome = self.outcome_of(photo)
        return outcome is not None and outcome.photo is not photo

    @property
    def results(self) -> tuple[Result, ...]:
        """What was found, in the photos' order."""
        found = (self.outcome_of(photo) for photo in self.photos)
        return tuple(outcome.result for outcome in found if outcome is not None)

    def chain_of(self, photo: Photo) -> int | None:
        """The place of a photo in the batch of the search."""
        return next((i for i, other in enumerate(self._batch) if other.key == photo.key), None)

    @property
    def selected(self) -> int | None:
        """The place in the replay of the photo that is looked at."""
        return self.outcome.chain if self.outcome is not None else None

    @property
    def searched(self) -> int | None:
        """The place in the batch of the photo that is looked at."""
        return self.chain_of(self.current) if self.current is not None else None

    def shown(self) -> tuple[Pixels, Pixels, Pixels] | None:
        """Of the photo that is looked at: what the model was shown, its reconstruction now, and z; (C, H, W) each.

        While the search runs, the best so far; then the step of the chain under the playhead, and at
        its end what was found.
        """
        photo, chain, search, selected = self.current, self.searched, self.search, self.selected
        if photo is None or chain is None or search is None or search.look is None or self.net is None:
            return None
        look, store = search.look, self.playback.store
        photo = self._batch[chain]
        picture = look.best[chain]
        if store is not None and selected is not None and self.playback.position < store.run.steps:
            picture = store.pixels(self.playback.row)[selected]
        return seen(photo, self.net), picture, look.z[chain]

    @property
    def subject(self) -> Subject | None:
        """The reconstruction that is looked at, for the shelf."""
        outcome, shown = self.outcome, self.shown()
        if outcome is None:
            return None
        result = outcome.result
        return Subject(
            name=result.path.stem,
            picture=result.picture,
            shown=shown[1] if shown else None,
            latent=result.latent,
        )

    def keep(self) -> None:
        """Put the z that is looked at on the shelf."""
        if (subject := self.subject) and (kept := subject.on(self.shelf)):
            self.shelf.put_back(kept)

    def use_as(self, slot: Slot) -> None:
        """Put the z that is looked at in a slot."""
        if subject := self.subject:
            self.shelf.set_slot(slot, subject.on(self.shelf))

    def save(self, folder: Path) -> None:
        """Write pictures, latents and the report of what was found."""
        if self.results and self._account:
            self.dismiss()
            self._files.submit(SaveResults(lane=LANE, folder=folder, results=self.results, account=self._account))

    def dismiss(self) -> None:
        """Take the fault away."""
        self._messages = []
        super().dismiss()

    def to_dict(self, drawer: Drawer) -> dict[str, Any]:
        """What a session remembers; photos that have no file are written to the drawer. Raises `StudioError`."""
        photos = [*(entry_of(photo, drawer) for photo in self.photos), *(r.entry for r in self._remembered.values())]
        drawer.tidy(entry["key"] for entry in photos if entry["key"])
        return {
            "photos": photos,
            "current": self.photos.index(self.current) if self.current in self.photos else 0,
            "settings": self.settings.to_dict(),
            "seed": self.seed,
            "view": self.view,
            "brush": self.brush,
        }

    def from_dict(self, data: Any, drawer: Drawer) -> None:
        """Be as a session was left; the photos are read meanwhile. Raises `DataError` for what is damaged."""
        damaged = 0
        for entry in data["photos"][:MOST]:
            try:
                remembered = Remembered.of(entry, drawer)
            except (DataError, KeyError, TypeError, ValueError, OverflowError):
                damaged += 1
                continue
            request = self._read(paths=(remembered.path,), paper=remembered.paper)
            self._remembered[request.stamp] = remembered
        self.settings = Reconstruction.from_dict(data["settings"])
        self.set_seed(data["seed"])
        self.set_brush(number(data["brush"], 1, SIZES[-1]))
        self._look = (int(number(data["current"], 0, MOST)), "mask" if data["view"] == "mask" else "crop")
        if damaged:
            raise DataError(f"{damaged} of {len(data['photos'])} photos are not described")

    def close(self) -> None:
        """Stop the timers and the reader."""
        self._soon.stop()
        self.playback.pause()
        self._files.close()

    def _forget(self) -> None:
        if self._wanted is not None:  # what it would find is of photos that are gone
            self.main.link.cancel(self._wanted)
            self._wanted = None
        self._outcomes = {}
        self._account = None
        self._batch = ()
        self.search = None
        self._replay = None
        self.playback.clear()
        self.search_changed.emit()

    def _fit_model(self) -> None:
        self._wanted = None  # another engine may have it forgotten
        fingerprint = self.model.fingerprint if self.model else ""
        if fingerprint != self._fingerprint:  # not the same one, read again or on another device
            self._forget()
        self._fingerprint = fingerprint
        self._set_photos(self.photos)
        self.set_brush(self.brush)
        if self._pending is not None and self.model is not None and self.model.name == self._pending.model:
            pending, self._pending = self._pending, None
            self.restore(pending)

    def _take_file(self, request: Request, value: object) -> None:
        if isinstance(value, PhotoRead):
            if len(self.photos) >= MOST:
                self._add_message(f"There is room for {MOST} photos: remove some before you add more.")
                return
            self._keys += 1
            if (remembered := self._remembered.get(request.stamp)) is not None:
                photo = remembered.photo(self._keys, value.picture)
            else:
                assert isinstance(request, ReadPhotos)
                file = None if request.content else value.path.absolute()
                photo = Photo.of(self._keys, value.path, value.picture, file, request.paper)
            self._set_photos((*self.photos, photo))
        elif isinstance(value, PhotoFault):
            self._add_message(value.text)
        elif isinstance(value, Saved):
            self.saved.emit(value)

    def _end_file(self, ended: Ended) -> None:
        if self._remembered.pop(ended.request.stamp, None) and not self._remembered and self._look and self.photos:
            number, view = self._look
            self.look_at(self.photos[min(number, len(self.photos) - 1)])
            self.set_view(view)
        if ended.fault is not None:
            self.show(ended.fault)

    def _take(self, request: Request, value: object) -> None:
        if request == self._wanted and isinstance(value, Search):
            self.search = value
            self.search_changed.emit()
        elif request == self._wanted and isinstance(value, Found):
            self._account = value.account
            for photo, result in zip(self._batch, value.results, strict=True):
                if isinstance(result, DivergedError):
                    self._add_message(str(result))
                else:
                    self._outcomes[photo.key] = Outcome(photo, result, chain=len(self._outcomes))
            self.search_changed.emit()
        elif request == self._replay and isinstance(value, ChainStore):
            self.playback.show_chain(value)

    def _end(self, ended: Ended) -> None:
        self.playback.watch()
        if ended.request != self._wanted:
            return
        self._wanted = None
        if ended.fault is not None:
            self.show(ended.fault)
        self._soon.start()
        self.search_changed.emit()

    def _run_replay(self) -> None:
        if not self._outcomes or self.model is None:
            return
        latents = tuple(outcome.result.latent for outcome in self._outcomes.values())
        self._replay = self.main.link.submit(
            RunChain(lane=LANE, model=self.model.name, latents=latents, run=latents[0].short_run, bound=self.bound)
        )

    def _watch(self) -> None:
        self.playback.watch()
        if self.searching:
            self.search_changed.emit()

    def _add_message(self, text: str) -> None:
        if text not in self._messages:
            self._messages.append(text)
            lines = self._messages
            if len(lines) > MESSAGES + 1:
                lines = [*lines[:MESSAGES], f"And {len(lines) - MESSAGES} more like these."]
            self.show(Fault("\n".join(lines)))


def _known(photo: Photo, net: NetSpec) -> Mask:
    return np.ones((net.size, net.size), bool) if photo.unknown is None else ~photo.unknown
