"""Frames from a recipe: what an export shows, and what replaying it shows again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from ebm_studio.core.energy.backends import available
from ebm_studio.core.energy.devices import choose_device
from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.core.sampling.interpolation import PathFrames
from ebm_studio.core.sampling.langevin import Step
from ebm_studio.core.specs import ShortRun, check_count
from ebm_studio.data.exports.frames import Frame
from ebm_studio.data.exports.recipe import OfChains, OfModels, PathRecipe, ReconstructionRecipe
from ebm_studio.data.exports.recipe_files import check_same_model, find_recipe_model
from ebm_studio.data.exports.recipe_frames import Shown, ShownPath, film_of, path_of, still_of
from ebm_studio.data.exports.recipe_sources import Seeds, Source, count_of
from ebm_studio.data.models.latent import FromPhoto, Latent
from ebm_studio.data.models.model import BATCH, Model, load_model
from ebm_studio.data.models.reconstruction import measured
from ebm_studio.data.models.result import Result
from ebm_studio.data.pictures.pictures import MAX_PHOTOS, Pixels, to_images, to_pixels

Progress = Callable[[float], object]

MAX_BYTES = 4 * 2**30
"""Of all frames of a recipe, which are in memory together."""
MAX_BACKEND = 20  # characters of a backend's name that are shown: a file may say anything


def load_recipe_models(
    recipe: OfModels, beside: Path, models: Sequence[str] = (), device: str = "auto"
) -> tuple[Model, ...]:
    """The model of each side of a recipe: the given files in order, the others found by their names.

    Raises `StudioError` when one is not there, or not the same.
    """
    # Backends round differently: the one that made the file makes it again, where it runs.
    chosen = choose_device(device)
    loaded = []
    for number, side in enumerate(recipe.sides):
        file = models[number] if number < len(models) else find_recipe_model(side, beside)
        model = load_model(file, chosen.type, side.backend if side.backend in available(chosen) else "auto")
        check_same_model(side, model.card, model.fingerprint)
        loaded.append(model)
    return tuple(loaded)


def other_backend(recipe: OfModels, models: Sequence[Model]) -> str:
    """A sentence for the case that another backend than the recipe's makes it again; empty when it is the same."""
    for side, model in zip(recipe.sides, models, strict=True):
        if side.backend in ("auto", model.backend):
            continue
        made, used = f"The file was made with the backend {side.backend[:MAX_BACKEND]}", model.backend
        if side.backend not in available(model.device):
            return f"{made}, which this machine does not have: with {used}, the pictures can differ slightly."
        # The window keeps the backend that its model was opened with; the command takes the file's.
        return f"{made}: with {used}, the pictures can differ slightly. ebm-studio replay makes the same ones."
    return ""


def make_frames(recipe: OfModels, models: Sequence[Model], progress: Progress = lambda _: None) -> list[Frame]:
    """What the recipe makes with the models of its sides.

    `progress` gets the share done, 0 to 1, and may raise to cancel. Raises `StudioError`, also for a recipe that would
    need too much memory.
    """
    if isinstance(recipe, PathRecipe):
        [model], run = models, recipe.side.short_run
        latents = latents_of(model, recipe.sources, run)
        return path_of(recipe, shown_path(model.interpolate(latents, recipe.path, run, progress, recipe.step)))
    _check_size(recipe, models)
    pairs = [(model, side.short_run) for model, side in zip(models, recipe.sides, strict=True)]
    if not recipe.moving:
        return [still_of(recipe, *(_ends(model, recipe.sources, run, progress) for model, run in pairs))]
    longest = max(run.steps for _, run in pairs)
    return film_of(
        recipe, *(_told(_chain(model, recipe.sources, run), longest, progress) for model, run in pairs)
    )  # fmt: skip


def shown_path(path: PathFrames) -> ShownPath:
    """A path as it is shown."""
    return ShownPath(to_pixels(path.images.numpy()), path.positions, path.rho, path.energy.numpy())


def results_again(model: Model, recipe: ReconstructionRecipe) -> list[Result]:
    """The reconstructions of a recipe, measured once more. Raises `StudioError`."""
    latents = list(recipe.sources)
    check_count(len(latents), MAX_PHOTOS)
    *_, end = model.mixed(latents, None, recipe.side.short_run)
    photos = torch.from_numpy(to_images(np.stack([photo.pixels for photo in recipe.photos])))
    if photos.shape != end.images.shape:
        raise DataError("The recipe's photos do not have the model's size.")
    masks = [np.zeros(photos.shape[2:], bool) if photo.unknown is None else photo.unknown for photo in recipe.photos]
    known = torch.from_numpy(~np.stack(masks))[:, None]
    names = [latent.origin.name if isinstance(latent.origin, FromPhoto) else "photo" for latent in latents]
    return measured([Path(name) for name in names], latents, photos, end.images, known)


def latents_of(model: Model, sources: Sequence[Source], run: ShortRun) -> list[Latent]:
    """A recipe's latents, one by one."""
    latents: list[Latent] = []
    for source in sources:
        if isinstance(source, Seeds):
            chains = range(source.first, source.first + source.count)
            latents += [model.latent(source.seed, chain, run) for chain in chains]
        else:
            latents.append(source)
    return latents


def _check_size(recipe: OfChains, models: Sequence[Model]) -> None:
    frames = max(side.short_run.steps for side in recipe.sides) + 1 if recipe.moving else 1
    count = count_of(recipe.sources)
    needed = sum(frames * count * int(np.prod(model.card.net.shape)) for model in models)
    if needed > MAX_BYTES:
        raise SettingsError(
            f"The recipe asks for {frames} frames of {count} pictures, which would take {needed >> 30} GB; the "
            f"maximum is {MAX_BYTES >> 30} GB."
        )


def _chain(model: Model, sources: Sequence[Source], run: ShortRun) -> Iterable[Step]:
    match sources:
        case (Seeds(seed, 0, count),):
            return model.chain(count, seed, run)
    return model.mixed(latents_of(model, sources, run), None, run)


def _told(steps: Iterable[Step], last: int, progress: Progress) -> Iterator[Shown]:
    """The pictures and the energies, as the window's store has them, to the last bit."""
    for step in steps:
        progress(step.index / last)
        yield Shown(step.index, to_pixels(step.images.cpu().numpy()), step.energy.cpu().numpy())


def _ends(model: Model, sources: Sequence[Source], run: ShortRun, progress: Progress) -> Pixels:
    match sources:
        case (Seeds(seed, 0, count),):
            return to_pixels(model.sample(count, seed, run, lambda done: progress(done / count)).numpy())
    latents = latents_of(model, sources, run)
    parts = []
    for first in range(0, len(latents), BATCH):
        *_, end = model.mixed(latents[first : first + BATCH], None, run)
        parts.append(to_pixels(end.images.cpu().numpy()))
        progress(min(1.0, (first + BATCH) / len(latents)))
    return np.concatenate(parts)
