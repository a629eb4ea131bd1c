import numpy as np
import pytest

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ShortRun
from ebm_studio.engine.store import ChainStore

SHAPE = (1, 4, 4)
ROW = 2 * (2 * 16 + 12)  # bytes of a step of two chains
START = 2 * 16 * 4  # and of their start noise


def filled(steps: int, bound: int = 10**6) -> ChainStore:
    store = ChainStore(2, SHAPE, ShortRun(steps=steps), bound)
    for index in range(steps + 1):
        images = np.full((2, *SHAPE), index / steps, np.float32)
        store.add(index, images, -images, np.array([index, -index], np.float32), np.ones(2, np.float32))
    return store


def test_keeps_every_step_in_both_views():
    store = filled(5)
    assert store.whole
    assert store.newest == 5
    assert store.pixels(5).max() == 255
    assert store.pixels(5, "mean").max() == 0
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
