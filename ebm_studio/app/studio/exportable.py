"""What a page can export: pictures, and the recipe that makes them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ebm_studio.data.exports.frames import Drawable, Look
from ebm_studio.data.exports.recipe import OfChains, Recipe
from ebm_studio.data.exports.recipe_frames import Shown, film_of, still_of

if TYPE_CHECKING:
    from ebm_studio.engine.chain_store import ChainStore

GOOD_SIDE = 320  # pixels that an export is suggested to have, about
MOST_COLUMNS = 8


@dataclass(frozen=True, kw_only=True)
class Exportable:
    """One thing to export. `Page.exportables` offers them; nobody writes to its frames."""

    title: str
    """In a word: Path, Chains, Grid."""
    name: str
    """Of the file, without its suffix."""
    frames: tuple[Drawable, ...] = field(repr=False)
    recipe: Recipe = field(repr=False)
    """Its look is what is suggested."""
    stride: int = 1
    """The frames are every n-th step and the last, when the chain is too long to be kept whole."""


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


def of_chains(
    title: str, name: str, recipe: OfChains, *stores: ChainStore, chains: Sequence[int] | None = None
) -> Exportable:
    """What a recipe makes of chains that ran already: a store of each side, whole, of which some `chains` or all."""
    if recipe.moving:
        frames = tuple(film_of(recipe, *(_steps(store, chains) for store in stores)))
        stride = max(store.stride for store in stores)
        return Exportable(title=title, name=name, frames=frames, recipe=recipe, stride=stride)
    ends = (store.pixels(store.rows - 1)[_which(chains)] for store in stores)
    return Exportable(title=title, name=name, frames=(still_of(recipe, *ends),), recipe=recipe)


def _steps(store: ChainStore, chains: Sequence[int] | None) -> Iterator[Shown]:
    """Every step that is kept."""
    energy, which = store.energy(), _which(chains)
    for row, index in enumerate(store.indices):
        yield Shown(int(index), store.pixels(row)[which], energy[row][which])


def _which(chains: Sequence[int] | None) -> slice | list[int]:
    if chains is None:
        return slice(None)
    is_row = list(chains) == list(range(chains[0], chains[0] + len(chains)))
    # A slice is a view, which takes no memory.
    return slice(chains[0], chains[-1] + 1) if is_row else list(chains)
