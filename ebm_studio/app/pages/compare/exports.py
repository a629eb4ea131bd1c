"""What the Compare page exports."""

from __future__ import annotations

from dataclasses import replace

from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.studio.exportable import Exportable, look_for, recipe_of
from ebm_studio.data.exports.frames import Floats, Frame, Look, pair_frame
from ebm_studio.data.exports.recipe import Kind, Recipe, Side, made_here
from ebm_studio.data.exports.recipe_sources import Seeds
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.engine.chain_store import ChainStore


def of_comparison(state: CompareState) -> list[Exportable]:
    """Both sides as a film, and their ends as a picture."""
    pair, (a, b) = state.pair, state.sides
    if pair is None or a.model is None or b.model is None or a.store is None or b.store is None or not pair.whole:
        return []
    left, right = pair.stores
    name = f"{a.model.card.name}-{b.model.card.name}-{state.parameters.seed}"
    ends = (Frame(left.pixels(left.rows - 1), "", (right.pixels(right.rows - 1),)),)
    look = look_for(max(left.shape[2], right.shape[2]), left.count)
    found = [
        Exportable(
            title="Both sides as a picture",
            name=f"{name}-grid",
            frames=ends,
            recipe=_recipe_of_pair(state, "samples", look),
        )
    ]
    if left.stride == right.stride == 1:  # else the frames are none that the same recipe would make
        steps = pair.run.steps
        film = tuple(_pair_frame(left, right, index, steps) for index in range(steps + 1))
        recipe = _recipe_of_pair(state, "chain", look)
        found.insert(0, Exportable(title="Both sides", name=name, frames=film, recipe=recipe))
    return found


def _pair_frame(a: ChainStore, b: ChainStore, index: int, steps: int) -> Frame:
    return pair_frame(index, steps, _shown(a, index), _shown(b, index))


def _shown(store: ChainStore, index: int) -> tuple[Pixels, Floats]:
    row = store.row_of(index)
    return store.pixels(row), store.energy()[row]


def _recipe_of_pair(state: CompareState, kind: Kind, look: Look) -> Recipe:
    a, b = state.sides
    assert a.model is not None
    assert b.model is not None
    return replace(
        recipe_of(a.model, kind, [Seeds(state.parameters.seed, 0, state.parameters.count)], a.run, look),
        other=Side(model=b.model.card.name, model_hash=b.model.fingerprint, short_run=b.run),
        made_with=made_here(a.model.device, a.model.backend, a.model.backend_reason, other_backend=b.model.backend),
    )
