"""A landscape's recipe and its frames, for the command line and for `replay`."""

from __future__ import annotations

from typing import Any

from ebm_studio.data.exports.frames import Drawable
from ebm_studio.data.exports.recipe import LandscapeRecipe
from ebm_studio.data.points.files import packed
from ebm_studio.data.points.film import COUNTED, DATA_SHOWN, ENERGY_CELLS, Film, Footage, film_look, film_steps
from ebm_studio.data.points.landscape import BLUR, Landscape
from ebm_studio.data.points.scene import GRID

NAME = "landscape"


def recipe_of(landscape: Landscape, *, moving: bool = True, **shown: Any) -> LandscapeRecipe:
    """The recipe of a landscape. `shown` are the fields of `LandscapeRecipe` other than its file and its look."""
    return LandscapeRecipe(file=packed(landscape, NAME), moving=moving, look=film_look(moving), **shown)


def frames_of(landscape: Landscape, recipe: LandscapeRecipe) -> list[Drawable]:
    """The frames of an export. Raises `DivergedError`."""
    run = landscape.scene.past(recipe.past)
    wanted = film_steps(run.steps, recipe.moving)
    seen = {step.index: step for step in landscape.chain(recipe.count, recipe.seed, run) if step.index in wanted}
    footage = Footage(
        steps=wanted,
        last=run.steps,
        energy=landscape.energy_grid(ENERGY_CELLS),
        density=GRID.smoothed(landscape.density_of_energy(), BLUR * GRID.cell),
        truth=landscape.truth,
        samples=landscape.flow(counted_of(recipe.past), recipe.seed, run, wanted)[1],
        data=landscape.scene.data.draw(DATA_SHOWN, 1),
        clouds=[seen[index].images.numpy() for index in wanted],
        energies=[float(seen[index].energy.mean()) for index in wanted],
    )
    return Film(footage, recipe.view, recipe.side).frames()


def counted_of(past: float) -> int:
    """The number of chains for a density when they run `past` times K steps: fewer, since they take longer."""
    return max(COUNTED // 20, round(COUNTED / max(past, 1.0)))
