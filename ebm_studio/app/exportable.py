"""What a page can export: pictures, and the recipe that makes them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import TYPE_CHECKING

from ebm_studio.core.specs import ShortRun
from ebm_studio.data.frames import Frame, Look, chain_caption, path_captions
from ebm_studio.data.recipes import Recipe, Seeds, Source, sources_of, versions

if TYPE_CHECKING:
    from ebm_studio.app.path_state import PathState
    from ebm_studio.app.state import GenerateState
    from ebm_studio.engine.jobs import ModelReady
    from ebm_studio.engine.store import ChainStore

GOOD_SIDE = 320  # pixels that an export is suggested to have, about
MOST_COLUMNS = 8


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
        made_with=versions(torch=metadata.version("torch"), device=model.device.split(":")[0]),
        **more,  # type: ignore[arg-type]
    )


def look_for(side: int, count: int, *, still: bool = False) -> Look:
    """A good look for `count` pictures of `side` pixels: a few hundred pixels in all, in even rows."""
    columns = next((c for c in range(min(count, MOST_COLUMNS), 0, -1) if c * c <= count), 1)
    while count % columns and columns < min(count, MOST_COLUMNS):
        columns += 1
    # One palette for a grid, which stands still in parts; one for each frame of a single picture, which is truer.
    return Look(
        scale=max(1, GOOD_SIDE // (columns * side)),
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
    run = replace(request.run, steps=int(surface.chain.indices[row]))
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
    recipe = recipe_of(model, "interpolation", sources_of(request.latents), run, look, path=request.spec)
    return [Exportable(title="Path", name=f"{model.card.name}-path", frames=frames, recipe=recipe)]


def of_chains(state: GenerateState) -> list[Exportable]:
    """The chain that is chosen, all chains as a film, and their ends as a picture."""
    store = state.playback.store
    if store is None or state.shown is None or not store.whole:
        return []
    parameters, model = state.shown
    found = []
    seeds = Seeds(parameters.seed, 0, store.count)
    chosen = state.selected if state.enlarged is None else state.enlarged
    if chosen is not None:
        one = Seeds(parameters.seed, chosen, 1)
        recipe = recipe_of(model, "chain", [one], parameters.run, look_for(store.shape[2], 1))
        name = f"{model.card.name}-{parameters.seed}-{chosen}"
        found.append(Exportable(title=f"Chain {chosen}", name=name, frames=chain_film(store, chosen), recipe=recipe))
    name = f"{model.card.name}-{parameters.seed}"
    recipe = recipe_of(model, "chain", [seeds], parameters.run, look_for(store.shape[2], store.count))
    found.append(Exportable(title="All chains", name=name, frames=chain_film(store), recipe=recipe))
    look = look_for(store.shape[2], store.count, still=True)
    recipe = recipe_of(model, "samples", [seeds], parameters.run, look)
    grid = (Frame(store.pixels(store.rows - 1)),)
    found.append(Exportable(title="Grid", name=f"{name}-grid", frames=grid, recipe=recipe))
    return found


def chain_film(store: ChainStore, chain: int | None = None) -> tuple[Frame, ...]:
    """A frame for each step that is kept, of one chain or of all."""
    which = slice(None) if chain is None else slice(chain, chain + 1)
    energy = store.energy()
    return tuple(
        Frame(store.pixels(row)[which], chain_caption(int(index), store.run.steps, float(energy[row, which].mean())))
        for row, index in enumerate(store.indices)
    )
