"""A landscape as a film or a still: the energy with its chains, exp(-E / T), and what the short run draws. No torch.

The window draws its exports, and `replay` draws them again, from the same arrays by the same functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ebm_studio.core.evaluation.plane import Masses, Points
from ebm_studio.data.exports.frames import Drawable, Look, chain_caption
from ebm_studio.data.exports.recipe import View
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.data.points.drawing import CHAIN_DOT, DATA_DOT, Field, Rgb, density_map, energy_map, panel, with_dots
from ebm_studio.data.points.scene import GRID

MOST_FRAMES = 101
ENERGY_CELLS = 96  # along a side, of the energy that is drawn
COUNTED = 10_000  # chains for the density of samples
DATA_SHOWN = 400
BRIGHTEST = 1.2  # times the highest density of the data


def film_steps(steps: int, moving: bool = True) -> list[int]:
    """The steps that a film of a run shows: all, or evenly spaced ones; only the last when nothing moves."""
    return np.linspace(0, steps, min(steps + 1, MOST_FRAMES)).round().astype(int).tolist() if moving else [steps]


def film_look(moving: bool) -> Look:
    """How a landscape's export is played."""
    return Look(captions=True, fps=20, hold_last=1.5 if moving else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Everything that a film's frames are drawn from. Its arrays are read-only by convention."""

    steps: Sequence[int]
    """The steps that are shown, (F,)."""
    last: int
    """The last step of the run."""
    energy: Field
    """E, (ENERGY_CELLS, ENERGY_CELLS), the first row at the bottom."""
    density: Masses
    """exp(-E / T) / Z, blurred."""
    truth: Masses
    """The data's density, blurred."""
    samples: Sequence[Masses]
    """The density of the chains after each step shown, blurred, (F, cells, cells)."""
    data: Points
    """Some of the data points, (N, 2)."""
    clouds: Sequence[Points]
    """The chains that are drawn as dots, after each step shown, (F, N, 2)."""
    energies: Sequence[float]
    """The mean energy of those chains, (F,)."""


class Film:
    """Draws the frames of a landscape's export."""

    def __init__(self, footage: Footage, view: View, side: int) -> None:
        self._footage = footage
        self._side = side
        self._most = BRIGHTEST * float(footage.truth.max())
        self._views: tuple[View, ...] = ("energy", "density", "samples") if view == "all" else (view,)

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of a frame's panels."""
        return ((1, 3, self._side, self._side),) * len(self._views)

    @cached_property
    def _ground(self) -> Rgb:
        return with_dots(energy_map(self._footage.energy, self._side), self._footage.data, GRID, DATA_DOT, 0.9, 0.55)

    @cached_property
    def _own(self) -> Rgb:
        return density_map(self._footage.density, self._side, self._most)

    def panels(self, index: int) -> list[Pixels]:
        """The views of a frame, uint8 (1, 3, side, side) each."""
        return [panel(self._drawn(view, index)) for view in self._views]

    def _drawn(self, view: View, index: int) -> Rgb:
        if view == "energy":
            return with_dots(self._ground, self._footage.clouds[index], GRID, CHAIN_DOT)
        if view == "density":
            return self._own
        return density_map(self._footage.samples[index], self._side, self._most)

    def caption(self, index: int) -> str:
        """The text under a frame."""
        footage = self._footage
        return chain_caption(footage.steps[index], footage.last, footage.energies[index])

    def energies(self, index: int) -> tuple[float, ...]:
        """The mean energy of the chains that a frame shows."""
        return (self._footage.energies[index],)

    def frames(self) -> list[Drawable]:
        """All frames. Each is drawn when it is needed: together they would take hundreds of megabytes."""
        return [_PlaneFrame(self, index) for index in range(len(self._footage.steps))]


class _PlaneFrame:
    """A frame that is drawn when it is needed."""

    __slots__ = ("_film", "_index")

    def __init__(self, film: Film, index: int) -> None:
        self._film, self._index = film, index

    @property
    def caption(self) -> str:
        return self._film.caption(self._index)

    @property
    def energies(self) -> tuple[float, ...]:
        return self._film.energies(self._index)

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        return self._film.shape

    @property
    def panels(self) -> list[Pixels]:
        return self._film.panels(self._index)
