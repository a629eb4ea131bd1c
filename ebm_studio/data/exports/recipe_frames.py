"""The frames of a recipe, from what its models drew. The window and `replay` both make theirs here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from ebm_studio.core.errors import DataError
from ebm_studio.core.sampling.path_positions import legs
from ebm_studio.core.specs import Interpolation
from ebm_studio.data.exports.frames import Floats, Frame, chain_caption, letter
from ebm_studio.data.exports.recipe import (
    ChainRecipe,
    ComparisonRecipe,
    LatentRecipe,
    OfChains,
    OfModels,
    PathRecipe,
    ReconstructionRecipe,
)
from ebm_studio.data.exports.recipe_sources import count_of
from ebm_studio.data.exports.side_names import side_names
from ebm_studio.data.pictures.pictures import Pixels, to_pixels

ENERGY = -9999.99  # takes as much room in a caption as any usual one


@dataclass(frozen=True, slots=True)
class Shown:
    """Chains at a step."""

    index: int
    pixels: Pixels
    """uint8 (N, C, H, W)."""
    energy: Floats
    """(N,)."""


@dataclass(frozen=True, slots=True)
class ShownPath:
    """Chains along a path, at one step."""

    pixels: Pixels
    """uint8 (N, C, H, W)."""
    positions: Sequence[float]
    """Of each on the path, in legs, (N,)."""
    rho: Sequence[float]
    """(N,)."""
    energy: Floats
    """(N,)."""


def film_of(recipe: OfChains, *sides: Iterable[Shown]) -> list[Frame]:
    """A frame for each step that is shown of a moving recipe; of a comparison the steps of each side.

    Raises `DataError` when the pictures are not of the photos' size.
    """
    steps = max(side.short_run.steps for side in recipe.sides)
    match recipe:
        case ChainRecipe() | LatentRecipe():
            return [Frame(shown.pixels, _caption(shown, steps), (), (_mean(shown),)) for shown in sides[0]]
        case ReconstructionRecipe():
            photos = _photos(recipe)
            return [
                Frame(photos, _caption(shown, steps), (_fitting(shown.pixels, photos),), (_mean(shown),))
                for shown in sides[0]
            ]
        case ComparisonRecipe():
            names = side_names(recipe.sides)
            return [
                Frame(
                    shown[0].pixels,
                    _side_caption(shown, steps, names),
                    tuple(each.pixels for each in shown[1:]),
                    tuple(map(_mean, shown)),
                )
                for shown in _together(*sides)
            ]


def still_of(recipe: OfChains, *ends: Pixels) -> Frame:
    """The frame of a recipe that does not move, from the ends of its chains, uint8 (N, C, H, W).

    In a reconstruction the known part is the photo's own. Raises `DataError` when the photos have another size.
    """
    match recipe:
        case ChainRecipe() | LatentRecipe():
            return Frame(ends[0])
        case ReconstructionRecipe():
            photos, found = _photos(recipe), ends[0]
            noise = to_pixels(np.stack([latent.z for latent in recipe.sources]))
            pairs = zip(recipe.photos, _fitting(found, photos), strict=True)
            return Frame(photos, "", (noise, np.stack([photo.filled(end) for photo, end in pairs])))
        case ComparisonRecipe():
            return Frame(ends[0], "", ends[1:])


def path_of(recipe: PathRecipe, shown: ShownPath) -> list[Frame]:
    """A frame for each place on a path: with the leg, when there are several, rho, and the energy."""
    return _path_frames(recipe.path, count_of(recipe.sources), shown)


def expected(recipe: OfModels, *shapes: tuple[int, ...]) -> tuple[Frame, int]:
    """A frame as large as the recipe's will be with models of pictures (C, H, W), and how many they will be.

    Its pictures take no memory. Raises as `film_of`.
    """
    if isinstance(recipe, PathRecipe):
        return expected_path(recipe.path, count_of(recipe.sources), shapes[0])
    count = count_of(recipe.sources)
    black = [_black(count, shape) for shape in shapes]
    if not recipe.moving:
        return still_of(recipe, *black), 1
    steps = max(side.short_run.steps for side in recipe.sides)
    [frame] = film_of(recipe, *([Shown(steps, pixels, np.full(1, ENERGY))] for pixels in black))
    return frame, steps + 1


def expected_path(path: Interpolation, stops: int, shape: tuple[int, ...]) -> tuple[Frame, int]:
    """See `expected`: of a path over so many stops."""
    [frame] = _path_frames(path, stops, ShownPath(_black(1, shape), [0.0], [0.0], np.full(1, ENERGY)))
    return frame, path.frames


def _side_caption(shown: Sequence[Shown], steps: int, names: Sequence[str]) -> str:
    """Of a step of chains side by side, with the mean energy of each."""
    energies = (f"{name}: E {_mean(each):.2f}" for name, each in zip(names, shown, strict=True))
    return "    ".join([f"step {max(each.index for each in shown)}/{steps}", *energies])


def _together(*sides: Iterable[Shown]) -> Iterator[list[Shown]]:
    """Chains step by step; a shorter one stays at its end."""
    last: list[Shown | None] = [None] * len(sides)
    for step in zip_longest(*sides):
        last = [new or old for new, old in zip(step, last, strict=True)]
        yield [shown for shown in last if shown is not None]


def _photos(recipe: ReconstructionRecipe) -> Pixels:
    return np.stack([photo.pixels for photo in recipe.photos])


def _fitting(pictures: Pixels, photos: Pixels) -> Pixels:
    if pictures.shape != photos.shape:
        raise DataError("The recipe's photos do not have the model's size.")
    return pictures


def _caption(shown: Shown, steps: int) -> str:
    return chain_caption(shown.index, steps, _mean(shown))


def _mean(shown: Shown) -> float:
    return float(shown.energy.mean())


def _path_frames(path: Interpolation, stops: int, shown: ShownPath) -> list[Frame]:
    count = legs(stops, path.closed)
    frames = []
    for picture, position, rho, energy in zip(
        shown.pixels, shown.positions, shown.rho, shown.energy.tolist(), strict=True
    ):
        leg = min(int(position), count - 1)
        caption = f"rho {rho:.2f}    E {energy:.2f}"
        where = "" if count == 1 else f"{letter(leg)}-{letter((leg + 1) % stops)}    "
        frames.append(Frame(picture[None], where + caption, (), (energy,)))
    return frames


def _black(count: int, shape: tuple[int, ...]) -> Pixels:
    return np.broadcast_to(np.zeros((), np.uint8), (count, *shape))
