"""The jobs of the Landscape page: training it, running its chains, measuring it, and its files."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ebm_studio.core.evaluation.plane import Masses
from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.points.drawing import Rgb, density_map, energy_map
from ebm_studio.data.points.film import BRIGHTEST, ENERGY_CELLS, film_steps
from ebm_studio.data.points.scene import GRID, Scene
from ebm_studio.engine.cloud_store import CloudStore, Floats
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
    from ebm_studio.data.exports.recipe import LandscapeRecipe
    from ebm_studio.data.points.landscape import Distances, Landscape
    from ebm_studio.engine.worker import Worker

PIXELS = 288  # side of a view
ARROWS = 21  # arrows of the gradient along a side
GLANCE = 0.06  # seconds between two `Sight`s during training, at least
LOOKING = 0.2  # of the time of training that goes into them, at most
CLOUD_EVERY = 20  # updates between two runs of the visible chains
COUNT_EVERY = 100  # updates between two measurements of the density
FEW_COUNTED = 4_000  # chains for a density during training
NAME = "landscape"
BURST = 1.0  # seconds
PATIENCE = 0.02  # seconds to sleep at a time when training is slowed down


class Bench:
    """A landscape that the engine works on. The window passes it from request to request, and never looks inside."""

    def __init__(self, file: str = "") -> None:
        """`file` is a landscape to continue with, as in `Packed.file`."""
        self.file = file
        self.landscape: Landscape | None = None

    def take(self, scene: Scene, worker: Worker) -> Landscape:
        """The landscape with the settings of a scene: new, or trained so far. Call it in the engine's thread."""
        worker.device()  # loads torch, and gives it its threads
        from ebm_studio.data.points.landscape import Landscape

        if self.landscape is None and self.file:
            from ebm_studio.data.points.files import unpacked

            self.landscape = unpacked(self.file)
            self.file = ""
        if self.landscape is None:
            self.landscape = Landscape(scene)
        elif self.landscape.scene != scene:
            self.landscape.change(scene)
        return self.landscape


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a landscape looks like. Nobody writes to its arrays."""

    updates: int
    energy: Floats
    """E, (ENERGY_CELLS, ENERGY_CELLS), the first row at the bottom."""
    energy_picture: Rgb
    density: Masses
    """exp(-E / T) / Z on `GRID`, blurred."""
    density_picture: Rgb
    slopes: Floats
    """dE/dx on a coarse grid, (ARROWS, ARROWS, 2)."""
    metrics: tuple[Metrics, ...]
    """The metrics of the updates since the last sight."""
    rate: float
    """Updates per second; 0 when not training."""
    warning: str
    """The watchdog's message."""


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The density of the short run's samples, from many chains."""

    updates: int
    steps: tuple[int, ...]
    """The steps measured, in order, (F,)."""
    samples: tuple[Masses, ...]
    """The density on `GRID` after each of them, blurred, (F, cells, cells)."""
    truth: Masses
    """The density of the data, blurred, (cells, cells)."""
    distances: Distances
    """The distances after the last step."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A landscape's file as text, with the state of its training."""

    updates: int
    file: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TrainLandscape(Request):
    """Train for a number of updates, or for a short time. On the way it posts `Sight`, `CloudStore`, `Counted` and
    `Packed`.

    To continue, submit another request: this gives other background jobs their turn.
    """

    background: bool = True
    bench: Bench = field(repr=False, compare=False)
    scene: Scene = field(repr=False)
    updates: int | None = None
    """How many more; None to train for `BURST` seconds."""
    pace: float = 0.0
    """Maximum updates per second; 0 for no limit."""
    count: int = 500
    """The number of visible chains."""
    seed: int = 0

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        landscape = self.bench.take(self.scene, worker)
        past: list[Metrics] = []
        try:
            self._train(landscape, past, worker)
        finally:
            worker.post(_seen(landscape, past, 0.0))

    def _train(self, landscape: Landscape, past: list[Metrics], worker: Worker) -> None:
        began = now = time.perf_counter()
        glance, done = began + GLANCE, 0
        while now - began < BURST if self.updates is None else done < self.updates:
            past.append(landscape.update())
            now = time.perf_counter()
            done += 1
            if now > glance:
                worker.post(_seen(landscape, past, done / (now - began)))
                past.clear()
                seen = time.perf_counter()
                glance = seen + max(GLANCE, (seen - now) / LOOKING)
            slow = 0 < self.pace <= 5 or done == self.updates
            if slow or landscape.updates % CLOUD_EVERY == 0:
                worker.post(_cloud(landscape, self.count, self.seed, self.scene.short_run))
            if landscape.updates % COUNT_EVERY == 0:
                worker.post(_counted(landscape, self.scene.short_run, FEW_COUNTED, self.seed, worker, moving=False))
                worker.post(_packed(landscape))
            worker.report("Training the landscape", landscape.updates, rate=done / (now - began))
            worker.check()
            while self.pace and time.perf_counter() - began < done / self.pace:
                time.sleep(PATIENCE)
                worker.check()


