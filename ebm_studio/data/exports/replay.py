"""Frames from a recipe: what an export shows, and what replaying it shows again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch

from ebm_studio.core.energy.backends import available
from ebm_studio.core.energy.devices import choose_device
from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.core.sampling.interpolation import PathFrames
from ebm_studio.core.sampling.langevin import Step
from ebm_studio.core.specs import Interpolation, ShortRun, check_count
from ebm_studio.data.exports.frames import (
    Floats,
    Frame,
    Look,
    beside_photos,
    blank,
    chain_caption,
    chain_frame,
    pair_caption,
    pair_frame,
    path_captions,
    path_frames,
    reconstruction_frame,
)
from ebm_studio.data.exports.recipe import Kind, Recipe, Side, check_same_model, find_recipe_model, made_here
from ebm_studio.data.exports.recipe_sources import Seeds, Source
from ebm_studio.data.models.latent import FromPhoto, Latent
from ebm_studio.data.models.model import BATCH, Model, load_model
from ebm_studio.data.models.reconstruction import measured
from ebm_studio.data.models.result import Result
from ebm_studio.data.pictures.pictures import MAX_PHOTOS, Pixels, to_images, to_pixels

Progress = Callable[[float], object]

ENERGY = -9999.99  # takes as much room in a caption as any usual one
MAX_BYTES = 4 * 2**30
"""Of all frames of a recipe, which are in memory together."""


def make_recipe(
    model: Model, kind: Kind, sources: tuple[Source, ...], run: ShortRun, look: Look, **more: object
) -> Recipe:
    """The recipe of something made with a model here and now; `more` are the recipe's other fields."""
    return Recipe(
        kind=kind,
        model=model.card.name,
        model_hash=model.fingerprint,
        short_run=run,
        sources=sources,
        look=look,
        made_with=made_here(str(model.device), model.backend, model.backend_reason),
        **more,  # type: ignore[arg-type]
    )


def load_recipe_models(
    recipe: Recipe, beside: Path, models: Sequence[str] = (), device: str = "auto"
) -> tuple[Model, ...]:
    """The recipe's model, of a comparison both: the given files in order, the others found by their names.

    Raises `StudioError` when one is not there, or not the same.
    """
    # Backends round differently: the one that made the file makes it again, where it runs.
    made_with, chosen = dict(recipe.made_with), choose_device(device)
    loaded = []
    for number, side in enumerate(recipe.sides):
        backend = made_with.get("other_backend" if number else "backend", "auto")
        file = models[number] if number < len(models) else find_recipe_model(side, beside)
        model = load_model(file, chosen.type, backend if backend in available(chosen) else "auto")
        check_same_model(side, model.card, model.fingerprint)
        loaded.append(model)
    return tuple(loaded)


def other_backend(recipe: Recipe, models: Sequence[Model]) -> str:
    """A sentence for the case that another backend than the recipe's makes it again; empty when it is the same."""
    made_with = dict(recipe.made_with)
    for number, model in enumerate(models):
        wanted = made_with.get("other_backend" if number else "backend", model.backend)
        if wanted != model.backend:
            return (
                f"The file was made with the backend {wanted}, but this machine uses {model.backend}: the pictures "
                "can differ slightly."
            )
    return ""


def make_frames(
    model: Model, recipe: Recipe, progress: Progress = lambda _: None, other: Model | None = None
) -> list[Frame]:
    """What the recipe makes; a comparison also needs its `other` model.

    `progress` gets the share done, 0 to 1, and may raise to cancel. Raises `SettingsError`, also for a recipe that
    would need too much memory.
    """
    run = recipe.short_run
    if recipe.path is not None:
        latents = latents_of(model, recipe)
        path = model.interpolate(latents, recipe.path, run, progress, recipe.step)
        return frames_of_path(path, recipe.count, recipe.path.closed)
    models = [model] if other is None else [model, other]
    _check_size(recipe, models)
    if other is not None:
        return _compared(models, recipe, progress)
    if recipe.kind == "chain":
        return beside_photos(chain_frames(_chain(model, recipe, recipe.own), run, progress), recipe.photos)
    ends = _samples(model, recipe, recipe.own, progress)
    if not recipe.photos:
        return [Frame(ends)]
    noise = np.stack([latent.z for latent in latents_of(model, recipe)])
    return [reconstruction_frame(recipe.photos, to_pixels(noise), ends)]


def expected(recipe: Recipe, *models: Model) -> tuple[Frame, int]:
    """A frame as large as those that `make_frames` will make with these models, and how many they will be."""
    shapes = [(recipe.count, *model.card.net.shape) for model in models]
    steps = max(side.short_run.steps for side in recipe.sides)
    if recipe.path is not None:
        return expected_of_path(recipe.path, recipe.count, models[0])
    if recipe.photos:
        photos = (recipe.count, *recipe.photos[0].pixels.shape)
        if recipe.kind == "samples":
            return blank(photos, "", [shapes[0], shapes[0]]), 1
        return blank(photos, chain_caption(steps, steps, ENERGY), shapes), steps + 1
    if recipe.kind == "samples":
        return blank(shapes[0], "", shapes[1:]), 1
    caption = chain_caption(steps, steps, ENERGY) if len(shapes) == 1 else pair_caption(steps, steps, ENERGY, ENERGY)
    return blank(shapes[0], caption, shapes[1:]), steps + 1


