"""What the Interpolate page shows: the path as it is run, and where on it a person is."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any, Literal, get_args

from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.pages.interpolate.film_playback import FilmPlayback
from ebm_studio.app.pages.interpolate.plan import LANE, PathParameters, PathPlan, random_seed
from ebm_studio.app.studio.chains import PAUSE
from ebm_studio.app.studio.long_runs import LongRuns, steps_text
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.shelf import SLOTS, Shelf
from ebm_studio.core.sampling.path_positions import position_of, rho
from ebm_studio.data.exports.recipe import PathRecipe
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import ModelReady
from ebm_studio.engine.jobs.exports import OpenedStops
from ebm_studio.engine.jobs.interpolation import Interpolate, Mix, Point, Surface
from ebm_studio.engine.requests import Ended, Request

CORNERS = 4
View = Literal["path", "surface", "pad"]
VIEWS: tuple[View, ...] = get_args(View)


class PathState(PathPlan):
    """Observable. A change of stops or parameters runs the path again after a short pause, while the page is shown."""

    model_changed = Signal()
    surface_changed = Signal()
    grew = Signal()
    """The surface has more steps than before, or is whole."""
    moved = Signal()
    """Another place on the path or the pad, another step, or the picture there has come."""
    view_changed = Signal()

    def __init__(self, open_model: OpenModel, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(open_model, shelf, parent)
        self.playback = FilmPlayback(self)
        self.surface: Surface | None = None
        self.position = 0.5
        """On the path, in legs."""
        self.point: Point = (0.5, 0.5)
        """On the pad."""
        self.step: int | None = None
        """Of the chains; None is the end, whatever K is."""
        self.view: View = "path"
        self._active = False
        self._made: tuple[Hashable, ...] = ()
        self._running: Interpolate | None = None
        self.made_by: tuple[Interpolate, ModelReady] | None = None
        """What made the surface, while the parameters may be ahead of it."""
        self._mixed: tuple[float | Point, tuple[Hashable, ...], ChainStore] | None = None
        self._mixing: Request | None = None
        self._pending: OpenedStops | None = None
        self._seen = (0, False)
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self.run)
        self.long = LongRuns(self.link.pace, self)
        open_model.cancelled.connect(self.long.forget)
        open_model.model_changed.connect(self._take_model)
        self.edited.connect(self._start)
        self.playback.moved.connect(lambda frame: self._go(self._position_of(frame)))
        self.link.progress_changed.connect(self._watch)

    # What there is

    @property
    def rho(self) -> float:
        """At the position."""
        return rho(self.position, self.parameters.spec.path, self.legs)

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
        if store is None:
            return None
        row = self._row(store)  # before the energy, which may have grown by another row meanwhile
        return float(store.energy()[row, chain])

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
        self.go(position_of(value, leg, self.parameters.spec.path))

    def go_frame(self, frame: int) -> None:
        """Pause at a frame."""
        if self.surface is not None:
            self.go(self._position_of(min(max(frame, 0), self.parameters.spec.frames - 1)))

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

    def set_view(self, view: View) -> None:
        """Show the `path`, the `surface` of position and step, or the `pad`."""
        if view != self.view:
            self.playback.pause()
            self.view = view
            self.view_changed.emit()
            self.moved.emit()
            self._mix()

    def set_active(self, active: bool) -> None:
        """The page is shown, or no longer: only then there is work."""
        self._active = active
        if active:
            self._start()
        else:
            self.playback.pause()
            self._pause.stop()
            self.long.forget()

    def run(self) -> None:
        """Run the path, unless it is there already."""
        self._pause.stop()
        if not self.whole or self.making or (self._made == self._key and self._running is None):
            return
        if self._made == self._key and self._running is not None:
            return
        if self.to_find:
            self.find_again()
            return
        assert self.model is not None
        self.dismiss()
        request = Interpolate(
            lane=LANE,
            page=LANE,
            model=self.model.name,
            latents=self.latents,
            spec=self.parameters.spec,
            run=self.parameters.run,
        )
        self.long.ask([request], steps_text(request.load, "frame"), partial(self._begin, request, self.model))

    def _begin(self, request: Interpolate, model: ModelReady) -> None:
        self._made = self._key
        self._running = self.link.submit(request, partial(self._take_surface, (request, model)), self._end_surface)
        self._mix()

    def restore(self, opened: OpenedStops) -> None:
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
        spec = recipe.path if isinstance(recipe, PathRecipe) else self.parameters.spec
        self._swap("Path", PathParameters(spec=spec, run=recipe.side.short_run, more=tuple(kept[2:])))
        self.undo.stack.endMacro()
        self.step = recipe.step if isinstance(recipe, PathRecipe) else None
        self.moved.emit()
        self._start()

    def close(self) -> None:
        """Stop every timer."""
        self._pause.stop()
        self.playback.pause()

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "view": self.view}

    def from_dict(self, data: Any) -> None:
        super().from_dict(data)
        self.set_view(data["view"] if data["view"] in VIEWS else "path")
        self.parameters_changed.emit()
        self.stops_changed.emit()

    # How it goes

    @property
    def _key(self) -> tuple[Hashable, ...]:
        model = self.model.fingerprint if self.model else ""
        keys = tuple(kept.key if kept else "" for kept in self.stops)
        return (model, keys, self.parameters.spec, self.parameters.run)

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

    def _take_stops(self) -> None:
        self.position = min(self.position, float(self.legs))
        super()._take_stops()
        self.moved.emit()

    def _start(self) -> None:
        if self._active:
            self._pause.start()

    def _take_model(self) -> None:
        self.fit_run()
        self.model_changed.emit()
        self.parameters_changed.emit()
        if self._pending is not None and self.model is not None and self._pending.model == self.model.name:
            pending, self._pending = self._pending, None
            self.restore(pending)
        else:
            self._start()

    def _mix(self) -> None:
        """Ask for the very picture at the place. One at a time, else none would ever be whole while one drags."""
        if not self._active or self._mixing is not None or not self.whole or self.exact or self.playback.playing:
            return
        if self.to_find or (self.view == "pad" and len(self.stops) < CORNERS):
            return
        assert self.model is not None
        self._mixing = self.link.submit(
            Mix(
                lane=LANE,
                page=LANE,
                model=self.model.name,
                latents=self.latents[:CORNERS] if self.view == "pad" else self.latents,
                at=self._at,
                path=self.parameters.spec.path,
                closed=self.parameters.spec.closed,
                noise=self.parameters.spec.noise,
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
