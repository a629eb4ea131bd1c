from dataclasses import replace

import numpy as np
import pytest

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ShortRun
from ebm_studio.engine.chain_store import ChainStore

SHAPE = (1, 4, 4)
ROW = 2 * (2 * 16 + 12)  # bytes of a step of two chains
START = 2 * 2 * 16 * 4  # and of their start noise and their end


def filled(steps: int, bound: int = 10**6, stop: int | None = None) -> ChainStore:
    store = ChainStore(2, SHAPE, ShortRun(steps=steps), bound)
    for index in range((steps if stop is None else stop) + 1):
        add(store, index)
    return store


def add(store: ChainStore, index: int) -> None:
    images = np.full((2, *SHAPE), min(index / 10, 1), np.float32)
    store.add(index, images, -images, np.array([index, -index], np.float32), np.ones(2, np.float32))


def test_keeps_every_step_in_both_views():
    store = filled(5)
    assert store.whole
    assert store.newest == 5
    assert store.pixels(5).max() == 191
    assert store.pixels(5, "mean").max() == 64
    assert store.energy()[:, 1].tolist() == [0, -1, -2, -3, -4, -5]
    assert store.path_length()[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("steps", [1, 7, 10, 99, 1000])
@pytest.mark.parametrize("rows", [2, 3, 10])
def test_thins_to_the_bound_and_keeps_both_ends(steps: int, rows: int):
    store = filled(steps, bound=START + ROW * rows)
    assert store.nbytes <= START + ROW * rows
    assert store.whole
    assert store.indices[0] == 0
    assert store.indices[-1] == steps
    assert store.path_length()[-1, 0] == steps  # counted over all steps, kept or not
    assert store.energy()[:, 0].tolist() == store.indices.tolist()


def test_row_of_a_step_that_was_thinned_out():
    store = filled(10, bound=START + ROW * 3)
    assert store.indices.tolist() == [0, 5, 10]
    assert [store.row_of(i) for i in (0, 4, 5, 9, 10)] == [0, 0, 1, 1, 2]


def test_the_start_noise_is_exact():
    images = np.random.default_rng(0).normal(size=(2, *SHAPE)).astype(np.float32)
    store = ChainStore(2, SHAPE, ShortRun(steps=1))
    store.add(0, images, images, np.zeros(2, np.float32), np.zeros(2, np.float32))
    assert np.array_equal(store.start(1), images[1])


def test_what_cannot_fit_is_refused():
    with pytest.raises(SettingsError, match="lower the number of chains"):
        ChainStore(2, SHAPE, ShortRun(steps=5), bound=START + ROW)


def test_readers_cannot_write():
    with pytest.raises(ValueError, match="read-only"):
        filled(3).pixels(0)[:] = 0


@pytest.mark.parametrize("stopped", [0, 3, 6])
def test_a_longer_store_begins_with_what_is_there(stopped: int):
    short, whole = filled(6, stop=stopped), filled(9)
    long = short.longer(ShortRun(steps=9))
    assert (long.begins, long.newest, long.rows, long.whole) == (stopped, stopped, stopped + 1, False)
    assert np.array_equal(long.end(), np.full((2, *SHAPE), stopped / 10, np.float32))
    for index in range(stopped + 1, 10):
        add(long, index)
    assert long.whole
    for read in (ChainStore.energy, ChainStore.gradient_norm, ChainStore.path_length):
        assert np.array_equal(read(long), read(whole))
    for row in range(10):
        assert np.array_equal(long.pixels(row), whole.pixels(row))
        assert np.array_equal(long.pixels(row, "mean"), whole.pixels(row, "mean"))
    assert np.array_equal(long.start(1), whole.start(1))
    assert short.rows == stopped + 1  # as it was


def test_only_a_longer_run_of_the_same_kind_goes_on():
    store = filled(6)
    assert store.longer(ShortRun(steps=6)) is None
    assert store.longer(ShortRun(steps=9, step_size=2)) is None
    assert store.longer(ShortRun(steps=9, noise_steps=2)) is None
    assert ChainStore(2, SHAPE, ShortRun(steps=6)).longer(ShortRun(steps=9)) is None  # nothing is there yet
    settled = ShortRun(steps=6, settle=2)
    store = ChainStore(2, SHAPE, settled)
    for index in range(7):
        add(store, index)
        assert store.begins_like(replace(settled, steps=9)) is (index <= 4)  # its steps 4 and 5 are shorter
    thinned = filled(6, bound=START + ROW * 4)
    assert thinned.indices.tolist() == [0, 2, 4, 6]
    assert thinned.longer(ShortRun(steps=9)) is None  # which would keep step 1
    assert thinned.longer(ShortRun(steps=8), START + ROW * 5).indices.tolist() == [0, 2, 4, 6, 8]
