"""What the Interpolate page exports."""

from __future__ import annotations

from dataclasses import replace

from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.studio.exportable import Exportable, look_for, recipe_of
from ebm_studio.data.exports.frames import path_frames
from ebm_studio.data.exports.recipe_sources import sources_of


def of_path(state: PathState) -> list[Exportable]:
    """The path at the step that is shown."""
    surface, made_by = state.surface, state.made_by
    if surface is None or made_by is None or not surface.chain.whole:
        return []
    request, model = made_by
    row = state.row or surface.chain.rows - 1  # noise is no film
    step = int(surface.chain.indices[row])
    energy = surface.chain.energy()[row]
    frames = path_frames(
        surface.chain.pixels(row), surface.positions, surface.rho, energy, surface.stops, surface.spec.closed
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
    return [Exportable(title="Path", name=f"{model.card.name}-path", frames=tuple(frames), recipe=recipe)]
