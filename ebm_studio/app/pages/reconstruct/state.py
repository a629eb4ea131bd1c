"""What the Reconstruct page is about: photos, settings, the search and what it found."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.reconstruct.album import Album
from ebm_studio.app.pages.reconstruct.batches import Batch, Batches, known_of, plan, plan_text
from ebm_studio.app.pages.reconstruct.photo import Photo, seen
from ebm_studio.app.pages.reconstruct.replay import LANE, Replay
from ebm_studio.app.pages.reconstruct.results import Course, Key, Outcome, Results, can_continue, key_of, merged
from ebm_studio.app.pages.reconstruct.saved_results import outcome_of_file
from ebm_studio.app.studio.chains import RANDOM_SEEDS
from ebm_studio.app.studio.long_runs import LongRuns
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.playback import Playback
from ebm_studio.app.studio.preferences import PreferenceStore
from ebm_studio.app.studio.shelf import Shelf, Slot, Subject
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import NetSpec, Reconstruction, check_seed
from ebm_studio.data.pictures.pictures import Pixels, grid, to_pixels
from ebm_studio.engine.jobs.exports import OpenedPhotos
from ebm_studio.engine.jobs.reconstruction import Search
from ebm_studio.engine.requests import Fault

if TYPE_CHECKING:
    from ebm_studio.data.models.result import Result

View = Literal["crop", "mask", "split", "difference"]
VIEWS: tuple[View, ...] = get_args(View)


class ReconstructState(Album):
    """Observable. The model is the one that is open; the short run is the model's own `for_photos`."""

    settings_changed = Signal()
    view_changed = Signal()
    search_changed = Signal()
    """A search has started, made progress or ended; or its result was removed."""
    saved = Signal(object)
    """A `Saved`."""

    def __init__(self, open_model: OpenModel, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(open_model, parent)
        self.shelf = shelf
        self.playback = Playback(self)
        self.settings = Reconstruction()
        self.seed = 0
        """Of the noise that the unknown part of a photo starts from."""
        self.view: View = "crop"
        self.batches = Batches(open_model.link, self)
        self.found = Results(open_model.undo, self)
        self.replay = Replay(open_model.link, self.playback, self)
        self._pending: OpenedPhotos | None = None
        self._fingerprint = ""
        self._look: tuple[int, View] | None = None  # which of them was looked at, and how
        self.long = LongRuns(open_model.link.pace, self)
        for signal in (open_model.cancelled, open_model.model_changed, self.photos_changed, self.settings_changed):
            signal.connect(self.long.forget)
        self.files.came_back.connect(self._take_back)
        self.files.ended.connect(self._end_files)
        self.files.saved.connect(self.saved)
        self.batches.changed.connect(self.search_changed)
        self.batches.found.connect(self.found.take)
        self.batches.ran_away.connect(self._add_message)
        self.batches.ended.connect(self._end_search)
        open_model.link.progress_changed.connect(self._watch)
        open_model.model_changed.connect(self._fit_model)
        self.found.changed.connect(self._show_found)
        self.photos_changed.connect(self._fit_photos)
        self.selection_changed.connect(self._follow)

    def follow(self, preferences: PreferenceStore) -> None:
        """Take the memory, the playback and the background that a person has set, now and at each change."""
        preferences.lead(self.playback)
        preferences.follow("memory", self._set_memory)
        preferences.follow("background", self.set_paper)

    def _set_memory(self, megabytes: int) -> None:
        self.replay.bound = megabytes * 2**20

    def set(self, **changes: Any) -> None:
        """Change `iterations`, `mode` or `tolerance`."""
        try:
            self.settings = replace(self.settings, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
        self.settings_changed.emit()

    def set_seed(self, seed: int | None = None) -> None:
        """Another start noise for the unknown part; random by default."""
        self.seed = secrets.randbelow(RANDOM_SEEDS) if seed is None else check_seed(seed)
        self.settings_changed.emit()

    def set_view(self, view: View) -> None:
        """Show the crop, the mask, or the comparison with the reconstruction."""
        if view != self.view:
            self.view = view
            self.view_changed.emit()

    @property
    def missing(self) -> tuple[Photo, ...]:
        """The photos without a result for this model and these settings, or with one that was stopped early."""
        return tuple(photo for photo in self.photos if self._needs(photo))

    def _needs(self, photo: Photo) -> bool:
        key = self.key_of(photo)
        outcome = self.found.at(key) if key is not None else None
        return outcome is None or outcome.account.stopped

    def key_of(self, photo: Photo) -> Key | None:
        """What a search for a photo, as it is now, would find a result for; None without a model."""
        if self.model is None or self.net is None:
            return None
        return key_of(photo, self.net, self.model.fingerprint, self.settings, self.seed)

    @property
    def ready(self) -> bool:
        """Whether a search could start."""
        return self.model is not None and not self.searching and bool(self.missing)

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self.batches.active

    @property
    def search(self) -> Search | None:
        """How the search goes, or the last one went."""
        return self.batches.search

    def start(self, only: Photo | None = None) -> None:
        """Search for the start noise of the photos that have no result yet, or of `only` one of them.

        Nothing starts unless something is known of each.
        """
        model, net = self.model, self.net
        wanted = self.missing if only is None else tuple(photo for photo in self.missing if photo is only)
        if model is None or net is None or self.searching or not wanted:
            return
        self.dismiss()
        covered = [photo for photo in wanted if not known_of(photo, net).any()]
        for photo in covered:
            self._add_message(f"The mask covers all of {photo.path.name}: leave some of it known.")
        if covered:
            return
        self._ask(plan(wanted, model, self.settings, self.seed), net)

    @property
    def can_continue(self) -> bool:
        """Whether the search for the photo that is looked at could continue from what it found."""
        photo, outcome = self.current, self.outcome
        if photo is None or outcome is None or self.searching or self.is_stale(photo):
            return False
        return can_continue(outcome, self.settings)

    def continue_search(self) -> None:
        """Continue the search for the photo that is looked at, as long again; what it finds counts if it is closer."""
        photo, outcome, model, net = self.current, self.outcome, self.model, self.net
        if photo is not None and outcome is not None and model is not None and net is not None and self.can_continue:
            self.dismiss()
            self._ask(plan([photo], model, self.settings, self.seed, outcome.result.latent.z[None]), net, outcome)

    def _ask(self, batches: list[Batch], net: NetSpec, earlier: Outcome | None = None) -> None:
        begin = partial(self._search, batches, net, earlier)
        self.long.ask([batch.request for batch in batches], plan_text(batches), begin)

    def _search(self, batches: list[Batch], net: NetSpec, earlier: Outcome | None) -> None:
        self.replay.clear()
        self.batches.start(batches, net, earlier)
        if self.view not in ("split", "difference"):
            self.set_view("split")

    def restore(self, opened: OpenedPhotos) -> None:
        """Show the reconstructions of a file again, in place of the photos there are; its model included."""
        if self.model is None or self.model.name != opened.model:
            self._pending = opened
            self.open.open_model(opened.model)
            return
        self.dismiss()
        self.cancel()
        photos = []
        for result, original in zip(opened.results, opened.recipe.photos, strict=True):
            photo = Photo.of(self.files.new_key(), result.path, grid(result.photo[None]))
            photos.append(photo.masked(original.unknown))
        self._swap(f"Open {opened.path.name}", tuple(photos))
        self.batches.clear()
        self.found.take(
            [
                outcome_of_file(photo, self.model, result, opened.account)
                for photo, result in zip(self.photos, opened.results, strict=True)
            ]
        )
        self.set_view("split")

    def go_on(self) -> None:
        """Run the chains that were cancelled once more."""
        self.replay.run()

    def cancel(self) -> None:
        """Stop the search, which keeps the best so far, and what else this page runs."""
        self.open.cancel(LANE)

    @property
    def outcome(self) -> Outcome | None:
        """What was found for the photo that is looked at."""
        return self.outcome_of(self.current) if self.current is not None else None

    def outcome_of(self, photo: Photo) -> Outcome | None:
        """What the model found for a photo as it is now; else the newest that it found for it, edited since or not."""
        key = self.key_of(photo)
        return self.found.nearest(photo.key, key) if key is not None else None

    def note_of(self, photo: Photo) -> str:
        """Why what is shown for a photo is not what a search would find now; empty when it is."""
        outcome, key = self.outcome_of(photo), self.key_of(photo)
        if outcome is None or key is None or outcome.key == key or outcome.key.settings is None:
            return ""
        return "edited" if outcome.key.shown != key.shown else "other settings"

    def is_stale(self, photo: Photo) -> bool:
        """Whether a photo or the settings were changed after what was found for it."""
        return bool(self.note_of(photo))

    def delete_result(self, photo: Photo) -> None:
        """Delete what the model found for a photo. Can be undone."""
        if self.model is not None:
            key = self.key_of(photo)
            self.found.delete(self.found.of(photo.key, key.shown if key else "", self.model.fingerprint))

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What was found by the model, in the photos' order."""
        found = (self.outcome_of(photo) for photo in self.photos)
        return tuple(dict.fromkeys(outcome for outcome in found if outcome is not None))

    @property
    def results(self) -> tuple[Result, ...]:
        """What was found, in the photos' order."""
        return tuple(outcome.result for outcome in self.outcomes)

    def live(self, photo: Photo) -> int | None:
        """The place in the search's batch of a photo, while that shows more than what was found for it."""
        place = self.batches.place_of(photo)
        is_seen = self.search is not None and self.search.look is not None
        return place if is_seen and (self.searching or self.outcome_of(photo) is None) else None

    def course_of(self, photo: Photo) -> Course | None:
        """How the search for a photo goes, or went."""
        search, place, outcome = self.search, self.live(photo), self.outcome_of(photo)
        if search is not None and place is not None:
            return Course(search.error[:, place], search.best[:, place], search.iterations)
        return outcome.course if outcome is not None else None

    @property
    def courses(self) -> list[Course]:
        """Those of all photos that have one."""
        return [course for photo in self.photos if (course := self.course_of(photo)) is not None]

    @property
    def selected(self) -> int | None:
        """The place in the replay of the photo that is looked at."""
        return self.replay.place_of(self.outcome)

    def shown(self) -> tuple[Pixels, Pixels, Pixels] | None:
        """Of the photo that is looked at: what the model was shown, its reconstruction now, and z; (C, H, W) each.

        While the search runs, the best so far; then the step of the chain under the playhead, and at
        its end what was found.
        """
        photo, search, net = self.current, self.search, self.net
        if photo is None or net is None:
            return None
        place, outcome, store = self.live(photo), self.outcome, self.playback.store
        if place is not None and search is not None and (look := search.look) is not None:
            return seen(self.batches.batch[place], net), look.best[place], look.z[place]
        if outcome is None:
            return None
        result, picture, selected = outcome.result, outcome.result.picture, self.selected
        if store is not None and selected is not None and self.playback.position < store.run.steps:
            picture = store.pixels(self.playback.row)[selected]
        return result.photo, picture, to_pixels(result.latent.z)

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
        if outcomes := self.outcomes:
            self.dismiss()
            self.files.save(folder, self.results, merged(outcomes))

    def look_later(self, number: int, view: View) -> None:
        """Look at a photo by its number, once those that are being read are there."""
        self._look = (number, view)

    def close(self) -> None:
        """Stop the timers and the reader."""
        self.replay.close()
        self.playback.pause()
        self.files.close()

    def _show_found(self) -> None:
        self.search_changed.emit()
        self._follow()

    def _follow(self) -> None:
        """Show the chains of what was found."""
        if not self.searching and self.model is not None:
            self.replay.follow(self.outcomes, self.outcome, self.model.name)

    def _fit_photos(self) -> None:
        keys = {photo.key for photo in self.photos}
        if self.batches.batch and not any(photo.key in keys for photo in self.batches.batch):
            self.batches.clear()  # what it would find is of photos that are gone
        if not self.photos:
            self.set_view("crop")
        self._follow()

    def _fit_model(self) -> None:
        self.batches.forget()
        fingerprint = self.model.fingerprint if self.model else ""
        if fingerprint != self._fingerprint:  # not the same one, read again or on another device
            self.replay.clear()
            self.batches.clear()
        self._fingerprint = fingerprint
        self.photos_changed.emit()
        self.set_brush(self.brush)
        self._follow()
        if self._pending is not None and self.model is not None and self.model.name == self._pending.model:
            pending, self._pending = self._pending, None
            self.restore(pending)

    def _take_back(self, photo: Photo, outcomes: list[Outcome]) -> None:
        self._set_photos((*self.photos, photo))
        self.found.take(outcomes)

    def _end_files(self, fault: Fault | None) -> None:
        if not self.files.awaited and self._look and self.photos:
            number, view = self._look
            self._look = None
            self.look_at(self.photos[min(number, len(self.photos) - 1)])
            self.set_view(view)
        if fault is not None:
            self.show(fault)

    def _end_search(self, fault: Fault | None) -> None:
        if fault is not None:
            self.show(fault)
        self.search_changed.emit()
        self._follow()

    def _watch(self) -> None:
        self.playback.watch()
        if self.searching:
            self.search_changed.emit()
