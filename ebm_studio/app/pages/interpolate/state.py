"""What the Interpolate page is about: stops, the path over them, where on it a person is."""

from __future__ import annotations

import secrets
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.pages.interpolate.film_playback import FilmPlayback
from ebm_studio.app.studio.chains import PAUSE, RANDOM_SEEDS
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.shelf import SLOTS, Kept, Shelf
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.sampling.path_positions import legs, position_of, rho
from ebm_studio.core.specs import MAX_STOPS, Interpolation, ShortRun
from ebm_studio.data.models.latent import FromPhoto, FromSeed
from ebm_studio.data.pictures.pictures import WHITE, Pixels
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import ModelReady
from ebm_studio.engine.jobs.exports import Opened
from ebm_studio.engine.jobs.interpolation import Interpolate, MakeStop, Mix, Point, StopReady, Surface
from ebm_studio.engine.requests import Ended, Fault, Request

LANE = "interpolate"
CORNERS = 4
VIEWS = ("path", "surface", "pad")


@dataclass(frozen=True, kw_only=True)
class PathParameters:
    """The settings of a path, apart from the slots A and B. Replaced whole at each edit, so edits can be undone."""

    spec: Interpolation = field(default_factory=Interpolation)
    run: ShortRun = field(default_factory=ShortRun)
    more: tuple[Kept, ...] = ()
    """The stops after A and B."""


