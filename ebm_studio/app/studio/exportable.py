"""What a page can export: pictures, and the recipe that makes them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np

from ebm_studio.core.specs import ShortRun
from ebm_studio.data.exports.frames import (
    Frame,
    Look,
    beside_photos,
    chain_caption,
    pair_caption,
    path_captions,
    reconstruction_frame,
)
from ebm_studio.data.exports.recipe import Recipe, Side, versions
from ebm_studio.data.exports.recipe_sources import Original, Seeds, Source, sources_of
from ebm_studio.data.pictures.pictures import to_pixels

if TYPE_CHECKING:
    from ebm_studio.app.pages.compare.state import CompareState
    from ebm_studio.app.pages.generate.state import GenerateState
    from ebm_studio.app.pages.interpolate.state import PathState
    from ebm_studio.app.pages.reconstruct.state import Outcome, ReconstructState
    from ebm_studio.engine.chain_store import ChainStore
    from ebm_studio.engine.jobs.chains import ModelReady

GOOD_SIDE = 320  # pixels that an export is suggested to have, about
MOST_COLUMNS = 8
ROWS = 4
"""Reconstructions up to which each has a row of photo, z and reconstruction."""


@dataclass(frozen=True, kw_only=True)
class Exportable:
    """One thing to export. `Page.exportables` offers them; nobody writes to its frames."""

    title: str
    """In a word: Path, Chains, Grid."""
    name: str
    """Of the file, without its suffix."""
    frames: tuple[Frame, ...] = field(repr=False)
    recipe: Recipe = field(repr=False)
    """Its look is what is suggested."""
    stride: int = 1
    """The frames are every so manieth step, and the last: of a chain too long to be kept whole."""


def recipe_of(
    model: ModelReady, kind: str, sources: Sequence[Source], run: ShortRun, look: Look, **more: object
) -> Recipe:
    """The recipe of something made with a model of the window; `more` are the recipe's other fields."""
    return Recipe(
        kind=kind,  # type: ignore[arg-type]
        model=model.card.name,
        model_hash=model.fingerprint,
        short_run=run,
        sources=tuple(sources),
        look=look,
        made_with=_made_with(model),
        **more,  # type: ignore[arg-type]
    )


def _made_with(model: ModelReady, **more: str) -> tuple[tuple[str, str], ...]:
    device = model.device.split(":")[0]
    return versions(torch=metadata.version("torch"), device=device, backend=model.backend, **more)


