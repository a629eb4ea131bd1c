"""What the Compare page exports."""

from __future__ import annotations

from dataclasses import replace

from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.studio.exportable import Exportable, look_for, of_chains
from ebm_studio.data.exports.recipe import ComparisonRecipe, side_of


def of_comparison(state: CompareState) -> list[Exportable]:
    """Both sides as a film, and their ends as a picture."""
    pair, (a, b) = state.pair, state.sides
    if pair is None or a.model is None or b.model is None or a.store is None or b.store is None or not pair.whole:
        return []
    left, right = pair.stores
    film = ComparisonRecipe(
        left=side_of(a.model, a.run),
        right=side_of(b.model, b.run),
        seed=state.parameters.seed,
        count=state.parameters.count,
        moving=True,
        look=look_for(max(left.shape[2], right.shape[2]), left.count),
    )
    name = f"{a.model.card.name}-{b.model.card.name}-{state.parameters.seed}"
    found = [of_chains("Both sides as a picture", f"{name}-grid", replace(film, moving=False), left, right)]
    if left.stride == right.stride == 1:  # else the frames are none that the same recipe would make
        found.insert(0, of_chains("Both sides", name, film, left, right))
    return found
