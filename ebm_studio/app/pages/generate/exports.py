"""What the Generate page exports."""

from __future__ import annotations

from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.studio.exportable import Exportable, look_for, of_chains
from ebm_studio.data.exports.recipe import ChainRecipe, LatentRecipe, side_of
from ebm_studio.data.exports.recipe_sources import Seeds


def of_generate(state: GenerateState) -> list[Exportable]:
    """The chain that is chosen, all chains as a film, and their ends as a picture."""
    store = state.playback.store
    if store is None or state.shown is None or not store.whole:
        return []
    parameters, model = state.shown
    side, width = side_of(model, parameters.run), store.shape[2]
    if state.latent is not None:
        one = LatentRecipe(side=side, sources=(state.latent,), moving=True, look=look_for(width, 1))
        return [of_chains("Chain", f"{model.card.name}-chain", one, store)]
    found = []
    name = f"{model.card.name}-{parameters.seed}"
    chosen = state.selected if state.enlarged is None else state.enlarged
    if chosen is not None:
        seeds = Seeds(parameters.seed, chosen)
        chain = ChainRecipe(side=side, seeds=seeds, moving=True, look=look_for(width, 1))
        found.append(of_chains(f"Chain {chosen}", f"{name}-{chosen}", chain, store, chains=[chosen]))
    seeds = Seeds(parameters.seed, 0, store.count)
    film = ChainRecipe(side=side, seeds=seeds, moving=True, look=look_for(width, store.count))
    grid = ChainRecipe(side=side, seeds=seeds, moving=False, look=look_for(width, store.count, still=True))
    return [*found, of_chains("All chains", name, film, store), of_chains("Grid", f"{name}-grid", grid, store)]
