"""What a person sets on the Interpolate page: the stops, the path over them, and the short run."""

from __future__ import annotations

import secrets
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.chains import RANDOM_SEEDS
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.shelf import SLOTS, Kept, Shelf
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.sampling.path_positions import legs
from ebm_studio.core.specs import MAX_STOPS, Interpolation, ShortRun
from ebm_studio.data.models.latent import FromPhoto, FromSeed, Latent
from ebm_studio.data.pictures.pictures import WHITE
from ebm_studio.engine.jobs.chains import ModelReady
from ebm_studio.engine.jobs.interpolation import FindAgain, MakeStop, StopReady
from ebm_studio.engine.requests import Ended, Fault, Request

LANE = "interpolate"


@dataclass(frozen=True, kw_only=True)
class PathParameters:
    """The settings of a path, apart from the slots A and B. Replaced whole at each edit, so edits can be undone."""

    spec: Interpolation = field(default_factory=Interpolation)
    run: ShortRun = field(default_factory=ShortRun)
    more: tuple[Kept, ...] = ()
    """The stops after A and B."""


class PathPlan(Faults):
    """Observable. Each edit can be undone. The stops A and B are the slots of that name."""

    parameters_changed = Signal()
    stops_changed = Signal()
    """Other stops, or one of them is being made."""
    edited = Signal()
    """The path is another one than before."""

    def __init__(self, open_model: OpenModel, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.open = open_model
        self.link = open_model.link
        self.shelf = shelf
        self.undo = open_model.undo
        self.parameters = PathParameters()
        self.paper = WHITE
        """What transparent parts of photos show that become stops from now on: see `read_colour`."""
        self.making: dict[int, Request] = {}
        """The stops whose latents are being made."""
        self._photos_run: ShortRun | None = None
        self._found: dict[Hashable, Latent] = {}
        """Latents of stops that were searched for again, by model, stop and the photos' short run."""
        self._fingerprint = ""
        shelf.changed.connect(self._take_stops)

    @property
    def model(self) -> ModelReady | None:
        """The model that is open."""
        return self.open.model

    @property
    def stops(self) -> list[Kept | None]:
        """A, B, and those after them."""
        return [*(self.shelf.slot(slot) for slot in SLOTS), *self.parameters.more]

    @property
    def legs(self) -> int:
        """Of the path over the stops."""
        return legs(len(self.stops), self.parameters.spec.closed)

    @property
    def whole(self) -> bool:
        """Whether both slots are filled and a model is there, so that there is a path."""
        return self.model is not None and None not in self.stops

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Of each filled stop. For one that was made for another short run than the photos', it is the latent that was
        found again for theirs.
        """
        return tuple(self._found.get(self._search(kept), kept.latent) for kept in self.stops if kept is not None)

    @property
    def to_find(self) -> list[int]:
        """The stops whose latents were made for another short run than the photos', and are yet to be found for it."""
        run = self._photos_run
        return [
            index
            for index, kept in enumerate(self.stops)
            if kept and run not in (None, kept.latent.short_run) and self._search(kept) not in self._found
        ]

    def find_again(self) -> None:
        """Search for the pictures of those stops, as for photos."""
        assert self.model is not None
        assert self._photos_run is not None
        self.dismiss()
        searches = {self._search(kept) for kept in self.stops if kept}
        self._found = {search: latent for search, latent in self._found.items() if search in searches}
        for index in self.to_find:
            kept = self.stops[index]
            assert kept is not None
            request = FindAgain(
                lane=f"{LANE} {index}",
                page=LANE,
                model=self.model.name,
                latent=kept.latent,
                name=kept.name,
                run=self._photos_run,
            )
            took = partial(self._take_found, self._search(kept))
            self.making[index] = self.link.submit(request, took, partial(self._end_search, index))
        self.stops_changed.emit()

    def _search(self, kept: Kept) -> Hashable:
        return (self.model.fingerprint if self.model else "", kept.key, self._photos_run)

    def set_paper(self, paper: str) -> None:
        """Let transparent parts of photos show that colour from now on."""
        self.paper = paper

    def change(self, **changes: Any) -> None:
        """Change `path`, `spacing`, `frames`, `noise` or `closed`."""
        try:
            spec = replace(self.parameters.spec, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        self._swap("Path", replace(self.parameters, spec=spec), tuple(changes))

    def change_run(self, **changes: Any) -> None:
        """Change `steps`, `step_size`, `noise_scale`, `noise_steps`, `settle` or `start` of the short run."""
        try:
            run = replace(self.parameters.run, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        self._swap("Short run of the path", replace(self.parameters, run=run), tuple(changes))

    def set_stop(self, index: int, kept: Kept) -> None:
        """Put a latent at a stop, or behind the last one."""
        if index < len(SLOTS):
            self.shelf.set_slot(SLOTS[index], kept)
            return
        more = list(self.parameters.more)
        more[index - 2 : index - 1] = [kept]
        self._swap(f"{kept.name} on the path", replace(self.parameters, more=tuple(more)))

    def remove_stop(self, index: int) -> None:
        """Take a stop off the path; A and B become empty."""
        if index < len(SLOTS):
            self.shelf.set_slot(SLOTS[index], None)
        else:
            more = self.parameters.more
            self._swap("Remove a stop", replace(self.parameters, more=more[: index - 2] + more[index - 1 :]))

    def make_stop(self, index: int, source: FromSeed | Path) -> None:
        """Fill a stop from a seed, a latent file or a photo, which is reconstructed."""
        if self.model is None or index >= MAX_STOPS:
            return
        self.dismiss()
        request = MakeStop(
            lane=f"{LANE} {index}",
            page=LANE,
            model=self.model.name,
            source=source,
            run=self.model.card.short_run if self._photos_run else self.parameters.run,
            paper=self.paper,
        )
        self.making[index] = self.link.submit(request, partial(self._take_stop, index), partial(self._end_stop, index))
        self.stops_changed.emit()

    def fill(self, files: list[Path]) -> None:
        """Put files at the stops: the empty ones first, then after the last one; two or more start at A."""
        empty = [i for i, kept in enumerate(self.stops) if kept is None and i not in self.making]
        last = max([len(self.stops), *(i + 1 for i in self.making)])
        places = [*([0, 1] if len(files) > 1 else empty), *range(last, MAX_STOPS)]
        for index, file in zip(places, files, strict=False):
            self.make_stop(index, file)

    def fit_run(self) -> None:
        """Take the short run that goes with another model: that of the photos at the stops, or its own."""
        assert self.model is not None
        if self._fingerprint not in (self.model.fingerprint, "session"):
            self.parameters = replace(self.parameters, run=self._photos_run or self.model.card.short_run)
        self._fingerprint = self.model.fingerprint

    def to_dict(self) -> dict[str, Any]:
        """What a session remembers. A stop after B that is not on the shelf is forgotten."""
        on_shelf = [kept.key for kept in self.parameters.more if kept in self.shelf.items]
        return {"spec": self.parameters.spec.to_dict(), "run": self.parameters.run.to_dict(), "more": on_shelf}

    def from_dict(self, data: Any) -> None:
        """Be as a session was left. Raises `SettingsError`, `KeyError` or `TypeError`."""
        shelf = self.shelf.contents.all
        self.parameters = PathParameters(
            spec=Interpolation.from_dict(data["spec"]),
            run=ShortRun.from_dict(data["run"]),
            more=tuple(shelf[key] for key in data["more"] if key in shelf),
        )
        self._photos_run = self._run_of_photos()
        self._fingerprint = "session"  # the first model to open leaves the short run as it is

    def _swap(self, text: str, after: PathParameters, key: Hashable = None) -> None:
        if after != self.parameters:
            self.undo.swap(text, self._apply, self.parameters, after, key and ("path", key), page="interpolate")

    def _apply(self, parameters: PathParameters) -> None:
        has_other_stops = parameters.more != self.parameters.more
        self.parameters = parameters
        self.parameters_changed.emit()
        if has_other_stops:
            self._take_stops()
        else:
            self.edited.emit()

    def _take_stops(self) -> None:
        self._follow_photos()
        self.stops_changed.emit()
        self.edited.emit()

    def _follow_photos(self) -> None:
        """Take the short run that photos at the stops were found for, when it is another one than before."""
        found = self._run_of_photos()
        if found == self._photos_run:
            return
        self._photos_run = found
        own = self.model.card.short_run if self.model else self.parameters.run
        self.parameters = replace(self.parameters, run=found or own)
        self.parameters_changed.emit()

    def _run_of_photos(self) -> ShortRun | None:
        """In any other the photos would not come back."""
        latents = [kept.latent for kept in self.stops if kept is not None]
        return next((latent.short_run for latent in latents if isinstance(latent.origin, FromPhoto)), None)

    def _take_stop(self, index: int, made: StopReady) -> None:
        self.making.pop(index, None)
        self.set_stop(index, self.shelf.made(made.latent, made.picture))

    def _take_found(self, search: Hashable, made: StopReady) -> None:
        self._found[search] = made.latent

    def _end_search(self, index: int, ended: Ended) -> None:
        self.making.pop(index, None)
        self.stops_changed.emit()
        if ended.fault:
            self.show(ended.fault)
        elif not ended.cancelled:
            self.edited.emit()

    def _end_stop(self, index: int, ended: Ended) -> None:
        self.making.pop(index, None)
        self.stops_changed.emit()
        self.edited.emit()
        if ended.fault:
            self.show(ended.fault)


def random_seed() -> FromSeed:
    """A seed by chance, one that a person can say aloud."""
    return FromSeed(secrets.randbelow(RANDOM_SEEDS))
