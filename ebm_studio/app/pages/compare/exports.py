"""What the Compare page exports."""

from __future__ import annotations

from dataclasses import replace

from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.studio.exportable import Exportable, look_for, of_chains
from ebm_studio.data.exports.recipe import ComparisonRecipe, side_of


def of_comparison(state: CompareState) -> list[Exportable]:
    """All sides as a film, and their ends as a picture."""
    group = state.group
    sides = [side_of(side.model, side.run) for side in state.sides if side.model is not None and side.store is not None]
    if group is None or not group.whole or len(sides) < len(state.sides):
        return []
    size, seed = max(store.shape[2] for store in group.stores), state.parameters.seed
    film = ComparisonRecipe(
        sides=tuple(sides),
        seed=seed,
        count=group.count,
        moving=True,
        look=look_for(size * len(sides) // 2, group.count),
    )
    name = "-".join([*dict.fromkeys(side.model for side in sides), str(seed)])
    title = "Both sides" if len(sides) == 2 else "All sides"
    found = [of_chains(f"{title} as a picture", f"{name}-grid", replace(film, moving=False), *group.stores)]
    if all(store.stride == 1 for store in group.stores):  # else the frames are none that the same recipe would make
        found.insert(0, of_chains(title, name, film, *group.stores))
    return found
