"""What a page can export: pictures, and the recipe that makes them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ebm_studio.core.specs import ShortRun
from ebm_studio.data.exports.frames import Frame, Look, chain_frame
from ebm_studio.data.exports.recipe import Kind, Recipe, made_here
from ebm_studio.data.exports.recipe_sources import Source

if TYPE_CHECKING:
    from ebm_studio.engine.chain_store import ChainStore
    from ebm_studio.engine.jobs.chains import ModelReady

GOOD_SIDE = 320  # pixels that an export is suggested to have, about
MOST_COLUMNS = 8


@dataclass(frozen=True, kw_only=True)
class Exportable:
    """One thing to export. `Page.exportables` offers them; nobody writes to its frames."""

    title: str
    """In a word: Path, Chains, Grid."""
    name: str
    """Of the file, without its suffix."""
    frames: tuple[Frame, ...] = field(repr=False)
    recipe: Recipe = field(repr=False)
    """Its look is what is suggested."""
    stride: int = 1
    """The frames are every n-th step and the last, when the chain is too long to be kept whole."""


def recipe_of(
    model: ModelReady, kind: Kind, sources: Sequence[Source], run: ShortRun, look: Look, **more: object
) -> Recipe:
    """The recipe of something made with a model of the window; `more` are the recipe's other fields."""
    return Recipe(
        kind=kind,
        model=model.card.name,
        model_hash=model.fingerprint,
        short_run=run,
        sources=tuple(sources),
        look=look,
        made_with=made_here(model.device, model.backend, model.backend_reason),
        **more,  # type: ignore[arg-type]
    )


def look_for(side: int, count: int, *, still: bool = False) -> Look:
    """A good look for `count` pictures of `side` pixels: a few hundred pixels in all, in even rows."""
    columns = next((c for c in range(min(count, MOST_COLUMNS), 0, -1) if c * c <= count), 1)
    while count % columns and columns < min(count, MOST_COLUMNS):
        columns += 1
    rows = -(-count // columns)
    # One palette for a grid, which stands still in parts; one for each frame of a single picture, which is truer.
    return Look(
        scale=max(1, GOOD_SIDE // (max(columns, rows) * side)),
        columns=columns,
        palette="own" if count == 1 else "shared",
        hold_last=0.0 if still else 1.0,
    )


def chain_film(store: ChainStore, *chains: int) -> tuple[Frame, ...]:
    """A frame for each step that is kept, of some chains or of all."""
    is_row = list(chains) == list(range(chains[0], chains[0] + len(chains))) if chains else True
    # A slice is a view, which takes no memory.
    which = slice(chains[0], chains[-1] + 1) if chains and is_row else list(chains) or slice(None)
    energy = store.energy()
    return tuple(
        chain_frame(store.pixels(row)[which], int(index), store.run.steps, energy[row, which])
        for row, index in enumerate(store.indices)
    )
