"""What the Landscape page exports: its views as films and stills."""

from __future__ import annotations

from ebm_studio.app.pages.landscape.state import LandscapeState
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.data.exports.recipe import LandscapeRecipe, View
from ebm_studio.data.points.film import DATA_SHOWN, Film, Footage, film_look, film_steps
from ebm_studio.engine.cloud_store import CloudStore
from ebm_studio.engine.jobs.landscape import Counted, Packed, Sight

SIDE = 288
TITLES: dict[View, str] = {
    "all": "All three views",
    "energy": "Energy",
    "density": "exp(−E / T)",
    "samples": "Short run",
}


def of_landscape(state: LandscapeState) -> list[Exportable]:
    """A film of all views side by side and of each; then stills of their last step. Nothing while it trains."""
    sight, counted, cloud, packed = state.sight, state.counted, state.cloud, state.packed
    if state.is_training or sight is None or counted is None or cloud is None or packed is None or not cloud.whole:
        return []
    if len({sight.updates, counted.updates, packed.updates}) > 1 or cloud.run != state.setup.scene.past(
        state.setup.past
    ):
        return []
    if counted.steps[-1] != cloud.run.steps or len(counted.steps) != len(film_steps(cloud.run.steps)):
        return []
    return [
        _exportable(state, (sight, counted, cloud, packed), view, moving)
        for moving in (True, False)
        for view in TITLES
        if moving or view != "density"
    ]


def _exportable(
    state: LandscapeState, seen: tuple[Sight, Counted, CloudStore, Packed], view: View, moving: bool
) -> Exportable:
    sight, counted, cloud, packed = seen
    moving = moving and view != "density"  # which does not move
    steps = film_steps(cloud.run.steps, moving)
    rows = [cloud.row_of(step) for step in steps]
    footage = Footage(
        steps=steps,
        last=cloud.run.steps,
        energy=sight.energy,
        density=sight.density,
        truth=counted.truth,
        samples=counted.samples if moving else counted.samples[-1:],
        data=state.setup.scene.data.draw(DATA_SHOWN, 1),
        clouds=[cloud.points(row, row)[0] for row in rows],
        energies=[float(cloud.energy()[row].mean()) for row in rows],
    )
    recipe = LandscapeRecipe(
        file=packed.file, count=cloud.count, seed=state.setup.seed, past=state.setup.past, side=SIDE, view=view,
        moving=moving, look=film_look(moving),
    )  # fmt: skip
    still = "" if moving else ", at the end"
    return Exportable(
        title=f"{TITLES[view]}{still}" if view != "density" else TITLES[view],
        name=f"landscape-{state.setup.scene.data.name}-{view}".replace(":", "-").replace(" ", "-"),
        frames=tuple(Film(footage, view, SIDE).frames()),
        recipe=recipe,
    )
