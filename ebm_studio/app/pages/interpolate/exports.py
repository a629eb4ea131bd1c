"""What the Interpolate page exports."""

from __future__ import annotations

from dataclasses import replace

from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.studio.exportable import Exportable, look_for
from ebm_studio.data.exports.recipe import PathRecipe, side_of
from ebm_studio.data.exports.recipe_frames import ShownPath, path_of
from ebm_studio.data.exports.recipe_sources import sources_of


def of_path(state: PathState) -> list[Exportable]:
    """The path at the step that is shown."""
    surface, made_by = state.surface, state.made_by
    if surface is None or made_by is None or not surface.chain.whole:
        return []
    request, model = made_by
    row = state.row or surface.chain.rows - 1  # noise is no film
    step = int(surface.chain.indices[row])
    look = replace(
        look_for(surface.chain.shape[2], 1),
        hold_last=0.0,
        ping_pong=state.playback.mode == "pingpong",
        fps=state.playback.fps,
    )
    recipe = PathRecipe(
        side=side_of(model, request.run),
        sources=sources_of(request.latents),
        path=request.spec,
        step=step if step < request.run.steps else None,
        look=look,
    )
    shown = ShownPath(surface.chain.pixels(row), surface.positions, surface.rho, surface.chain.energy()[row])
    frames = tuple(path_of(recipe, shown))
    return [Exportable(title="Path", name=f"{model.card.name}-path", frames=frames, recipe=recipe)]
