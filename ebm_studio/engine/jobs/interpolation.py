"""The jobs of the Interpolate page: latents for its stops, paths over them, and single mixtures."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ebm_studio.core.sampling.path_positions import legs, positions, rho
from ebm_studio.core.specs import ON_PATHS, Interpolation, PathKind, PathNoise, ShortRun, check_stops
from ebm_studio.data.models.latent import SUFFIX, FromSeed, Latent, read_latent
from ebm_studio.data.pictures.pictures import WHITE, Pixels, fit, open_picture, to_images, to_pixels
from ebm_studio.engine.chain_store import BOUND, ChainStore
from ebm_studio.engine.requests import Load, Request

if TYPE_CHECKING:
    from torch import Tensor

    from ebm_studio.core.sampling.inversion import Iterate
    from ebm_studio.core.sampling.langevin import Step
    from ebm_studio.data.models.model import Model
    from ebm_studio.engine.worker import Worker

Floats = npt.NDArray[np.float32]
Point = tuple[float, float]


class Surface:
    """Every step of the chains along a path: one chain for each frame, and how far neighbours are apart.

    It fills as the chains run. One thread adds, any thread reads.
    """

    def __init__(self, chain: ChainStore, spec: Interpolation, places: Iterable[float], stops: int) -> None:
        self.chain = chain
        self.spec = spec
        self.stops = stops
        self.positions = tuple(places)
        """Where on the path each frame is, in legs."""
        self.rho = tuple(rho(place, spec.path, legs(stops, spec.closed)) for place in self.positions)
        gaps = spec.frames if spec.closed else spec.frames - 1
        self._distances = np.zeros((len(chain.indices), gaps), np.float32)

    def add(self, step: Step) -> None:
        """Take a step of all chains."""
        from ebm_studio.core.sampling.interpolation import smoothness

        row = self.chain.rows
        if row < len(self.chain.indices) and self.chain.indices[row] == step.index:
            self._distances[row] = smoothness(step.images.clamp(-1, 1), self.spec.closed).distances
        self.chain.add_step(step)

    def distances(self, row: int) -> Floats:
        """Root mean square difference of neighbouring frames after a kept step, (gaps,), in units of [-1, 1]."""
        distances: Floats = self._distances[row]
        return distances

    def unevenness(self, row: int) -> float:
        """The largest of them over the mean: 1 when all are equal."""
        mean = float(self._distances[row].mean())
        return float(self._distances[row].max()) / mean if mean else 1.0

    def nearest(self, position: float) -> int:
        """The frame nearest to a position."""
        return int(np.abs(np.array(self.positions) - position).argmin())


@dataclass(frozen=True, kw_only=True)
class Interpolate(Request):
    """Run all frames of a path together; posts a `Surface` that fills as they run."""

    model: str
    latents: tuple[Latent, ...] = field(repr=False)
    spec: Interpolation
    run: ShortRun
    bound: int = BOUND

    @property
    def load(self) -> Load:
        """See `Request.load`. Spacing the frames by their looks takes several runs, whose number nobody knows."""
        return Load(self.model, "sampling", self.spec.frames, self.run.steps)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        check_stops(len(self.latents), self.spec.closed)
        model = worker.model(self.model)
        model.check_latents(self.latents)
        import torch

        from ebm_studio.core.sampling.interpolation import path_weights

        chain = ChainStore(self.spec.frames, model.card.net.shape, self.run, self.bound)
        places = self._places(model, worker)
        stops = torch.from_numpy(np.stack([latent.z for latent in self.latents]))
        weights = path_weights(places, stops, self.spec.path, self.spec.closed)
        surface = Surface(chain, self.spec, places, len(self.latents))
        began = time.perf_counter()
        try:
            for step in model.mixed(self.latents, weights, self.run, self.spec.noise):
                surface.add(step)
                if step.index == 0:
                    worker.post(surface)
                rate = step.index / max(time.perf_counter() - began, 1e-6)
                worker.report("Interpolating", step.index, self.run.steps, rate)
                worker.check()
        finally:
            chain.finished = True

    def _places(self, model: Model, worker: Worker) -> list[float]:
        if self.spec.spacing != "image":
            return positions(self.spec, len(self.latents))

        def tell(share: float) -> None:
            worker.report("Spacing the frames evenly", round(share * self.run.steps), self.run.steps)
            worker.check()

        return list(model.interpolate(self.latents, self.spec, self.run, tell).positions)


@dataclass(frozen=True, kw_only=True)
class Mix(Request):
    """Run one mixture of latents; posts its `ChainStore` of one chain when it is whole.

    `at` is a position on the path over the latents, or a point of the pad over the first four.
    """

    model: str
    latents: tuple[Latent, ...] = field(repr=False)
    at: float | Point
    path: PathKind = "paper"
    closed: bool = False
    noise: PathNoise = "own"
    run: ShortRun

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.model)
        model.check_latents(self.latents)
        import torch

        from ebm_studio.core.sampling.interpolation import pad_weights, path_weights

        if isinstance(self.at, tuple):
            weights = pad_weights([self.at])
        else:
            stops = torch.from_numpy(np.stack([latent.z for latent in self.latents]))
            weights = path_weights([self.at], stops, self.path, self.closed)
        store = ChainStore(1, model.card.net.shape, self.run)
        for step in model.mixed(self.latents, weights, self.run, self.noise):
            store.add_step(step)
            worker.check()
        store.finished = True
        worker.post(store)


@dataclass(frozen=True, slots=True)
class StopReady:
    """A latent for a stop, and the picture that its chain ends at, uint8 (C, H, W)."""

    latent: Latent
    picture: Pixels


@dataclass(frozen=True, kw_only=True)
class MakeStop(Request):
    """Find the latent of a seed, of a latent file, or by reconstruction of a photo; posts `StopReady`.

    Its lane says for which stop it is.
    """

    model: str
    source: FromSeed | Path
    run: ShortRun
    """Of a seed's chain. A latent file has its own, and a photo is searched for in the model's `for_photos`."""
    paper: str = WHITE
    """What is transparent in a photo shows this colour: see `read_colour`."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.model)
        if isinstance(self.source, FromSeed):
            worker.post(
                ready(model, [model.latent(self.source.seed, self.source.chain, self.run)], self.run, worker)[0]
            )
        elif self.source.suffix.lower() == SUFFIX:
            latent = read_latent(self.source)
            worker.post(ready(model, [latent], latent.short_run, worker)[0])
        else:
            worker.post(self._reconstructed(model, self.source, worker))

    def _reconstructed(self, model: Model, photo: Path, worker: Worker) -> StopReady:
        import torch

        net, run = model.card.net, model.card.short_run.for_photos()
        pixels = fit(open_picture(photo, paper=self.paper, enough=2 * net.size), net.size, net.channels)
        return searched(model, photo.name, torch.from_numpy(to_images(pixels[None])), run, worker)