class PathState(Faults):
    """Observable. A change of stops or parameters runs the path again after a short pause, while the page is shown."""

    parameters_changed = Signal()
    stops_changed = Signal()
    """Other stops, or one of them is being made."""
    model_changed = Signal()
    surface_changed = Signal()
    grew = Signal()
    """The surface has more steps than before, or is whole."""
    moved = Signal()
    """Another place on the path or the pad, another step, or the picture there has come."""
    view_changed = Signal()

    def __init__(self, open_model: OpenModel, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.open = open_model
        self.link = open_model.link
        self.shelf = shelf
        self.undo = open_model.undo
        self.playback = FilmPlayback(self)
        self.parameters = PathParameters()
        self.surface: Surface | None = None
        self.position = 0.5
        """On the path, in legs."""
        self.point: Point = (0.5, 0.5)
        """On the pad."""
        self.step: int | None = None
        """Of the chains; None is the end, whatever K is."""
        self.view = "path"
        self.paper = WHITE
        """What transparent parts of photos show that become stops from now on: see `read_colour`."""
        self.making: dict[int, Request] = {}
        """The stops whose latents are being made."""
        self._active = False
        self._made: tuple[Hashable, ...] = ()
        self._running: Interpolate | None = None
        self.made_by: tuple[Interpolate, ModelReady] | None = None
        """What made the surface, while the parameters may be ahead of it."""
        self._mixed: tuple[float | Point, tuple[Hashable, ...], ChainStore] | None = None
        self._mixing: Request | None = None
        self._photos_run: ShortRun | None = None
        self._fingerprint = ""
        self._pending: Opened | None = None
        self._seen = (0, False)
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self.run)
        open_model.model_changed.connect(self._take_model)
        shelf.changed.connect(self._take_stops)
        self.playback.moved.connect(lambda frame: self._go(self._position_of(frame)))
        self.link.progress_changed.connect(self._watch)

    # What there is

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
        return legs(len(self.stops), self._spec.closed)

    @property
    def rho(self) -> float:
        """At the position."""
        return rho(self.position, self._spec.path, self.legs)

    @property
    def whole(self) -> bool:
        """Whether both slots are filled and a model is there, so that there is a path."""
        return self.model is not None and None not in self.stops

    @property
    def is_ready(self) -> bool:
        """Whether the surface is whole and that of the stops and settings as they are."""
        is_current = self._running is None and self._made == self._key
        return is_current and self.surface is not None and self.surface.chain.whole

    @property
    def row(self) -> int:
        """The surface's row of the step that is shown."""
        return self._row(self.surface.chain) if self.surface else 0

    @property
    def frame(self) -> int:
        """The frame nearest to the position."""
        return self.surface.nearest(self.position) if self.surface else 0

    def picture(self) -> Pixels | None:
        """What is at the place and the step, uint8 (C, H, W): exact, or until that has come the nearest frame."""
        store, chain = self._source()
        return None if store is None else store.pixels(self._row(store))[chain]

    def energy(self) -> float | None:
        """Of that picture."""
        store, chain = self._source()
        return None if store is None else float(store.energy()[self._row(store), chain])

    @property
    def exact(self) -> bool:
        """Whether the picture is that of the very place, not of a neighbour."""
        if self._mixed is not None and self._mixed[:2] == (self._at, self._key):
            return True
        return self.view != "pad" and self.surface is not None and self.position in self.surface.positions

    def _source(self) -> tuple[ChainStore | None, int]:
        if self._mixed is not None and (self._mixed[:2] == (self._at, self._key) or self.view == "pad"):
            return (self._mixed[2], 0) if isinstance(self._mixed[0], tuple) == (self.view == "pad") else (None, 0)
        if self.view == "pad" or self.surface is None or not self.surface.chain.rows:
            return None, 0
        return self.surface.chain, self.frame

    # What a person does

    def change(self, **changes: Any) -> None:
        """Change `path`, `spacing`, `frames`, `noise` or `closed`."""
        try:
            spec = replace(self._spec, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        self._swap("Path", replace(self.parameters, spec=spec), tuple(changes))

    def change_run(self, **changes: Any) -> None:
        """Change `steps`, `step_size`, `noise_scale`, `noise_steps` or `start` of the short run."""
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
            run=self.parameters.run,
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

    @property
    def empty(self) -> list[int]:
        """The stops that have nothing yet: of the pad its four corners, else A and B."""
        stops = self.stops
        wanted = range(CORNERS) if self.view == "pad" else range(len(SLOTS))
        return [index for index in wanted if index >= len(stops) or stops[index] is None]

    def fill_empty(self) -> None:
        """Random seeds for the stops that have nothing yet."""
        for index in self.empty:
            self.make_stop(index, random_seed())

    def go(self, position: float) -> None:
        """Pause at a position."""
        self.playback.pause()
        self._go(min(max(position, 0.0), float(self.legs)))

    def go_rho(self, value: float) -> None:
        """Pause where rho is that on the present leg."""
        leg = min(int(self.position), self.legs - 1)
        self.go(position_of(value, leg, self._spec.path))

    def go_frame(self, frame: int) -> None:
        """Pause at a frame."""
        if self.surface is not None:
            self.go(self._position_of(min(max(frame, 0), self._spec.frames - 1)))

    def go_step(self, step: int) -> None:
        """Show another step of the chains; the last one means the end."""
        steps = self.parameters.run.steps if self.surface is None else self.surface.chain.run.steps
        self.step = None if step >= steps else max(step, 0)
        self.moved.emit()

    def go_point(self, x: float, y: float) -> None:
        """Go to a point of the pad, each from 0 to 1."""
        self.point = (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self.moved.emit()
        self._mix()

    def toggle(self) -> None:
        """Play or pause."""
        self.playback.toggle(self.frame)

    def set_view(self, view: str) -> None:
        """Show the `path`, the `surface` of position and step, or the `pad`."""
        if view != self.view:
            self.playback.pause()
            self.view = view
            self.view_changed.emit()
            self.moved.emit()
            self._mix()

    def set_paper(self, paper: str) -> None:
        """Let transparent parts of photos show that colour from now on."""
        self.paper = paper

    def set_active(self, active: bool) -> None:
        """The page is shown, or no longer: only then there is work."""
        self._active = active
        if active:
            self._start()
        else:
            self.playback.pause()
            self._pause.stop()

    def run(self) -> None:
        """Run the path, unless it is there already."""
        self._pause.stop()
        if not self.whole or self.making or (self._made == self._key and self._running is None):
            return
        if self._made == self._key and self._running is not None:
            return
        assert self.model is not None
        self.dismiss()
        self._made = self._key
        request = Interpolate(
            lane=LANE,
            page=LANE,
            model=self.model.name,
            latents=self._latents,
            spec=self._spec,
            run=self.parameters.run,
        )
        self._running = self.link.submit(request, partial(self._take_surface, (request, self.model)), self._end_surface)
        self._mix()

    def restore(self, opened: Opened) -> None:
        """Be as a file's recipe says, its model included."""
        if self.model is None or self.model.name != opened.model:
            self._pending = opened
            self.open.open_model(opened.model)
            return
        recipe = opened.recipe
        kept = [self.shelf.made(stop.latent, stop.picture) for stop in opened.stops]
        self.undo.stack.beginMacro(f"Open {opened.path.name}")
        for slot, item in zip(SLOTS, kept, strict=False):
            self.shelf.set_slot(slot, item)
        spec = recipe.path or self._spec
        self._swap("Path", PathParameters(spec=spec, run=recipe.short_run, more=tuple(kept[2:])))
        self.undo.stack.endMacro()
        self.step = recipe.step
        self.moved.emit()
        self._start()

    def close(self) -> None:
        """Stop every timer."""
        self._pause.stop()
        self.playback.pause()

    def to_dict(self) -> dict[str, Any]:
        """What a session remembers. A stop after B that is not on the shelf is forgotten."""
        on_shelf = [kept.key for kept in self.parameters.more if kept in self.shelf.items]
        return {"spec": self._spec.to_dict(), "run": self.parameters.run.to_dict(), "more": on_shelf, "view": self.view}

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
        self.set_view(data["view"] if data["view"] in VIEWS else "path")
        self.parameters_changed.emit()
        self.stops_changed.emit()

    # How it goes

    @property
    def _spec(self) -> Interpolation:
        return self.parameters.spec

    @property
    def _latents(self) -> tuple[Any, ...]:
        return tuple(kept.latent for kept in self.stops if kept is not None)

    @property
    def _key(self) -> tuple[Hashable, ...]:
        model = self.model.fingerprint if self.model else ""
        keys = tuple(kept.key if kept else "" for kept in self.stops)
        return (model, keys, self._spec, self.parameters.run)

    @property
    def _at(self) -> float | Point:
        return self.point if self.view == "pad" else self.position

    def _row(self, store: ChainStore) -> int:
        return store.rows - 1 if self.step is None else store.row_of(self.step)

    def _position_of(self, frame: int) -> float:
        return self.surface.positions[frame] if self.surface and frame < len(self.surface.positions) else self.position

    def _go(self, position: float) -> None:
        if position != self.position:
            self.position = position
            self.moved.emit()
            self._mix()

    def _swap(self, text: str, after: PathParameters, key: Hashable = None) -> None:
        if after != self.parameters:
            self.undo.swap(text, self._apply, self.parameters, after, key and ("path", key), page="interpolate")

    def _apply(self, parameters: PathParameters) -> None:
        has_other_stops = parameters.more != self.parameters.more
        self.parameters = parameters
        self.parameters_changed.emit()
        self._take_stops() if has_other_stops else self._start()

    def _take_stops(self) -> None:
        self.position = min(self.position, float(self.legs))
        self._follow_photos()
        self.stops_changed.emit()
        self.moved.emit()
        self._start()

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

    def _start(self) -> None:
        if self._active:
            self._pause.start()

    def _take_model(self) -> None:
        assert self.model is not None
        if self._fingerprint not in (self.model.fingerprint, "session"):
            self.parameters = replace(self.parameters, run=self._photos_run or self.model.card.short_run)
        self._fingerprint = self.model.fingerprint
        self.model_changed.emit()
        self.parameters_changed.emit()
        if self._pending is not None and self._pending.model == self.model.name:
            pending, self._pending = self._pending, None
            self.restore(pending)
        else:
            self._start()

    def _mix(self) -> None:
        """Ask for the very picture at the place. One at a time, else none would ever be whole while one drags."""
        if not self._active or self._mixing is not None or not self.whole or self.exact or self.playback.playing:
            return
        if self.view == "pad" and len(self.stops) < CORNERS:
            return
        assert self.model is not None
        self._mixing = self.link.submit(
            Mix(
                lane=LANE,
                page=LANE,
                model=self.model.name,
                latents=self._latents[:CORNERS] if self.view == "pad" else self._latents,
                at=self._at,
                path=self._spec.path,
                closed=self._spec.closed,
                noise=self._spec.noise,
                run=self.parameters.run,
            ),
            partial(self._take_mixture, self._at, self._key),
            self._end_mixture,
        )

    def _take_surface(self, made_by: tuple[Interpolate, ModelReady], surface: Surface) -> None:
        self.surface, self.made_by = surface, made_by
        self._seen = (0, False)
        self.playback.count = len(surface.positions)
        self.surface_changed.emit()
        self.moved.emit()

    def _end_surface(self, ended: Ended) -> None:
        self._running = None
        if ended.fault or ended.cancelled:
            self._made = ()
        self._hear_end(ended)

    def _take_mixture(self, at: float | Point, key: tuple[Hashable, ...], store: ChainStore) -> None:
        self._mixed = (at, key, store)
        self.moved.emit()

    def _end_mixture(self, ended: Ended) -> None:
        self._mixing = None
        if not ended.fault and not ended.cancelled:
            self._mix()
        self._hear_end(ended)

    def _take_stop(self, index: int, made: StopReady) -> None:
        self.making.pop(index, None)
        self.set_stop(index, self.shelf.made(made.latent, made.picture))

    def _end_stop(self, index: int, ended: Ended) -> None:
        self.making.pop(index, None)
        self.stops_changed.emit()
        self._start()
        self._hear_end(ended)

    def _hear_end(self, ended: Ended) -> None:
        self._watch()
        if ended.fault:
            self.show(ended.fault)

    def _watch(self) -> None:
        if self.making:
            self.stops_changed.emit()
        if self.surface is None:
            return
        seen = (self.surface.chain.rows, self.surface.chain.finished)
        if seen != self._seen:
            self._seen = seen
            self.grew.emit()
            if self.step is None:
                self.moved.emit()


def random_seed() -> FromSeed:
    """A seed by chance, one that a person can say aloud."""
    return FromSeed(secrets.randbelow(RANDOM_SEEDS))
