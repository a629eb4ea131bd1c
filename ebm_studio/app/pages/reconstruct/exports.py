"""What the Reconstruct page exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ebm_studio.app.pages.reconstruct.results import Outcome
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.studio.exportable import Exportable, look_for, of_chains
from ebm_studio.data.exports.recipe import ReconstructionRecipe, side_of
from ebm_studio.data.exports.recipe_sources import Original
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import ModelReady

ROWS = 4
"""Reconstructions up to which each has a row of photo, z and reconstruction."""


def of_reconstructions(state: ReconstructState) -> list[Exportable]:
    """The photo that is looked at beside its chain, all of them, and all as a picture: photo, z, reconstruction."""
    store, model = state.playback.store, state.model
    outcomes = [outcome for outcome in state.outcomes if state.replay.place_of(outcome) is not None]
    if store is None or model is None or not outcomes or not store.whole:
        return []
    name = f"{model.card.name}-reconstruction"
    found = [_photo_film(state, model, store, outcomes, f"{name}s")]
    if len(outcomes) > 1 and state.outcome in outcomes:
        one = _photo_film(state, model, store, [state.outcome], f"{name}-{state.outcome.result.path.stem}")
        found.insert(0, one)
    recipe = _recipe(model, outcomes, store, moving=False)
    if len(outcomes) <= ROWS:
        recipe = replace(recipe, look=replace(recipe.look, columns=1))
    title = "Photo, z, reconstruction" if len(outcomes) == 1 else "Photos, z, reconstructions"
    return [*found, of_chains(title, name, recipe, store, chains=_chains(state, outcomes))]


def _chains(state: ReconstructState, outcomes: Sequence[Outcome]) -> list[int]:
    return [place for outcome in outcomes if (place := state.replay.place_of(outcome)) is not None]


def _photo_film(
    state: ReconstructState, model: ModelReady, store: ChainStore, outcomes: Sequence[Outcome], name: str
) -> Exportable:
    if len(outcomes) == 1:
        title = f"{outcomes[0].result.path.name} and its chain"
    elif len(outcomes) == len(state.outcomes):
        title = "All photos and their chains"
    else:  # chains with a mask take other steps, and one export has one short run
        title = f"Photos with{'out' * (outcomes[0].unknown is None)} a mask and their chains"
    recipe = _recipe(model, outcomes, store, moving=True)
    return of_chains(title, name, recipe, store, chains=_chains(state, outcomes))


def _recipe(model: ModelReady, outcomes: Sequence[Outcome], store: ChainStore, *, moving: bool) -> ReconstructionRecipe:
    latents = tuple(outcome.result.latent for outcome in outcomes)
    return ReconstructionRecipe(
        side=side_of(model, latents[0].short_run),
        sources=latents,
        photos=tuple(Original(outcome.result.photo, outcome.unknown) for outcome in outcomes),
        moving=moving,
        look=look_for(store.shape[2], len(outcomes), still=not moving),
    )
