"""What the Reconstruct page exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ebm_studio.app.pages.reconstruct.results import Outcome
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.studio.exportable import Exportable, chain_film, look_for, recipe_of
from ebm_studio.data.exports.frames import Look, beside_photos, reconstruction_frame
from ebm_studio.data.exports.recipe import Kind, Recipe
from ebm_studio.data.exports.recipe_sources import Original
from ebm_studio.data.pictures.pictures import to_pixels
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
    chains = _chains(state, outcomes)
    noise = to_pixels(np.stack([outcome.result.latent.z for outcome in outcomes]))
    frame = reconstruction_frame(_originals(outcomes), noise, store.pixels(store.rows - 1)[chains])
    look = look_for(store.shape[2], len(outcomes), still=True)
    look = replace(look, columns=1) if len(outcomes) <= ROWS else look
    recipe = _recipe_of_photos(model, "samples", outcomes, look)
    title = "Photo, z, reconstruction" if len(outcomes) == 1 else "Photos, z, reconstructions"
    return [*found, Exportable(title=title, name=name, frames=(frame,), recipe=recipe)]


def _chains(state: ReconstructState, outcomes: Sequence[Outcome]) -> list[int]:
    return [place for outcome in outcomes if (place := state.replay.place_of(outcome)) is not None]


def _photo_film(
    state: ReconstructState, model: ModelReady, store: ChainStore, outcomes: Sequence[Outcome], name: str
) -> Exportable:
    chains = _chains(state, outcomes)
    film = tuple(beside_photos(chain_film(store, *chains), _originals(outcomes)))
    recipe = _recipe_of_photos(model, "chain", outcomes, look_for(store.shape[2], len(outcomes)))
    if len(outcomes) == 1:
        title = f"{outcomes[0].result.path.name} and its chain"
    elif len(outcomes) == len(state.outcomes):
        title = "All photos and their chains"
    else:  # chains with a mask take other steps, and one export has one short run
        title = f"Photos with{'out' * (outcomes[0].unknown is None)} a mask and their chains"
    return Exportable(title=title, name=name, frames=film, recipe=recipe, stride=store.stride)


def _recipe_of_photos(model: ModelReady, kind: Kind, outcomes: Sequence[Outcome], look: Look) -> Recipe:
    latents = [outcome.result.latent for outcome in outcomes]
    return recipe_of(model, kind, latents, latents[0].short_run, look, photos=_originals(outcomes))


def _originals(outcomes: Sequence[Outcome]) -> tuple[Original, ...]:
    return tuple(Original(outcome.result.photo, outcome.unknown) for outcome in outcomes)
