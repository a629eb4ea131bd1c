"""The step size at which a trained model draws best: too small leaves noise, too large adds contrast. Training makes
the mean energy of samples and data agree (d = 0), which a chain batch also does when some of its chains have not
arrived yet. A slightly larger step lets them arrive with the same number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ebm_studio.core.errors import DivergedError, SettingsError
from ebm_studio.core.evaluation.fidelity import kid
from ebm_studio.core.evaluation.figures import Contrast, Estimate
from ebm_studio.core.sampling.langevin import seed_from
from ebm_studio.core.specs import Evaluation, ShortRun
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.evaluation import contrast, some
from ebm_studio.data.models.features import Extractor, open_extractor
from ebm_studio.data.models.model import Model
from ebm_studio.data.pictures.datasets import open_images
from ebm_studio.data.pictures.pictures import Pixels, to_pixels
from ebm_studio.data.storage.progress import Progress, silent

FACTORS = (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5)
"""Of the model's own step size, what is tried."""
REFERENCE = 2000  # training images


@dataclass(frozen=True)
class Trial:
    """A step size, and how its samples compare with training images."""

    step_size: float
    kid: Estimate
    """KID-lite0."""
    contrast: Contrast


def trials(
    model: Model, source: str, settings: Evaluation, most: float, progress: Progress = silent
) -> Iterator[Trial]:
    """Draw pictures at step sizes up to `most` times the model's own, and compare them with *training* images.

    It does not use held-out images, so that they can judge the result. It ends early when chains start to diverge.
    Raises `StudioError`, or `DivergedError` if they diverge at the model's own step.
    """
    if not most >= 1:
        raise SettingsError(f"The largest step size must be 1 or more times the model's own, not {most:g}.")
    spec = model.card.net
    extractor = open_extractor("lite0", model.device)
    images = open_images(source, spec.size, spec.channels, progress).without_last(model.card.data.held_out)
    random = np.random.default_rng(seed_from("calibration", settings.seed))
    real = some(images, REFERENCE, random)
    yield from try_steps(model, extractor, real, settings, [factor for factor in FACTORS if factor <= most])


def try_steps(
    model: Model, extractor: Extractor, real: Pixels, settings: Evaluation, factors: Sequence[float]
) -> Iterator[Trial]:
    """Draw pictures at multiples of the model's own step size, and compare them with real ones (M, C, H, W).

    It ends early when chains start to diverge. Raises `DivergedError` if they diverge at the model's own step or a
    smaller one.
    """
    run, reference, its_contrast = model.card.short_run, extractor.cached(real), contrast(real)
    for factor in factors:
        step_size = round(run.step_size * factor, 6)
        try:
            samples = model.sample(settings.count, settings.seed, replace(run, step_size=step_size))
        except DivergedError:
            if factor <= 1:
                raise
            return
        drawn = to_pixels(samples.numpy())
        distance = kid(extractor(drawn), reference, settings.seed)
        yield Trial(step_size, distance, Contrast(contrast(drawn), its_contrast))


def chosen(tried: list[Trial]) -> Trial:
    """The smallest step whose KID is within one standard error of the best: no more contrast than it is worth."""
    best = min(tried, key=lambda trial: trial.kid.mean)
    return next(trial for trial in tried if trial.kid.mean <= best.kid.mean + best.kid.sd)


def calibrated(card: Card, trial: Trial, command: str) -> Card:
    """The card of the same weights with another step size. It says how the step size was found, and has no metrics."""
    old: ShortRun = card.short_run
    told = (
        f"Trained at step size {card.training_run().step_size:g}. Draws at {trial.step_size:g}, where samples are "
        f"closest to training images in lite0 features: {command}."
    )
    note = f"{card.note} {told}".strip()
    return replace(
        card,
        short_run=replace(old, step_size=trial.step_size),
        trained_step=card.training_run().step_size,
        note=note,
        figures=None,
    )
