"""What the Generate page exports."""

from __future__ import annotations

from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.studio.exportable import Exportable, chain_film, look_for, recipe_of
from ebm_studio.data.exports.frames import Frame
from ebm_studio.data.exports.recipe_sources import Seeds


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
