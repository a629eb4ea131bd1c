"""Fidelity during training: now and then some samples are held against real pictures, and the best model is kept.

It draws from random streams of its own, so that a run that is watched learns what it would learn without.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from ebm_studio.core.evaluation.fidelity import kid
from ebm_studio.core.sampling.langevin import seed_from
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.features import Extractor, open_extractor
from ebm_studio.data.models.model import Model
from ebm_studio.data.pictures.pictures import Pixels, to_pixels
from ebm_studio.data.training.fidelity_log import Fidelity, best_of, cut_fidelity, since_best
from ebm_studio.data.training.plan import Plan

SAMPLES = 256
REFERENCE = 1000
"""Real pictures at most."""
LEAST = 10  # held-out pictures, below which training pictures take their place


class FidelityWatch:
    """What was measured of a run, and when it is time for more."""

    def __init__(self, folder: Path, plan: Plan, training: Pixels, held_out: Pixels) -> None:
        """Both sets are uint8 (N, C, H, W)."""
        self._folder = folder
        self._plan = plan
        real = held_out if len(held_out) >= LEAST else training
        random = np.random.default_rng(seed_from("fidelity", plan.learning.seed))
        self._real = real[np.sort(random.permutation(len(real))[:REFERENCE])]
        self.found: list[Fidelity] = []
        """Oldest first."""
        self._extractor: Extractor | None = None
        self._target: Tensor | None = None
        self._is_off = plan.fidelity_every is None

    def take_up(self, seconds: float) -> None:
        """Continue at this training time of the run: what was measured later is measured again."""
        self.found = cut_fidelity(self._folder, seconds)

    def turn_off(self) -> None:
        """Measure nothing more."""
        self._is_off = True

    def is_due(self, seconds: float) -> bool:
        """Whether it is time to measure."""
        last = self.found[-1].seconds if self.found else 0.0
        return not self._is_off and seconds - last >= (self._plan.fidelity_every or 0.0)

    def is_behind(self, updates: int) -> bool:
        """Whether the run has gone on since it was measured."""
        return not self._is_off and (not self.found or self.found[-1].update != updates)

    @property
    def has_stalled(self) -> bool:
        """Whether it has not improved for as many measurements as the plan allows."""
        return 0 < self._plan.patience <= since_best(self.found)

    def measure(self, model: Model, updates: int, seconds: float) -> Fidelity:
        """Hold samples of seed 0 against the real pictures. Raises `StudioError`."""
        if self._extractor is None:
            self._extractor = open_extractor("lite0", model.device)
        if self._target is None:
            self._target = self._extractor.cached(self._real)
        samples = to_pixels(model.sample(SAMPLES, seed=0).numpy())
        found = kid(self._extractor(samples), self._target)
        return Fidelity(updates, seconds, found.mean, found.sd)

    def is_best(self, found: Fidelity) -> bool:
        """Whether a new measurement beats all before."""
        best = best_of(self.found)
        return best is None or found.kid < best.kid


def card_of_best(card: Card, found: Fidelity) -> Card:
    """The card of the best model, which says why it is the best."""
    text = (
        f"The best of its run so far: KID-lite0 {found.kid:.4f} ± {found.spread:.4f} of {SAMPLES} samples, at update "
        f"{found.update}."
    )
    return replace(card, note=f"{card.note} {text}".strip())