@dataclass(frozen=True, kw_only=True)
class FindAgain(Request):
    """Search for the picture of a latent as for a photo, in another short run than its own; posts `StopReady`."""

    model: str
    latent: Latent = field(repr=False)
    name: str
    run: ShortRun

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        from ebm_studio.data.models.reconstruction import drawn_again

        model = worker.model(self.model)
        model.check_latents([self.latent])
        worker.post(searched(model, self.name, drawn_again(model, self.latent), self.run, worker))


def searched(model: Model, name: str, picture: Tensor, run: ShortRun, worker: Worker) -> StopReady:
    """The stop that draws a picture (1, C, H, W). The worker is told how far the search is, and can stop it."""
    from ebm_studio.data.models.reconstruction import on_path

    began = time.perf_counter()

    def tell(found: Iterate) -> None:
        rate = found.iteration / max(time.perf_counter() - began, 1e-6)
        worker.report(f"Reconstructing {name}", found.iteration, ON_PATHS.iterations, rate)
        worker.check()

    result = on_path(model, name, picture, run, tell)
    return StopReady(result.latent, result.picture)


def ready(model: Model, latents: list[Latent], run: ShortRun, worker: Worker) -> list[StopReady]:
    """Latents with the ends of their own chains."""
    model.check_latents(latents)
    for step in model.mixed(latents, None, run):
        worker.report("Redrawing kept images", step.index, run.steps)
        worker.check()
    pictures = to_pixels(step.images.cpu().numpy())
    return [StopReady(latent, picture) for latent, picture in zip(latents, pictures, strict=True)]