def expected_of_path(path: Interpolation, stops: int, model: Model) -> tuple[Frame, int]:
    """See `expected`: of a path over so many stops."""
    [caption] = path_captions([0.0], [0.0], [ENERGY], stops, path.closed)
    return blank((1, *model.card.net.shape), caption), path.frames


def _compared(models: Sequence[Model], recipe: Recipe, progress: Progress) -> list[Frame]:
    assert recipe.other is not None
    sides = recipe.sides
    if recipe.kind == "samples":
        left, right = (_samples(model, recipe, side, progress) for model, side in zip(models, sides, strict=True))
        return [Frame(left, "", (right,))]
    chains = [_chain(model, recipe, side) for model, side in zip(models, sides, strict=True)]
    steps = max(side.short_run.steps for side in sides)
    frames = []
    for index, (a, b) in enumerate(_together(*chains)):
        frames.append(pair_frame(index, steps, _shown(a), _shown(b)))
        progress(index / steps)
    return frames


def _together(a: Iterable[Step], b: Iterable[Step]) -> Iterator[tuple[Step, Step]]:
    """Two chains step by step; the shorter one stays at its end."""
    left = right = None
    for new_left, new_right in zip_longest(a, b):
        left, right = new_left or left, new_right or right
        assert left is not None
        assert right is not None
        yield left, right


def _check_size(recipe: Recipe, models: Sequence[Model]) -> None:
    frames = recipe.short_run.steps + 1 if recipe.kind == "chain" else 1
    needed = sum(frames * recipe.count * int(np.prod(model.card.net.shape)) for model in models)
    if needed > MAX_BYTES:
        raise SettingsError(
            f"The recipe asks for {frames} frames of {recipe.count} pictures, which would take {needed >> 30} GB; the "
            f"maximum is {MAX_BYTES >> 30} GB."
        )


def results_again(model: Model, recipe: Recipe) -> list[Result]:
    """The reconstructions of a recipe with photos, measured once more. Raises `StudioError`."""
    latents = latents_of(model, recipe)
    check_count(len(latents), MAX_PHOTOS)
    *_, end = model.mixed(latents, None, recipe.short_run)
    photos = torch.from_numpy(to_images(np.stack([photo.pixels for photo in recipe.photos])))
    if photos.shape != end.images.shape:
        raise DataError("The recipe's photos do not have the model's size.")
    masks = [np.zeros(photos.shape[2:], bool) if photo.unknown is None else photo.unknown for photo in recipe.photos]
    known = torch.from_numpy(~np.stack(masks))[:, None]
    names = [latent.origin.name if isinstance(latent.origin, FromPhoto) else "photo" for latent in latents]
    return measured([Path(name) for name in names], latents, photos, end.images, known)


def latents_of(model: Model, recipe: Recipe) -> list[Latent]:
    """The recipe's latents, one by one."""
    return _latents(model, recipe, recipe.own)


def _latents(model: Model, recipe: Recipe, side: Side) -> list[Latent]:
    latents: list[Latent] = []
    for source in recipe.sources:
        if isinstance(source, Seeds):
            chains = range(source.first, source.first + source.count)
            latents += [model.latent(source.seed, chain, side.short_run) for chain in chains]
        else:
            latents.append(source)
    return latents


def frames_of_path(path: PathFrames, stops: int, closed: bool) -> list[Frame]:
    """A frame for each place on a path over so many stops."""
    energy = path.energy.numpy()
    return path_frames(to_pixels(path.images.numpy()), path.positions, path.rho, energy, stops, closed)


def chain_frames(steps: Iterable[Step], run: ShortRun, progress: Progress = lambda _: None) -> list[Frame]:
    """A frame for each step of a chain, with the step and the mean energy in its caption."""
    frames = []
    for step in steps:
        pixels, energy = _shown(step)
        frames.append(chain_frame(pixels, step.index, run.steps, energy))
        progress(step.index / run.steps)
    return frames


def _chain(model: Model, recipe: Recipe, side: Side) -> Iterable[Step]:
    match recipe.sources:
        case (Seeds(seed, 0, count),):
            return model.chain(count, seed, side.short_run)
    return model.mixed(_latents(model, recipe, side), None, side.short_run)


def _shown(step: Step) -> tuple[Pixels, Floats]:
    """The pictures and the energies, as the window's store has them, to the last bit."""
    return to_pixels(step.images.cpu().numpy()), step.energy.cpu().numpy()


def _samples(model: Model, recipe: Recipe, side: Side, progress: Progress) -> Pixels:
    match recipe.sources:
        case (Seeds(seed, 0, count),):
            images = model.sample(count, seed, side.short_run, lambda done: progress(done / count))
            return to_pixels(images.numpy())
    latents = _latents(model, recipe, side)
    parts = []
    for first in range(0, len(latents), BATCH):
        *_, end = model.mixed(latents[first : first + BATCH], None, side.short_run)
        parts.append(to_pixels(end.images.cpu().numpy()))
        progress(min(1.0, (first + BATCH) / len(latents)))
    return np.concatenate(parts)
