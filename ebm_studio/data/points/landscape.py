"""An energy over the plane: its training, its chains, its densities, and the distances between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ebm_studio.core.energy.backends import make_gradient, make_parameter_gradient
from ebm_studio.core.energy.point_gradient import MOST
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.evaluation.plane import Grid, Masses, kl_divergence, total_variation
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.learning.watchdog import Watchdog
from ebm_studio.core.sampling.langevin import Step, seed_from, short_run
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.points.scene import GRID, Scene

ADVICE = "Use a smaller step size or learning rate, or start over."
POOL = 50_000  # points from which training draws its batches
BATCH = 5_000  # chains that run together when a density is estimated
CHAINS = 100_000  # for one estimate of a density
BLUR = 1.0  # of each density before two are compared, in cells: it removes the noise of counting


@dataclass(frozen=True, kw_only=True)
class Distances:
    """How far the short run's samples, and the energy's own density, are from the data.

    All densities are on the same grid, and blurred by one cell.
    """

    tv_short_run: float
    """Total variation between the data and q_K, what K steps from p0 draw."""
    tv_energy: float
    """Total variation between the data and exp(-E / T) / Z, where T is the temperature of the chains."""
    kl_short_run: float
    """KL(data || q_K) in nats."""
    kl_energy: float
    """KL(data || exp(-E / T) / Z) in nats."""
    tv_floor: float
    """Total variation between the data and as many of its own points, counted like q_K: the error of counting."""
    moment_gap: float
    """The length of E_data[dE/dtheta] - E_q[dE/dtheta] over the net's parameters, which training drives to 0."""
    temperature: float
    """T; 1 when the chains have no noise."""
    chains: int
    """The number of chains from which q_K was counted."""
    cells: int
    """The number of cells along a side of the grid."""


