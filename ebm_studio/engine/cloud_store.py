"""All steps of chains in the plane, for scrubbing: the counterpart of `ChainStore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ebm_studio.core.specs import ShortRun

if TYPE_CHECKING:
    from ebm_studio.core.sampling.langevin import Step

Floats = npt.NDArray[np.float32]
MOST = 2001  # the most steps to keep; of a longer run, every n-th and the last


class CloudStore:
    """The steps of N chains: positions, energy, gradient norm and path length.

    One thread adds, any thread reads: a row is never written again once `rows` counts it.
    """

    def __init__(self, count: int, run: ShortRun) -> None:
        self.run = run
        self.count = count
        stride = -(-run.steps // (MOST - 1))
        kept = np.arange(0, run.steps + 1, stride)
        self.indices: npt.NDArray[np.int64] = kept if kept[-1] == run.steps else np.append(kept, run.steps)
        """The steps that are kept, ascending, from 0 to K."""
        self._points = np.empty((len(self.indices), count, 2), np.float32)
        self._figures = np.empty((3, len(self.indices), count), np.float32)
        self._length = np.zeros(count, np.float32)
        self.rows = 0
        """Steps kept so far."""
        self.finished = False
        """No further step will be added: the run is whole, was cancelled, or failed."""

    @property
    def newest(self) -> int:
        """The newest step that is kept."""
        return int(self.indices[max(self.rows - 1, 0)])

    @property
    def whole(self) -> bool:
        """Whether the last step is there."""
        return self.rows == len(self.indices)

    @property
    def nbytes(self) -> int:
        """Bytes held, all rows counted."""
        return self._points.nbytes + self._figures.nbytes

    @property
    def bound(self) -> int:
        """The most bytes it may take: what it takes now, rounded up to megabytes."""
        return -(-self.nbytes // 2**20) << 20

    def add_step(self, step: Step) -> None:
        """Take a step as the sampler yields it."""
        norm = step.gradient_norm.numpy()
        row = self.rows
        if row < len(self.indices) and self.indices[row] == step.index:
            self._points[row] = step.images.numpy()
            self._figures[:, row] = step.energy.numpy(), norm, self._length
            self.rows = row + 1
        self._length += norm

    def row_of(self, index: int) -> int:
        """The row of the last kept step at or before step `index`."""
        row = int(np.searchsorted(self.indices, index, side="right")) - 1
        return min(max(row, 0), max(self.rows - 1, 0))

    def points(self, first: int, last: int) -> Floats:
        """Positions (rows, N, 2) of the rows from `first` to `last`, both included."""
        return self._frozen(self._points[first : last + 1])

    def energy(self, first: int = 0) -> Floats:
        """E(x) of the rows from `first` on, (rows, N)."""
        return self._frozen(self._figures[0, first : self.rows])

    def gradient_norm(self, first: int = 0) -> Floats:
        """The length of the gradient part of the step from each row, (rows, N)."""
        return self._frozen(self._figures[1, first : self.rows])

    def path_length(self, first: int = 0) -> Floats:
        """The sum of the gradient norms of all steps before each row, (rows, N)."""
        return self._frozen(self._figures[2, first : self.rows])

    @staticmethod
    def _frozen(array: Floats) -> Floats:
        view = array.view()
        view.flags.writeable = False
        return view
