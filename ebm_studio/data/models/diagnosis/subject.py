"""What all claims of a diagnosis are measured on: a model, real pictures, and chains that run past K."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.core.evaluation.convergence import LongRun, long_run
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.sampling.langevin import Step, seed_from
from ebm_studio.core.specs import MAX_STEPS, Diagnosing, ShortRun
from ebm_studio.data.models.evaluation import LEAST, some
from ebm_studio.data.models.model import Model
from ebm_studio.data.pictures.datasets import open_images, open_split
from ebm_studio.data.pictures.pictures import Pixels, to_images
from ebm_studio.data.storage.progress import Progress, silent

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
"""Of K, the steps at which the sampled chains are kept."""
T = TypeVar("T")


class Subject:
    """A model with the pictures to measure it on. Opening it reads the data set. Raises `StudioError`.

    Real pictures are shown to the energy as training did: with the data noise of its end.
    """

    def __init__(self, model: Model, source: str, settings: Diagnosing, progress: Progress = silent) -> None:
        self.model, self.source, self.settings = model, source, settings
        self.run: ShortRun = model.card.short_run
        spec, held_out = model.card.net, model.card.data.held_out
        random = np.random.default_rng(seed_from("diagnosis", settings.seed))
        unseen = None
        try:
            training, unseen = open_split(source, spec.size, spec.channels, held_out, progress)
        except DataError:
            if held_out:  # more than there are, or the set cannot be read
                raise
            training = open_images(source, spec.size, spec.channels, progress)
        if min(len(training), LEAST if unseen is None else len(unseen)) < LEAST:
            raise SettingsError(f"There are too few images in {source}: a diagnosis needs {LEAST} of each kind.")
        self.training: Pixels = some(training, settings.count, random)
        self.held_out: Pixels | None = None if unseen is None else some(unseen, settings.count, random)
        """Pictures that training never saw, where there are any."""
        self._ends: LongRun | None = None

    @property
    def k(self) -> int:
        """K."""
        return self.run.steps

    @property
    def sigma(self) -> float:
        """The data noise with which training ended."""
        learning = self.model.card.learning
        return learning.decay(1.0)[1] if learning else 0.0

    @cached_property
    def data(self) -> Tensor:
        """Training pictures with data noise, (N, C, H, W)."""
        return self._noised(self.training, "training")

    @cached_property
    def unseen(self) -> Tensor | None:
        """Held-out pictures with data noise, (N, C, H, W)."""
        return None if self.held_out is None else self._noised(self.held_out, "held-out")

    def steps(self, factor: float) -> int:
        """So many times K steps, from 1 to the most that a chain may have."""
        return min(max(1, round(self.k * factor)), MAX_STEPS)

    def chain(self, count: int, purpose: str, last: int, start: Tensor | None = None) -> Iterator[Step]:
        """A chain of the model's own dynamics to step `last`, from noise or from pictures (N, C, H, W).

        The noise of the steps belongs to the purpose, so that two purposes have different chains.
        """
        after = None if start is None else (0, start)
        seed = seed_from(purpose, self.settings.seed)
        return self.model.chain(count, seed, replace(self.run, steps=last), after)

    def ends(self) -> Generator[float, None, LongRun]:
        """The chains of the settings' seed, `count` of them, kept at `FACTORS` of K and at 0: made once."""
        if self._ends is None:
            kept = (0, *sorted({self.steps(factor) for factor in FACTORS}))
            run = replace(self.run, steps=kept[-1])
            chain = self.model.chain(self.settings.count, self.settings.seed, run)
            self._ends = yield from long_run(chain, kept, kept)
        return self._ends

    def _noised(self, pixels: Pixels, name: str) -> Tensor:
        random = torch.Generator().manual_seed(seed_from("data noise", name, self.settings.seed))
        images = as_images(pixels)
        return images + self.sigma * torch.randn(images.shape, generator=random)


def as_images(pixels: Pixels) -> Tensor:
    """uint8 pictures (N, C, H, W) as a float32 tensor in [-1, 1]."""
    return torch.from_numpy(to_images(pixels))


def part(work: Generator[float, None, T], begin: float, end: float) -> Generator[float, None, T]:
    """The work, with its share done told as one from `begin` to `end`."""
    while True:
        try:
            share = next(work)
        except StopIteration as ended:
            result: T = ended.value
            return result
        yield begin + share * (end - begin)


def apart(a: Estimate, b: Estimate) -> bool:
    """Whether two figures differ by more than two standard errors of the difference."""
    return abs(a.mean - b.mean) > 2 * float(np.hypot(a.sd, b.sd))
