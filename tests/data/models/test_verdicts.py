"""A claim that does not hold is told so, and in which respect."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ebm_studio.core.evaluation.convergence import LongRun
from ebm_studio.core.evaluation.figures import Contrast, Estimate
from ebm_studio.core.evaluation.invertibility import variation
from ebm_studio.core.evaluation.mixing import Memory
from ebm_studio.core.evaluation.moments import MomentGap
from ebm_studio.core.specs import Diagnosing, ShortRun
from ebm_studio.data.models.calibration import Trial
from ebm_studio.data.models.diagnosis import convergence, energies, inversion, mixing, moments, steps

K = 50


def subject(**more: Any) -> Any:
    return SimpleNamespace(
        k=K, run=ShortRun(steps=K), settings=Diagnosing(count=64), steps=lambda times: round(K * times), **more
    )


@pytest.mark.parametrize(
    ("at_100", "verdict", "told"),
    [
        (Estimate(0.60, 0.02), "holds", "clearly higher"),
        (Estimate(0.32, 0.02), "partly", "cannot tell it apart from 0.320 ± 0.020 at 100"),
        (Estimate(0.10, 0.02), "fails", "lower elsewhere (0.100 ± 0.020 at 100)"),
    ],
)
def test_whether_k_is_the_best_number_of_steps(at_100: Estimate, verdict: str, told: str) -> None:
    kids = {25: Estimate(0.8, 0.02), K: Estimate(0.3, 0.02), 100: at_100}
    found = steps._finding(subject(), kids, [Trial(1.0, kids[K], Contrast(0.5, 0.5))])
    assert found.verdict == verdict
    assert told in found.text


def long_run(energy: list[float], contrast: list[float]) -> LongRun:
    spread = torch.linspace(-0.1, 0.1, 16)
    values = [torch.tensor(row)[:, None] + spread for row in (energy, [1.0, 1.0], contrast)]
    return LongRun((K, 100 * K), *values, images={})


@pytest.mark.parametrize(
    ("energy", "contrast", "verdict"),
    [
        ([-10.0, -90.0], [0.5, 5.0], "holds"),
        ([-10.0, -90.0], [0.5, 0.5], "partly"),
        ([-10.0, -10.0], [0.5, 0.5], "fails"),
    ],
)
def test_whether_the_run_goes_on_past_k(energy: list[float], contrast: list[float], verdict: str) -> None:
    run = long_run(energy, contrast)
    # Of the same chains, so that the difference of equal rows is 0 and no chance.
    found = convergence._finding(subject(), run, run, torch.rand(16, 1, 8, 8))
    assert found.verdict == verdict
    assert ("over-saturate." in found.text and "do not" not in found.text) == (contrast[1] > 1)


@pytest.mark.parametrize(
    ("at_k", "at_end", "correlation", "verdict"),
    [(0.2, 0.4, 0.6, "holds"), (0.2, 1.0, 0.0, "partly"), (1.0, 1.0, 0.0, "fails")],
)
def test_whether_the_chain_mixes(at_k: float, at_end: float, correlation: float, verdict: str) -> None:
    noise = 0.01 * torch.randn(2, 101, generator=torch.Generator().manual_seed(0))
    noise[:, 0] = 0
    memory = Memory(
        (K, 20 * K),
        torch.tensor([[1.0], [correlation]]) + noise,
        torch.tensor([[at_k], [at_end]]) + noise,
        torch.full((16,), 2.0),
    )
    found = mixing._finding(subject(), memory)
    assert found.verdict == verdict
    assert ("has forgotten" in found.text) == (verdict != "holds")


def test_energies_that_lie_elsewhere_are_told() -> None:
    spread = torch.linspace(-10, 10, 64)
    groups = {"training pictures": spread, "samples": spread, "start noise": spread + 50, "long": spread - 90}
    case = subject()
    assert energies._finding(case, groups, "long").verdict == "holds"
    found = energies._finding(case, groups | {"samples": spread - 60}, "long")
    assert found.verdict == "fails"
    assert "more than real pictures do from each other" in found.text
    found = energies._finding(case, groups | {"start noise": spread}, "long")
    assert found.verdict == "partly"
    assert "does not tell start noise" in found.text


@pytest.mark.parametrize(
    ("at_2k", "at_10k", "verdict"), [(0.5, 9.0, "holds"), (0.1, 9.0, "partly"), (0.5, 0.2, "fails")]
)
def test_whether_k_has_the_moments_of_data(at_2k: float, at_10k: float, verdict: str) -> None:
    def gap(size: float) -> MomentGap:
        spread = torch.linspace(-0.01, 0.01, 101)
        spread[0] = 0
        return MomentGap(torch.zeros(3), torch.ones(3), torch.ones(3), size + spread)

    gaps = {K: gap(0.2), 2 * K: gap(at_2k), 10 * K: gap(at_10k)}
    found = moments._finding(subject(), gaps, Estimate(0.1, 0.01), [gap(0.3).size, gap(3.0).size])
    assert found.verdict == verdict
    assert ("smallest at 100 steps, not at K" in found.text) == (at_2k < 0.2)
    ratio = next(measure.value for measure in found.measures if measure.name == "factor between them")
    assert ratio.mean == pytest.approx(at_10k / 0.2)


@pytest.mark.parametrize(
    ("lost", "longer", "verdict", "told"),
    [(0.01, 0.01, "holds", "about the same"), (0.1, 0.4, "partly", "harder"), (0.5, 0.1, "fails", "easier")],
)
def test_whether_the_run_can_be_inverted(lost: float, longer: float, verdict: str, told: str) -> None:
    images = torch.rand(16, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    guess = variation(images)
    spread = 1 + 0.05 * torch.tensor([1.0, -1.0] * 8)

    def errors(share: float, count: int = 16) -> torch.Tensor:
        return torch.cat([share * guess * spread[:count], 2 * share * guess * spread[:count]])

    both = torch.cat([images, images])
    found = {K: (errors(lost), both), 4 * K: (errors(longer, 8), both[8:24])}  # half as many pictures past K
    result = inversion._finding(subject(held_out=None), images, images, found)
    assert result.verdict == verdict
    assert told in result.text
    values = {measure.name: measure.value.mean for measure in result.measures}
    assert values[f"error of samples at {K} steps"] == pytest.approx(2 * lost * guess, rel=1e-3)
    assert values[f"error of training pictures at {4 * K} steps"] == pytest.approx(longer * guess, rel=0.05)
