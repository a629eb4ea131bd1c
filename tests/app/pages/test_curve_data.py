from __future__ import annotations

import numpy as np
import pytest

from ebm_studio.app.pages.train.runs.curve_data import limits, ratio_ticks, smooth
from ebm_studio.app.widgets.thinning import POINTS, thin
from ebm_studio.core.specs import ShortRun
from ebm_studio.engine.chain_store import ChainStore


def test_a_running_mean_starts_with_what_there_is_and_skips_what_is_not_finite():
    assert smooth(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [1, 2, 4, 6]
    assert smooth(np.array([1.0, np.nan, 5.0]), 2).tolist() == [1, 1, 5]
    values = np.random.default_rng(0).normal(size=500)
    assert smooth(values, 1) is values
    assert smooth(values, 100)[-1] == pytest.approx(values[-100:].mean())
    assert smooth(np.empty(0), 10).tolist() == []


def test_a_long_curve_is_cut_down_and_keeps_its_peaks():
    x = np.arange(100_000.0)
    y = np.zeros(100_000)
    y[54_321], y[777] = 9, -9
    thin_x, thin_y = thin(x, y)
    assert len(thin_x) == len(thin_y) <= POINTS
    assert (thin_y.max(), thin_y.min()) == (9, -9)
    assert thin_x[thin_y.argmax()] == pytest.approx(54_321, abs=200)
    assert (np.diff(thin_x) >= 0).all()
    short = np.arange(5.0)
    assert thin(short, short)[0] is short


def test_an_axis_leaves_outliers_out():
    values = np.concatenate([[1e6], np.linspace(-1, 1, 2000)])
    low, high = limits([values, np.array([np.nan])])
    assert -1 <= low < -0.9
    assert 0.9 < high <= 1
    assert limits([np.array([np.nan])]) is None
    assert limits([np.array([2.0, 2.0])]) == (1.5, 2.5)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.7, 30, [1, 2, 5, 10, 20]), (0.01, 900, [0.01, 0.1, 1, 10, 100]), (1.2, 1.75, [1.2, 1.3, 1.4, 1.5, 1.6, 1.7])],
)
def test_ticks_of_a_logarithmic_axis_are_round(low, high, ticks):
    assert ratio_ticks(low, high) == pytest.approx(ticks)


def test_a_peak_between_the_points_of_a_plot_is_drawn():
    from ebm_studio.app.widgets.plots import thinned

    store = ChainStore(1, (1, 4, 4), ShortRun(steps=9999), bound=2**30)
    values = np.zeros(10_000, np.float32)
    values[3333] = 7.0
    steps, drawn = thinned(store, values)
    assert len(drawn) <= POINTS
    assert drawn.max() == 7.0
    assert abs(int(steps[drawn.argmax()]) - 3333) < 10_000 / POINTS * 2
