"""Two chains under one playhead."""

from __future__ import annotations

import numpy as np

from ebm_studio.engine.chain_store import ChainStore


class Pair:
    """As long as the longer one, and come as far as the slower one."""

    def __init__(self, a: ChainStore, b: ChainStore) -> None:
        self.stores = (a, b)
        self.run = max(a.run, b.run, key=lambda run: run.steps)
        self.count = a.count
        self.indices = np.union1d(a.indices, b.indices)

    @property
    def finished(self) -> bool:
        """Whether both will get no further step."""
        return all(store.finished for store in self.stores)

    @property
    def whole(self) -> bool:
        """Whether the last step of both is there."""
        return all(store.whole for store in self.stores)

    @property
    def newest(self) -> int:
        """The newest step at which both stand, or to which one of them has ended."""
        going = [store.newest for store in self.stores if not store.finished]
        return min(going) if going else max(store.newest for store in self.stores)

    @property
    def rows(self) -> int:
        """Steps kept so far."""
        return int(np.searchsorted(self.indices, self.newest, side="right"))

    @property
    def nbytes(self) -> int:
        """Bytes held by both."""
        return sum(store.nbytes for store in self.stores)

    @property
    def bound(self) -> int:
        """Bytes that both may take."""
        return sum(store.bound for store in self.stores)

    def row_of(self, index: int) -> int:
        """The row of the last kept step at or before step `index`."""
        row = int(np.searchsorted(self.indices, index, side="right")) - 1
        return min(max(row, 0), max(self.rows - 1, 0))