class Landscape:
    """A scene being trained. All its randomness comes from the scene's seed."""

    def __init__(self, scene: Scene) -> None:
        self._take(scene)
        self.warning = ""
        """The watchdog's last message."""

    def _take(self, scene: Scene) -> None:
        self.scene = scene
        points = torch.from_numpy(scene.data.draw(POOL, scene.learning.seed))
        self.learner = Learner(scene.net, scene.short_run, scene.learning, points)
        self._watchdog = Watchdog(scene.net, scene.short_run)
        self.__dict__.pop("truth", None)

    def change(self, scene: Scene) -> None:
        """Continue with other settings or data. Another net or seed starts over."""
        before, old = self.scene, self.learner
        self._take(scene)
        if (scene.net, scene.learning.seed) == (before.net, before.learning.seed):
            self.learner.load(old.state(), old.updates)

    @property
    def updates(self) -> int:
        """The number of updates so far."""
        return self.learner.updates

    @property
    def temperature(self) -> float:
        """T of the chains, which would settle at exp(-E / T) in the long run; 1 without noise."""
        run = self.scene.short_run
        return run.temperature if run.noise_scale else 1.0

    def update(self) -> Metrics:
        """One update of Algorithm 1. Raises `DivergedError`, and keeps the weights, if training diverges."""
        learning = self.scene.learning
        try:
            metrics = self.learner.update(min(1.0, self.updates / learning.updates))
        except DivergedError as error:
            raise DivergedError(f"{error} {ADVICE}") from None
        verdict = self._watchdog.look(metrics)
        self.warning = verdict.text or self.warning
        if verdict.sign == "run_away":
            raise DivergedError(f"{verdict.text} {ADVICE}")
        return metrics

    def chain(self, count: int, seed: int, run: ShortRun | None = None) -> Iterator[Step]:
        """Every step of `count` chains from noise of p0. The same weights, count and seed give the same chains."""
        run = run or self.scene.short_run
        z, noise = _streams(count, seed, run)
        return short_run(make_gradient(self.learner.average, "fp32"), z, run, noise)

    def energy(self, points: Tensor) -> Tensor:
        """E, (N,), at points (N, 2)."""
        with torch.no_grad():
            return torch.cat([self.learner.average(part) for part in torch.split(points, MOST)])

    def energy_grid(self, side: int) -> Masses:
        """E, (side, side), on a grid of `side` cells across the square that is shown."""
        grid = replace(GRID, cells=side)
        return self.energy(torch.from_numpy(grid.centres())).double().numpy().reshape(side, side)

    def slope(self, points: Tensor) -> Tensor:
        """dE/dx, (N, 2), at points (N, 2)."""
        return make_gradient(self.learner.average, "fp32")(points)[1]

    def flow(
        self,
        count: int,
        seed: int,
        run: ShortRun | None = None,
        wanted: Sequence[int] = (),
        progress: Callable[[float], object] = lambda _: None,
    ) -> tuple[Tensor, list[Masses]]:
        """The ends of `count` chains, (N, 2), and their blurred density after each of the `wanted` steps.

        `progress` gets the share done after each batch's step. Raises `DivergedError`.
        """
        run = run or self.scene.short_run
        gradient = make_gradient(self.learner.average, "fp32")
        seen = {index: np.zeros((GRID.cells, GRID.cells)) for index in wanted}
        ends = []
        for first in range(0, count, BATCH):
            z, noise = _streams(min(BATCH, count - first), seed_from("part", seed, first), run)
            for step in short_run(gradient, z, run, noise):
                if step.index in seen:
                    seen[step.index] += GRID.histogram(step.images.numpy()) * (len(z) / count)
                progress((first + len(z) * step.index / run.steps) / count)
            ends.append(step.images)
        return torch.cat(ends), [GRID.smoothed(masses, BLUR * GRID.cell) for masses in seen.values()]

    def density_of_energy(self, grid: Grid = GRID) -> Masses:
        """exp(-E / T) / Z on a grid, (cells, cells)."""
        return grid.of_energy(self.energy(torch.from_numpy(grid.centres(2))).numpy(), self.temperature)

    @cached_property
    def truth(self) -> Masses:
        """The density of the data on the grid, (cells, cells), blurred like the densities it is compared with."""
        return GRID.smoothed(self.scene.data.density(GRID), BLUR * GRID.cell)

    def distances(
        self, chains: int = CHAINS, seed: int = 0, progress: Callable[[float], object] = lambda _: None
    ) -> Distances:
        """How far the short run's samples and the energy's density are from the data. Raises `DivergedError`."""
        return self.compared(self.flow(chains, seed, progress=progress)[0], seed)

    def compared(self, ends: Tensor, seed: int = 0) -> Distances:
        """The distances for a short run whose chains have these `ends` (N, 2)."""
        again = self.scene.data.draw(len(ends), seed_from("again", seed))
        counts = (GRID.histogram(ends.numpy()), self.density_of_energy(), GRID.histogram(again))
        short, energy, counted = (GRID.smoothed(masses, BLUR * GRID.cell) for masses in counts)
        return Distances(
            tv_short_run=total_variation(self.truth, short),
            tv_energy=total_variation(self.truth, energy),
            kl_short_run=kl_divergence(self.truth, short),
            kl_energy=kl_divergence(self.truth, energy),
            tv_floor=total_variation(self.truth, counted),
            moment_gap=self.moment_gap(torch.from_numpy(again), ends),
            temperature=self.temperature,
            chains=len(ends),
            cells=GRID.cells,
        )

    def moment_gap(self, data: Tensor, ends: Tensor) -> float:
        """The length of E_data[dE/dtheta] - E_ends[dE/dtheta], for data (N, 2) and ends of chains (M, 2)."""
        noise = torch.Generator().manual_seed(seed_from("noise", self.scene.learning.seed))
        data = data + self.scene.learning.data_noise * torch.randn(data.shape, generator=noise)
        factors = torch.cat([torch.full((len(x),), sign / len(x)) for x, sign in ((data, 1.0), (ends, -1.0))])
        gradients = make_parameter_gradient(self.learner.average, "fp32").of_parameters(
            torch.cat([data, ends]), factors
        )[1]
        return float(torch.cat([gradient.flatten() for gradient in gradients]).norm())


def as_json(distances: Distances) -> dict[str, float | int]:
    """The distances, rounded to the digits that mean something."""
    return {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(distances).items()}


def _streams(count: int, seed: int, run: ShortRun) -> tuple[Tensor, Callable[[], Tensor]]:
    """Start noise (N, 2) and the noise of the steps, from one stream of the seed."""
    random = torch.Generator().manual_seed(seed_from("points", seed))
    if run.start == "uniform":
        z = torch.rand(count, 2, generator=random) * 2 - 1
    else:
        z = torch.randn(count, 2, generator=random)
    return z * run.start_range, lambda: torch.randn(count, 2, generator=random)
