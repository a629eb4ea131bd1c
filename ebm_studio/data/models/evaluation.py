"""How good a model is: its samples against real pictures that it never saw, with a floor and a ceiling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.evaluation.fidelity import frechet, inception_score, kid, nearest
from ebm_studio.core.evaluation.figures import Contrast, Estimate, Figures, Health, Nearest, Scale
from ebm_studio.core.sampling.langevin import seed_from
from ebm_studio.core.specs import Evaluation, Reconstruction
from ebm_studio.data.models.evaluation_cache import command_of
from ebm_studio.data.models.features import Extractor, open_extractor
from ebm_studio.data.models.model import Model
from ebm_studio.data.pictures.datasets import ImageSet, open_split
from ebm_studio.data.pictures.pictures import Pixels, to_images, to_pixels
from ebm_studio.data.storage.progress import Progress, silent

LEAST = 10  # images, below which a bootstrap may draw the same one every time
CEILING_NOISE = 0.5
"""Standard deviation of the noise that spoils the ceiling's images, in a range of [-1, 1]."""
HEALTH_CHAINS = 256
RECONSTRUCTED = 64  # held-out images, and the iterations spent on them
RECONSTRUCTION = 60


def evaluate(model: Model, source: str, settings: Evaluation, tell: Progress = silent) -> Figures:
    """Compare a model's samples with the data set that it was made from. Raises `StudioError`.

    All of samples, training images (the floor) and noised training images (the ceiling) are held
    against the same held-out images, so that a model which repeats its training set gains nothing.
    """
    spec = model.card.net
    held_out = model.card.data.held_out if settings.held_out is None else settings.held_out
    training, unseen = open_split(source, spec.size, spec.channels, held_out, tell)

    random = np.random.default_rng(seed_from("evaluation", settings.seed))
    real = some(training, settings.count, random)
    reference = some(unseen, settings.count, random)
    if min(len(real), len(reference)) < LEAST:
        raise SettingsError(
            f"There are {len(real)} training and {len(reference)} held-out images to compare with: the metrics need "
            f"{LEAST} of each."
        )
    extractor = open_extractor(settings.features, model.device)  # it may download its weights: the data come first
    told = _told(tell, "sampling")
    samples = to_pixels(
        model.sample(settings.count, settings.seed, progress=lambda done: told(int(done), settings.count)).numpy()
    )

    features = {
        "model": extractor(samples, _told(tell, "features of the samples")),
        "floor": extractor.cached(real, _told(tell, "features of training images")),
        "ceiling": extractor.cached(_noised(real, random), _told(tell, "features of images with noise")),
    }
    target = extractor.cached(reference, _told(tell, "features of held-out images"))

    kids, fds = _distances(features, target, settings.seed, _told(tell, "distances"))
    return Figures(
        against=training.name,
        kid=kids,
        fd=fds,
        inception_score=_inception_score(extractor, features["model"]),
        contrast=Contrast(contrast(samples), contrast(reference)),
        nearest=_nearest(samples, reference, training.images),
        heldout_error=heldout_error(model, reference, _told(tell, "reconstructing held-out images")),
        health=health(model, reference, settings.seed),
        features=extractor.name,
        samples=len(samples),
        training=len(real),
        held_out=len(reference),
        command=command_of(model.card.name, Path(source).name, settings),
    )


def _distances(
    features: dict[str, Tensor], target: Tensor, seed: int, tell: Callable[[int, int], None]
) -> tuple[Scale, Scale]:
    """The KID and the Frechet distance of model, floor and ceiling to the held-out images' features."""
    kids, fds = {}, {}
    for done, (name, found) in enumerate(features.items()):
        tell(done, len(features) + 1)
        kids[name] = kid(found, target, seed)
        fds[name] = frechet(found, target)
    tell(len(features), len(features) + 1)
    return Scale(**kids), Scale(**fds)


def heldout_error(model: Model, pixels: Pixels, tell: Callable[[int, int], None] = lambda _, __: None) -> float:
    """Mean squared error per pixel and channel of reconstructions of pictures (N, C, H, W), in [-1, 1] units.

    The first 64 at most, found free, as `docs/reconstruction.md` has it.
    """
    photos = torch.from_numpy(to_images(pixels[:RECONSTRUCTED]))
    settings = Reconstruction(iterations=RECONSTRUCTION)
    for found in model.reconstruct(photos, settings):
        tell(found.iteration, settings.iterations)
    return found.best_error.mean().item()


def health(model: Model, pixels: Pixels, seed: int = 0) -> Health:
    """d, v and the path length of held-out images (N, C, H, W), with the noise of training, and of fresh chains."""
    sigma = model.card.learning.data_noise if model.card.learning else 0.0
    random = torch.Generator().manual_seed(seed_from("health", seed))
    data = torch.from_numpy(to_images(pixels[:HEALTH_CHAINS]))
    data += sigma * torch.randn(data.shape, generator=random)
    energy_data, _ = model.gradient(data.to(model.device))
    lengths = []
    for step in model.chain(HEALTH_CHAINS, seed):
        lengths.append(step.gradient_norm.mean().item())
        last = step
    steps = model.card.short_run.steps
    v = sum(lengths[:steps]) / steps
    return Health(d=(energy_data.mean() - last.energy.mean()).item(), v=v, path_length=v * steps)


def _told(tell: Progress, what: str) -> Callable[[int, int], None]:
    return lambda done, total: tell(what, done, total)


def some(images: ImageSet, count: int, random: np.random.Generator) -> Pixels:
    """At most `count` pictures at random, (N, C, H, W).

    The order of names is often that of classes, so the first ones would not stand for all.
    """
    return images.images[np.sort(random.permutation(len(images))[:count])]


def _noised(pixels: Pixels, random: np.random.Generator) -> Pixels:
    noise = random.standard_normal(pixels.shape, dtype=np.float32) * np.float32(CEILING_NOISE)
    return to_pixels(to_images(pixels) + noise)


def _inception_score(extractor: Extractor, features: Tensor) -> Estimate | None:
    return None if extractor.classes is None else inception_score(features @ extractor.classes.T)


def contrast(pixels: Pixels) -> float:
    """Mean standard deviation of the values within a picture of some (N, C, H, W), in [-1, 1] units."""
    return float(to_images(pixels).reshape(len(pixels), -1).std(1).mean())


def _nearest(samples: Pixels, unseen: Pixels, training: Pixels) -> Nearest:
    known = torch.from_numpy(training).flatten(1)
    of_samples, of_unseen = (nearest(torch.from_numpy(p).flatten(1), known)[0] / 127.5 for p in (samples, unseen))
    limit = of_unseen.quantile(0.01)
    return Nearest(of_samples.median().item(), of_unseen.median().item(), (of_samples < limit).float().mean().item())
