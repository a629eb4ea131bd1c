"""The whole of a chain, kept within a memory bound, for scrubbing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.pictures.pictures import Pixels, to_pixels

if TYPE_CHECKING:
    from ebm_studio.core.sampling.langevin import Step

BOUND = 512 * 2**20
"""Bytes that one chain store may take. The window holds two while one takes over from the other."""

View = Literal["state", "mean"]
"""Of a step: its pictures, or those without its own noise."""
S = TypeVar("S", bound=np.generic)
Floats = npt.NDArray[np.float32]


class ChainStore:
    """The K + 1 steps of N chains: pictures in both views, energy, gradient norm and path length.

    When all steps would exceed the bound, every n-th is kept, and the last. One thread adds, any
    thread reads: a row is never written again once `rows` counts it, so readers need no lock.
    Raises `SettingsError` when not even the first and the last step fit.
    """

    def __init__(self, count: int, shape: tuple[int, ...], run: ShortRun, bound: int = BOUND) -> None:
        self.run = run
        self.count = count
        self.shape = shape
        self.bound = bound
        """Bytes that it may take."""
        pixels = count * int(np.prod(shape))
        row_bytes = 2 * pixels + count * 3 * 4
        most = (bound - 2 * pixels * 4) // row_bytes
        if most < 2:
            height, width = shape[1:]
            raise SettingsError(
                f"{count} chains of {height} x {width} pictures do not fit in the {bound >> 20} MB kept for a chain: "
                "lower the number of chains."
            )
        self.indices = _kept(run.steps, most)
        """The steps that are kept, ascending, from 0 to K."""
        total = len(self.indices)
        self._starts = np.empty((count, *shape), np.float32)
        self._end = np.empty((count, *shape), np.float32)
        self._states = np.empty((total, count, *shape), np.uint8)
        self._means = np.empty((total, count, *shape), np.uint8)
        self._energy = np.empty((total, count), np.float32)
        self._norm = np.empty((total, count), np.float32)
        self._path = np.empty((total, count), np.float32)
        self._length = np.zeros(count, np.float32)
        self._rows = 0
        self.last = -1
        """The newest step that was added, kept or not; -1 before the first."""
        self.begins = 0
        """The step that was there from the beginning, when it goes on where another chain has ended."""
        self.finished = False
        """No further step will be added: the chain is whole, was cancelled, or failed."""

    @property
    def rows(self) -> int:
        """Steps kept so far."""
        return self._rows

    @property
    def stride(self) -> int:
        """Every n-th step is kept."""
        return int(self.indices[1])

    @property
    def newest(self) -> int:
        """The newest step that is kept."""
        return int(self.indices[max(self._rows - 1, 0)])

    @property
    def whole(self) -> bool:
        """Whether the last step is there."""
        return self._rows == len(self.indices)

    @property
    def nbytes(self) -> int:
        """Bytes held, all rows counted."""
        arrays = (self._starts, self._end, self._states, self._means, self._energy, self._norm, self._path)
        return sum(array.nbytes for array in arrays)

    def add(self, index: int, images: Floats, mean: Floats, energy: Floats, norm: Floats) -> None:
        """Take step `index`: images and mean (N, C, H, W) in [-1, 1], energy and gradient norm (N,)."""
        row = self._rows
        if index == 0:
            self._starts[:] = images
        self._end[:] = images
        self.last = index
        if row < len(self.indices) and self.indices[row] == index:
            self._states[row] = to_pixels(images)
            self._means[row] = to_pixels(mean)
            self._energy[row] = energy
            self._norm[row] = norm
            self._path[row] = self._length
            self._rows = row + 1
        self._length += norm

    def add_step(self, step: Step) -> None:
        """Take a step as the sampler yields it."""
        self.add(
            step.index,
            step.images.cpu().numpy(),
            step.mean.cpu().numpy(),
            step.energy.cpu().numpy(),
            step.gradient_norm.cpu().numpy(),
        )

    def begins_like(self, run: ShortRun) -> bool:
        """Whether `run` is the same but for more steps than are here. Once a chain has begun to settle, none is."""
        settles = self.run.settle > 0 and self.last > min(self.run.steps, run.steps) - self.run.settle
        return run.steps > self.last and not settles and replace(self.run, steps=run.steps) == run

    def longer(self, run: ShortRun, bound: int = BOUND) -> ChainStore | None:
        """A store for more steps of the same chains, with all that is here; only once nobody adds here any more.

        None when `run` is not the same but for more steps, or when a step is missing here that it would keep.
        """
        if not self.begins_like(run):
            return None
        store = ChainStore(self.count, self.shape, run, bound)
        wanted = store.indices[store.indices <= self.last]
        rows = np.searchsorted(self.indices[: self._rows], wanted)
        if not len(wanted) or rows[-1] >= self._rows or not np.array_equal(self.indices[rows], wanted):
            return None
        for new, old in (
            (store._states, self._states), (store._means, self._means),
            (store._energy, self._energy), (store._norm, self._norm), (store._path, self._path),
        ):  # fmt: skip
            new[: len(rows)] = old[rows]
        store._starts, store._end, store._length = self._starts, self._end.copy(), self._length.copy()
        store.begins = store.last = self.last
        store._rows = len(rows)
        return store

    def row_of(self, index: int) -> int:
        """The row of the last kept step at or before step `index`."""
        row = int(np.searchsorted(self.indices, index, side="right")) - 1
        return min(max(row, 0), max(self._rows - 1, 0))

    def pixels(self, row: int, view: View = "state") -> Pixels:
        """Pictures uint8 (N, C, H, W) of a row: the `state`, or the `mean`, without the last step's noise."""
        return _frozen((self._states if view == "state" else self._means)[row])

    def start(self, chain: int) -> Floats:
        """The start noise z of a chain, (C, H, W), exactly as the sampler had it."""
        return _frozen(self._starts[chain])

    def end(self) -> Floats:
        """The pictures of the newest step that was added, (N, C, H, W), exactly as the sampler had them."""
        return _frozen(self._end)

    def energy(self, first: int = 0) -> Floats:
        """E(x) of the rows from `first` on, (rows, N)."""
        return _frozen(self._energy[first : self._rows])

    def gradient_norm(self, first: int = 0) -> Floats:
        """The length of the gradient part of the step from each row, step_size * |dE/dx|, (rows, N)."""
        return _frozen(self._norm[first : self._rows])

    def path_length(self, first: int = 0) -> Floats:
        """The sum of the gradient norms of all steps before each row, (rows, N)."""
        return _frozen(self._path[first : self._rows])


def _kept(steps: int, most: int) -> npt.NDArray[np.int64]:
    stride = 1
    while -(-steps // stride) + 1 > most:
        stride = max(stride + 1, -(-steps // (most - 1)))
    kept = np.arange(0, steps + 1, stride)
    return kept if kept[-1] == steps else np.append(kept, steps)


def _frozen(array: npt.NDArray[S]) -> npt.NDArray[S]:
    view = array.view()
    view.flags.writeable = False
    return view
