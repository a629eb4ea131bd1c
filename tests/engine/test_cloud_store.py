"""The runs of points, kept for scrubbing."""

import numpy as np
import torch

from ebm_studio.core.sampling.langevin import short_run
from ebm_studio.core.specs import ShortRun
from ebm_studio.engine.cloud_store import MOST, CloudStore


def bowl(points):
    return points.square().sum(1) / 2, points.clone()


def filled(steps, count=3):
    run = ShortRun(steps=steps, step_size=0.1)
    store = CloudStore(count, run)
    kept = []
    for step in short_run(bowl, torch.ones(count, 2), run):
        store.add_step(step)
        kept.append(step)
    return store, kept


def test_every_step_of_a_short_run_is_kept():
    store, steps = filled(20)
    assert store.whole
    assert store.rows == 21
    assert np.array_equal(store.points(3, 5)[1], steps[4].images.numpy())
    assert np.allclose(store.energy()[7], steps[7].energy)
    assert np.allclose(store.gradient_norm()[7], 0.1 * np.sqrt(2) * 0.9**7)
    assert np.allclose(store.path_length()[20], np.sqrt(2) * (1 - 0.9**20), rtol=1e-5)


def test_of_a_long_run_every_nth_step_is_kept_and_the_last():
    store, steps = filled(2 * MOST + 1, 1)
    assert store.whole
    assert store.rows <= MOST + 1
    assert store.indices[-1] == 2 * MOST + 1
    assert np.array_equal(store.points(store.rows - 1, store.rows - 1)[0], steps[-1].images.numpy())
    assert store.row_of(store.newest) == store.rows - 1


def test_a_store_that_fills_shows_what_it_has():
    store = CloudStore(2, ShortRun(steps=5))
    assert (store.rows, store.newest, store.whole) == (0, 0, False)
