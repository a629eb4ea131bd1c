"""Frames from a recipe: what an export shows, and what replaying it shows again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from ebm_studio.core.backends import available
from ebm_studio.core.devices import choose_device
from ebm_studio.core.dynamics import Step
from ebm_studio.core.interpolation import PathFrames
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.frames import Frame, Look, chain_caption, path_captions
from ebm_studio.data.latents import Latent
from ebm_studio.data.models import BATCH, Model, load_model
from ebm_studio.data.pictures import to_pixels
from ebm_studio.data.recipes import Kind, Recipe, Seeds, Source, check_same_model, find_recipe_model, versions

Progress = Callable[[float], object]


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
        made_with=versions(torch=torch.__version__, device=model.device.type, backend=model.backend),
        **more,  # type: ignore[arg-type]
    )


def load_recipe_model(recipe: Recipe, beside: Path, model: str | None = None, device: str = "auto") -> Model:
    """The recipe's model: the given file, or found by its name. Raises `StudioError` when it is not the same one."""
    # Backends round differently: the one that made the file makes it again, where it runs.
    backend = dict(recipe.made_with).get("backend", "auto")
    chosen = choose_device(device)
    known = backend in available(chosen)
    loaded = load_model(model or find_recipe_model(recipe, beside), chosen.type, backend if known else "auto")
    check_same_model(recipe, loaded.card, loaded.fingerprint)
    return loaded


def make_frames(model: Model, recipe: Recipe, progress: Progress = lambda _: None) -> list[Frame]:
    """What the recipe makes. `progress` is told the share done, 0 to 1, and may raise to cancel."""
    run = recipe.short_run
    if recipe.path is not None:
        return path_frames(model.interpolate(latents_of(model, recipe), recipe.path, run, progress), recipe)
    if recipe.kind == "chain":
        return chain_frames(_chain(model, recipe), run, progress)
    return [Frame(to_pixels(_samples(model, recipe, progress).numpy()))]


def latents_of(model: Model, recipe: Recipe) -> list[Latent]:
    """The recipe's latents, one by one."""
    latents: list[Latent] = []
    for source in recipe.sources:
        if isinstance(source, Seeds):
            chains = range(source.first, source.first + source.count)
            latents += [model.latent(source.seed, chain, recipe.short_run) for chain in chains]
        else:
            latents.append(source)
    return latents


def chain_frames(steps: Iterable[Step], run: ShortRun, progress: Progress = lambda _: None) -> list[Frame]:
    """A frame for each step of a chain, with the step and the mean energy in its caption."""
    frames = []
    for step in steps:
        caption = chain_caption(step.index, run.steps, float(step.energy.mean()))
        frames.append(Frame(to_pixels(step.images.cpu().numpy()), caption))
        progress(step.index / run.steps)
    return frames


def path_frames(path: PathFrames, recipe: Recipe) -> list[Frame]:
    """A frame for each place on a path, with its leg, rho and energy in its caption."""
    assert recipe.path is not None
    captions = path_captions(path.positions, path.rho, path.energy.tolist(), recipe.count, recipe.path.closed)
    pixels = to_pixels(path.images.numpy())
    return [Frame(picture[None], caption) for picture, caption in zip(pixels, captions, strict=True)]


def _chain(model: Model, recipe: Recipe) -> Iterable[Step]:
    match recipe.sources:
        case (Seeds(seed, 0, count),):
            return model.chain(count, seed, recipe.short_run)
    return model.mixed(latents_of(model, recipe), None, recipe.short_run)


def _samples(model: Model, recipe: Recipe, progress: Progress) -> torch.Tensor:
    match recipe.sources:
        case (Seeds(seed, 0, count),):
            return model.sample(count, seed, recipe.short_run, lambda done: progress(done / count))
    latents = latents_of(model, recipe)
    parts = []
    for first in range(0, len(latents), BATCH):
        *_, end = model.mixed(latents[first : first + BATCH], None, recipe.short_run)
        parts.append(end.images.clamp(-1, 1).cpu())
        progress(min(1.0, (first + BATCH) / len(latents)))
    return torch.cat(parts)