@dataclass(frozen=True, kw_only=True)
class LookAtLandscape(Request):
    """Look at the landscape as it is; posts `Packed`, `Sight`, and a `CloudStore` that fills."""

    bench: Bench = field(repr=False, compare=False)
    scene: Scene = field(repr=False)
    count: int = 500
    seed: int = 0
    past: float = 1.0
    """How many times K steps the chains run."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        landscape = self.bench.take(self.scene, worker)
        worker.post(_packed(landscape))
        worker.post(_seen(landscape, [], 0.0))
        run = self.scene.past(self.past)
        store = CloudStore(self.count, run)
        try:
            for step in landscape.chain(self.count, self.seed, run):
                store.add_step(step)
                if step.index == 0:
                    worker.post(store)
                worker.report("Running the chains", step.index, run.steps)
                worker.check()
        finally:
            store.finished = True


@dataclass(frozen=True, kw_only=True)
class MeasureLandscape(Request):
    """Measure the density of many chains after every step; posts `Counted`."""

    background: bool = True
    bench: Bench = field(repr=False, compare=False)
    scene: Scene = field(repr=False)
    seed: int = 0
    past: float = 1.0
    """How many times K steps the chains run."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        landscape = self.bench.take(self.scene, worker)
        from ebm_studio.data.points.shooting import counted_of

        run = self.scene.past(self.past)
        worker.post(_counted(landscape, run, counted_of(self.past), self.seed, worker))


@dataclass(frozen=True, kw_only=True)
class ReadPoints(Request):
    """Read the points of a file, or a picture's darkness; posts a `PointData`."""

    path: Path

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        from ebm_studio.data.points.sources import open_points

        worker.report("Reading points")
        worker.post(open_points(str(self.path)))


@dataclass(frozen=True, slots=True, eq=False)
class LandscapeOpened:
    """A landscape is on the bench."""

    path: Path
    bench: Bench
    scene: Scene
    updates: int
    count: int | None = None
    """The number of chains that an exported file showed; None from a landscape's own file."""
    seed: int = 0
    past: float = 1.0


@dataclass(frozen=True, kw_only=True)
class OpenLandscape(Request):
    """Read a landscape's file; posts `LandscapeOpened` with a bench of its own."""

    path: Path

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        worker.device()
        from ebm_studio.data.points.files import load_landscape

        bench = Bench()
        bench.landscape = landscape = load_landscape(self.path)
        worker.post(LandscapeOpened(self.path, bench, landscape.scene, landscape.updates))


def landscape_of(path: Path, recipe: LandscapeRecipe, worker: Worker) -> LandscapeOpened:
    """The landscape that a file was exported from, on a bench of its own. Raises `StudioError`."""
    worker.device()
    from ebm_studio.data.points.files import unpacked

    bench = Bench()
    bench.landscape = landscape = unpacked(recipe.file)
    return LandscapeOpened(
        path, bench, landscape.scene, landscape.updates, recipe.count, recipe.seed, recipe.past
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SaveLandscape(Request):
    """Write a landscape's file; posts its path."""

    bench: Bench = field(repr=False, compare=False)
    scene: Scene = field(repr=False)
    path: Path

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        landscape = self.bench.take(self.scene, worker)
        from ebm_studio.data.points.files import save_landscape

        save_landscape(self.path, landscape)
        worker.post(self.path)


def _seen(landscape: Landscape, metrics: list[Metrics], rate: float) -> Sight:
    import torch

    energy = landscape.energy_grid(ENERGY_CELLS)
    density = GRID.smoothed(landscape.density_of_energy(), GRID.cell)
    most = BRIGHTEST * float(landscape.truth.max())
    coarse = np.linspace(-GRID.extent, GRID.extent, ARROWS + 2)[1:-1]
    at = np.stack(np.meshgrid(coarse, coarse), -1).reshape(-1, 2).astype(np.float32)
    slopes = landscape.slope(torch.from_numpy(at)).numpy().reshape(ARROWS, ARROWS, 2)
    return Sight(
        updates=landscape.updates,
        energy=energy.astype(np.float32),
        energy_picture=energy_map(energy, PIXELS),
        density=density,
        density_picture=density_map(density, PIXELS, most),
        slopes=slopes,
        metrics=tuple(metrics),
        rate=rate,
        warning=landscape.warning,
    )


def _cloud(landscape: Landscape, count: int, seed: int, run: ShortRun) -> CloudStore:
    store = CloudStore(count, run)
    for step in landscape.chain(count, seed, run):
        store.add_step(step)
    store.finished = True
    return store


def _counted(
    landscape: Landscape, run: ShortRun, chains: int, seed: int, worker: Worker, moving: bool = True
) -> Counted:
    wanted = film_steps(run.steps, moving)
    ends, samples = landscape.flow(chains, seed, run, wanted, lambda _: worker.check())
    found = landscape.compared(ends, seed)
    return Counted(landscape.updates, tuple(wanted), tuple(samples), landscape.truth, found)


def _packed(landscape: Landscape) -> Packed:
    from ebm_studio.data.points.files import packed

    return Packed(landscape.updates, packed(landscape, NAME))
