"""Several chains under one playhead."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from ebm_studio.engine.chain_store import ChainStore


class Group:
    """As long as the longest one, and come as far as the slowest one."""

    def __init__(self, stores: Sequence[ChainStore]) -> None:
        self.stores = tuple(stores)
        self.run = max((store.run for store in stores), key=lambda run: run.steps)
        self.count = stores[0].count
        self.indices = reduce(np.union1d, (store.indices for store in stores))

    @property
    def finished(self) -> bool:
        """Whether none will get a further step."""
        return all(store.finished for store in self.stores)

    @property
    def whole(self) -> bool:
        """Whether the last step of each is there."""
        return all(store.whole for store in self.stores)

    @property
    def newest(self) -> int:
        """The newest step at which all stand, or to which one of them has ended."""
        going = [store.newest for store in self.stores if not store.finished]
        return min(going) if going else max(store.newest for store in self.stores)

    @property
    def rows(self) -> int:
        """Steps kept so far."""
        return int(np.searchsorted(self.indices, self.newest, side="right"))

    @property
    def nbytes(self) -> int:
        """Bytes held by all."""
        return sum(store.nbytes for store in self.stores)

    @property
    def bound(self) -> int:
        """Bytes that all may take."""
        return sum(store.bound for store in self.stores)

    def row_of(self, index: int) -> int:
        """The row of the last kept step at or before step `index`."""
        row = int(np.searchsorted(self.indices, index, side="right")) - 1
        return min(max(row, 0), max(self.rows - 1, 0))
