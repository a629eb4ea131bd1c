"""Distances between sets of features, against answers known beforehand."""

import math

import pytest
import torch

from ebm_studio.core.evaluation.fidelity import frechet, inception_score, kid, nearest, root_trace

DIMENSIONS = 16


def normal(count: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    x = torch.randn(count, DIMENSIONS, generator=torch.Generator().manual_seed(seed))
    x[:, 0] += shift
    return x


def test_kid_of_one_distribution_is_zero_within_its_sd_and_unbiased() -> None:
    found = [kid(normal(200, 2 * i), normal(150, 2 * i + 1), seed=i) for i in range(40)]
    means = torch.tensor([e.mean for e in found])
    sds = torch.tensor([e.sd for e in found])
    assert (means < 0).any()
    assert means.mean().abs() < 3 * means.std() / math.sqrt(len(found))
    assert ((means.abs() < 2 * sds).float().mean()) > 0.9
    assert means.std() / 1.5 < sds.mean() < 3 * means.std()


def test_kid_is_the_sum_over_all_pairs() -> None:
    x, y = normal(7, 0).double(), normal(5, 1, shift=1).double()

    def k(a: torch.Tensor, b: torch.Tensor) -> float:
        return float((a @ b / DIMENSIONS + 1) ** 3)

    within_x = sum(k(x[i], x[j]) for i in range(7) for j in range(7) if i != j) / (7 * 6)
    within_y = sum(k(y[i], y[j]) for i in range(5) for j in range(5) if i != j) / (5 * 4)
    between = sum(k(a, b) for a in x for b in y) / 35
    assert kid(x, y).mean == pytest.approx(within_x + within_y - 2 * between, rel=1e-9)


def test_kid_sees_a_shift_and_repeats_itself() -> None:
    x, y = normal(600, 0), normal(600, 1, shift=1)
    found = kid(x, y, seed=3)
    assert found.mean > 5 * found.sd > 0
    assert kid(x, y, seed=3) == found


@pytest.mark.parametrize("shift", [0.5, 2.0])
def test_frechet_of_shifted_gaussians_is_the_shift_squared(shift: float) -> None:
    found = frechet(normal(20_000, 0), normal(20_000, 1, shift))
    bias = frechet(normal(20_000, 0), normal(20_000, 1)).mean
    assert found.mean - bias == pytest.approx(shift**2, abs=4 * found.sd)
    assert found.sd < 0.1


def test_frechet_of_scaled_gaussians() -> None:
    # The optimal map of N(0, I) to N(0, 4 I) doubles: the distance is D (2 - 1)^2.
    assert frechet(normal(20_000, 0), 2 * normal(20_000, 1)).mean == pytest.approx(DIMENSIONS, rel=0.03)


def test_frechet_of_a_set_and_itself_is_zero_even_when_it_fills_few_dimensions() -> None:
    x = normal(12, 0)
    assert frechet(x, x).mean == pytest.approx(0, abs=1e-5)


def test_frechet_of_small_sets_is_that_of_the_full_space() -> None:
    x, y = normal(40, 0), normal(40, 1, shift=1)
    wide = torch.nn.functional.pad
    rotation = torch.linalg.qr(torch.randn(200, 200, generator=torch.Generator().manual_seed(2)).double()).Q
    x_wide, y_wide = wide(x, (0, 184)).double() @ rotation, wide(y, (0, 184)).double() @ rotation
    assert frechet(x_wide, y_wide).mean == pytest.approx(frechet(x, y).mean, rel=1e-6)


def test_root_trace_is_exact_for_matrices_that_share_axes_and_for_singular_ones() -> None:
    basis = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(0)).double()).Q
    a = torch.tensor([1e6, 9.0, 4.0, 1.0, 1e-6, 0.0]).double()
    b = torch.tensor([1.0, 1.0, 16.0, 0.0, 1e-6, 25.0]).double()
    found = root_trace(basis * a @ basis.T, basis * b @ basis.T)
    assert found.item() == pytest.approx((a * b).sqrt().sum().item(), abs=1e-3)


def test_root_trace_squares_back() -> None:
    random = torch.Generator().manual_seed(1)
    a, b = (m @ m.T for m in torch.randn(2, 8, 8, generator=random).double())
    values = torch.linalg.eigvals(a @ b).real
    assert root_trace(a, b).item() == pytest.approx(values.sqrt().sum().item(), rel=1e-9)


def test_nearest_finds_copies_and_distances() -> None:
    random = torch.Generator().manual_seed(0)
    y = torch.randint(256, (5000, 64), generator=random, dtype=torch.uint8)
    x = y[[4000, 3]].clone()
    x[1] = (x[1].int() + 2).clamp(max=255).to(torch.uint8)
    distance, rows = nearest(x, y)
    assert rows.tolist() == [4000, 3]
    assert distance[0] == 0
    assert 1.5 < distance[1] <= 2


def test_inception_score_counts_classes() -> None:
    sure = 50 * torch.eye(4).repeat(100, 1)
    assert inception_score(sure).mean == pytest.approx(4, rel=1e-6)
    assert inception_score(torch.zeros(400, 4)).mean == pytest.approx(1, rel=1e-6)