def look_for(side: int, count: int, *, still: bool = False) -> Look:
    """A good look for `count` pictures of `side` pixels: a few hundred pixels in all, in even rows."""
    columns = next((c for c in range(min(count, MOST_COLUMNS), 0, -1) if c * c <= count), 1)
    while count % columns and columns < min(count, MOST_COLUMNS):
        columns += 1
    rows = -(-count // columns)
    # One palette for a grid, which stands still in parts; one for each frame of a single picture, which is truer.
    return Look(
        scale=max(1, GOOD_SIDE // (max(columns, rows) * side)),
        columns=columns,
        palette="own" if count == 1 else "shared",
        hold_last=0.0 if still else 1.0,
    )


def of_path(state: PathState) -> list[Exportable]:
    """The path at the step that is shown."""
    surface, made_by = state.surface, state.made_by
    if surface is None or made_by is None or not surface.chain.whole:
        return []
    request, model = made_by
    row = state.row or surface.chain.rows - 1  # noise is no film
    step = int(surface.chain.indices[row])
    energy = surface.chain.energy()[row].tolist()
    captions = path_captions(surface.positions, surface.rho, energy, surface.stops, surface.spec.closed)
    frames = tuple(
        Frame(picture[None], caption) for picture, caption in zip(surface.chain.pixels(row), captions, strict=True)
    )
    look = replace(
        look_for(surface.chain.shape[2], 1),
        hold_last=0.0,
        ping_pong=state.playback.mode == "pingpong",
        fps=state.playback.fps,
    )
    shown = step if step < request.run.steps else None
    recipe = recipe_of(
        model, "interpolation", sources_of(request.latents), request.run, look, path=request.spec, step=shown
    )
    return [Exportable(title="Path", name=f"{model.card.name}-path", frames=frames, recipe=recipe)]


def of_chains(state: GenerateState) -> list[Exportable]:
    """The chain that is chosen, all chains as a film, and their ends as a picture."""
    store = state.playback.store
    if store is None or state.shown is None or not store.whole:
        return []
    parameters, model = state.shown
    side, stride = store.shape[2], store.stride
    if state.latent is not None:
        recipe = recipe_of(model, "chain", [state.latent], parameters.run, look_for(side, 1))
        name = f"{model.card.name}-chain"
        return [Exportable(title="Chain", name=name, frames=chain_film(store), recipe=recipe, stride=stride)]
    found = []
    name = f"{model.card.name}-{parameters.seed}"
    chosen = state.selected if state.enlarged is None else state.enlarged
    if chosen is not None:
        recipe = recipe_of(model, "chain", [Seeds(parameters.seed, chosen)], parameters.run, look_for(side, 1))
        film = chain_film(store, chosen)
        found.append(
            Exportable(title=f"Chain {chosen}", name=f"{name}-{chosen}", frames=film, recipe=recipe, stride=stride)
        )
    seeds = Seeds(parameters.seed, 0, store.count)
    recipe = recipe_of(model, "chain", [seeds], parameters.run, look_for(side, store.count))
    found.append(Exportable(title="All chains", name=name, frames=chain_film(store), recipe=recipe, stride=stride))
    recipe = recipe_of(model, "samples", [seeds], parameters.run, look_for(side, store.count, still=True))
    grid = (Frame(store.pixels(store.rows - 1)),)
    found.append(Exportable(title="Grid", name=f"{name}-grid", frames=grid, recipe=recipe))
    return found


def of_reconstructions(state: ReconstructState) -> list[Exportable]:
    """The photo that is looked at beside its chain, all of them, and all as a picture: photo, z, reconstruction."""
    store, model = state.playback.store, state.model
    outcomes = [outcome for photo in state.photos if (outcome := state.outcome_of(photo)) is not None]
    if store is None or model is None or not outcomes or not store.whole:
        return []
    name = f"{model.card.name}-reconstruction"
    found = [_photo_film(model, store, outcomes, f"{name}s")]
    if len(outcomes) > 1 and state.outcome is not None:
        one = _photo_film(model, store, [state.outcome], f"{name}-{state.outcome.result.path.stem}")
        found.insert(0, one)
    chains = [outcome.chain for outcome in outcomes]
    noise = to_pixels(np.stack([outcome.result.latent.z for outcome in outcomes]))
    frame = reconstruction_frame(_originals(outcomes), noise, store.pixels(store.rows - 1)[chains])
    look = look_for(store.shape[2], len(outcomes), still=True)
    look = replace(look, columns=1) if len(outcomes) <= ROWS else look
    recipe = _recipe_of_photos(model, "samples", outcomes, look)
    title = "Photo, z, reconstruction" if len(outcomes) == 1 else "Photos, z, reconstructions"
    return [*found, Exportable(title=title, name=name, frames=(frame,), recipe=recipe)]


def _photo_film(model: ModelReady, store: ChainStore, outcomes: Sequence[Outcome], name: str) -> Exportable:
    chains = [outcome.chain for outcome in outcomes]
    film = tuple(beside_photos(chain_film(store, *chains), _originals(outcomes)))
    recipe = _recipe_of_photos(model, "chain", outcomes, look_for(store.shape[2], len(outcomes)))
    title = f"{outcomes[0].result.path.name} and its chain" if len(outcomes) == 1 else "All photos and their chains"
    return Exportable(title=title, name=name, frames=film, recipe=recipe, stride=store.stride)


def _recipe_of_photos(model: ModelReady, kind: str, outcomes: Sequence[Outcome], look: Look) -> Recipe:
    latents = [outcome.result.latent for outcome in outcomes]
    return recipe_of(model, kind, latents, latents[0].short_run, look, photos=_originals(outcomes))


def _originals(outcomes: Sequence[Outcome]) -> tuple[Original, ...]:
    return tuple(Original(outcome.result.photo, outcome.photo.unknown) for outcome in outcomes)


def of_comparison(state: CompareState) -> list[Exportable]:
    """Both sides as a film, and their ends as a picture."""
    pair, (a, b) = state.pair, state.sides
    if pair is None or a.model is None or b.model is None or a.store is None or b.store is None or not pair.whole:
        return []
    left, right = pair.stores
    name = f"{a.model.card.name}-{b.model.card.name}-{state.parameters.seed}"
    ends = (Frame(left.pixels(left.rows - 1), "", (right.pixels(right.rows - 1),)),)
    look = look_for(max(left.shape[2], right.shape[2]), left.count)
    found = [
        Exportable(
            title="Both sides as a picture",
            name=f"{name}-grid",
            frames=ends,
            recipe=_recipe_of_pair(state, "samples", look),
        )
    ]
    if left.stride == right.stride == 1:  # else the frames are none that the same recipe would make
        steps = pair.run.steps
        film = tuple(_pair_frame(left, right, index, steps) for index in range(steps + 1))
        recipe = _recipe_of_pair(state, "chain", look)
        found.insert(0, Exportable(title="Both sides", name=name, frames=film, recipe=recipe))
    return found


def _pair_frame(a: ChainStore, b: ChainStore, index: int, steps: int) -> Frame:
    row, other = a.row_of(index), b.row_of(index)
    energies = (float(store.energy()[at].mean()) for store, at in ((a, row), (b, other)))
    return Frame(a.pixels(row), pair_caption(index, steps, *energies), (b.pixels(other),))


def _recipe_of_pair(state: CompareState, kind: str, look: Look) -> Recipe:
    a, b = state.sides
    assert a.model is not None
    assert b.model is not None
    return replace(
        recipe_of(a.model, kind, [Seeds(state.parameters.seed, 0, state.parameters.count)], a.run, look),
        other=Side(model=b.model.card.name, model_hash=b.model.fingerprint, short_run=b.run),
        made_with=_made_with(a.model, other_backend=b.model.backend),
    )


def chain_film(store: ChainStore, *chains: int) -> tuple[Frame, ...]:
    """A frame for each step that is kept, of some chains or of all."""
    is_row = list(chains) == list(range(chains[0], chains[0] + len(chains))) if chains else True
    # A slice is a view, which takes no memory.
    which = slice(chains[0], chains[-1] + 1) if chains and is_row else list(chains) or slice(None)
    energy = store.energy()
    return tuple(
        Frame(store.pixels(row)[which], chain_caption(int(index), store.run.steps, float(energy[row, which].mean())))
        for row, index in enumerate(store.indices)
    )
