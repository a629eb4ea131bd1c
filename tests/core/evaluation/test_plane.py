"""Densities on a grid, against what is known of them."""

import math

import numpy as np
import pytest

from ebm_studio.core.evaluation.plane import Grid, kl_divergence, total_variation

GRID = Grid(cells=50, extent=1.0)


def gauss(spread, at=(0.0, 0.0)):
    x, y = GRID.centres().reshape(50, 50, 2).astype(float).transpose(2, 0, 1)
    return GRID.cell**2 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * spread**2)) / (2 * math.pi * spread**2)


def test_a_histogram_counts_cells_and_leaves_out_what_is_outside():
    counted = GRID.histogram(np.array([[-0.99, 0.99], [0.99, 0.99], [0.99, 0.98], [3, 0], [np.nan, 0]], np.float32))
    assert counted[-1, 0] == pytest.approx(0.2)  # x from the left, y from below
    assert counted[-1, -1] == pytest.approx(0.4)
    assert counted.sum() == pytest.approx(0.6)


def test_a_point_with_a_spread_is_a_gaussian():
    counted = GRID.histogram(np.array([[0.105, -0.305]], np.float32), spread=0.1)
    assert np.abs(counted - gauss(0.1, (0.105, -0.305))).sum() < 0.02


def test_an_energy_is_a_density():
    energy = (GRID.centres(2) ** 2).sum(1) / (2 * 0.1**2)
    assert np.abs(GRID.of_energy(energy) - gauss(0.1)).sum() < 0.01
    assert np.abs(GRID.of_energy(4 * energy, temperature=4) - gauss(0.1)).sum() < 0.01


def test_an_energy_of_any_height_has_a_density():
    assert GRID.of_energy(np.full(2500, -1e6, np.float32)).sum() == pytest.approx(1)


def test_smoothing_makes_a_gaussian_wider():
    assert np.abs(GRID.smoothed(gauss(0.06), 0.08) - gauss(0.1)).sum() < 0.01


def test_distances_of_two_gaussians():
    near, far = gauss(0.1, (-0.1, 0)), gauss(0.1, (0.1, 0))
    known = math.erf(0.1 / (0.1 * math.sqrt(2)))  # TV of two normals 0.2 apart
    assert total_variation(near, near) == 0
    assert total_variation(near, far) == pytest.approx(known, abs=0.01)
    assert kl_divergence(near, near) == pytest.approx(0, abs=2e-3)
    assert kl_divergence(near, far) == pytest.approx(0.2**2 / (2 * 0.1**2), rel=0.05)


def test_what_is_outside_counts_as_far():
    inside = gauss(0.1)
    assert total_variation(inside, np.zeros_like(inside)) == pytest.approx(1, abs=1e-3)
    assert math.isfinite(kl_divergence(inside, np.zeros_like(inside)))
