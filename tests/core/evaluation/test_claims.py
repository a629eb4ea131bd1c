"""The measurements behind a diagnosis, on energies whose chains can be worked out by hand."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy.gradients import EnergyGradient
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.evaluation import bootstrap, energies
from ebm_studio.core.evaluation.convergence import contrast, long_run, spaced_steps
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, curve, told
from ebm_studio.core.evaluation.invertibility import searched, variation
from ebm_studio.core.evaluation.mixing import changes, memory
from ebm_studio.core.evaluation.moments import activations, moment_gap, parameter_slopes
from ebm_studio.core.sampling.inversion import reconstruct
from ebm_studio.core.sampling.langevin import ChainStreams, Step, short_run
from ebm_studio.core.specs import Diagnosing, NetSpec, Reconstruction, ShortRun

SHAPE = (1, 8, 8)
T = TypeVar("T")


def bowl(images: Tensor) -> tuple[Tensor, Tensor]:
    """E = |x|^2 / 2, whose chain forgets a share s at each step: x <- (1 - s) x + noise."""
    return images.square().sum((1, 2, 3)) / 2, images.clone()


def finished(work: Generator[float, None, T]) -> tuple[T, list[float]]:
    shares = []
    while True:
        try:
            shares.append(next(work))
        except StopIteration as ended:
            return ended.value, shares


def chain_of(count: int, seed: int, run: ShortRun, start: Tensor | None = None) -> Iterator[Step]:
    streams = ChainStreams(seed, range(count), SHAPE)
    return short_run(bowl, streams.start(run) if start is None else start, run, streams.noise)


def test_the_bootstrap_of_a_mean_is_its_standard_error() -> None:
    values = torch.randn(400, generator=torch.Generator().manual_seed(1)) * 3 + 5
    found = bootstrap.mean(values)
    assert found.mean == pytest.approx(values.mean().item())
    assert found.sd == pytest.approx(values.std().item() / 20, rel=0.25)
    assert bootstrap.means(torch.stack([values, values], 1)).shape == (101, 2)


def test_a_long_run_keeps_what_was_asked_for_and_tells_how_far_it_is() -> None:
    run = ShortRun(steps=20, step_size=0.1, noise_scale=0)
    found, shares = finished(long_run(chain_of(3, 0, run), (0, 5, 20), (5,)))
    assert found.steps == (0, 5, 20)
    assert list(found.images) == [5]
    assert torch.allclose(found.energy[2], found.energy[0] * 0.9**40, rtol=1e-4)
    assert torch.allclose(found.contrast[1], found.contrast[0] * 0.9**5, rtol=1e-4)
    assert torch.allclose(contrast(found.images[5]), found.contrast[1])
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_run_that_runs_away_ends_its_record_there() -> None:
    run = ShortRun(steps=400, step_size=5.0, noise_scale=0)  # |1 - s| > 1
    found, _ = finished(long_run(chain_of(2, 0, run), (0, 10, 400)))
    assert found.steps == (0, 10)
    with pytest.raises(DivergedError):
        finished(long_run(chain_of(2, 0, run), (400,)))


def test_steps_are_spaced_evenly_on_a_log_axis() -> None:
    steps = spaced_steps(1, 1000, 7)
    assert steps == (1, 3, 10, 32, 100, 316, 1000)
    assert spaced_steps(1, 3) == (1, 2, 3)


def test_memory_fades_as_the_chain_of_a_bowl_must() -> None:
    steps, count = (5, 15, 25), 64
    run = ShortRun(steps=25, step_size=0.1, noise_scale=(0.1 * 1.9) ** 0.5, start="gaussian")  # stays N(0, I)
    z = next(chain_of(count, 0, run)).images
    real = torch.rand(50, *SHAPE, generator=torch.Generator().manual_seed(2)) * 2 - 1
    found, _ = finished(memory(chain_of(count, 0, run), chain_of(count, 1, run, z), steps, real, every=5))
    assert found.steps == steps
    for row, step in zip(found.correlation, steps, strict=True):
        assert row[0].item() == pytest.approx(0.9 ** (step - 5), abs=0.05)
    for row, step in zip(found.distance, steps, strict=True):
        # Two runs share z's part, (1 - s)^t of each; the rest is noise of their own.
        assert row[0].item() == pytest.approx((1 - 0.9 ** (2 * step)) ** 0.5, abs=0.05)
    assert found.changes.shape == (count,)
    assert (found.changes <= 200).all()  # one in five steps at most
    assert found.changes.mean() > 50


def test_a_chain_that_stands_still_changes_nothing() -> None:
    assert changes([torch.tensor([1, 2]), torch.tensor([1, 3]), torch.tensor([1, 3])], 10).tolist() == [0, 50]


def test_the_moment_gap_is_in_standard_deviations() -> None:
    random = torch.Generator().manual_seed(0)
    data = torch.randn(2000, 3, generator=random) * torch.tensor([1.0, 10.0, 0.0]) + 4
    samples = torch.randn(2000, 3, generator=random) * torch.tensor([1.0, 10.0, 5.0]) + 4
    samples += torch.tensor([0.5, 5.0, 9.0])
    gap = moment_gap(data, samples)
    assert gap.sd.shape == (2,)  # the feature that never varies is left out
    size = bootstrap.estimate(gap.size)
    assert size.mean == pytest.approx(0.5, abs=0.05)
    assert 0.01 < size.sd < 0.04
    assert bootstrap.estimate(moment_gap(data, data).size).mean == pytest.approx(0, abs=1e-9)
    of_means = [part.view(-1, 8, 3).mean(1) for part in (data, samples)]
    assert moment_gap(*of_means, group=8).size[0].item() == pytest.approx(0.5, abs=0.06)


def test_the_last_weights_have_the_activations_for_gradients() -> None:
    net = ConvNet(NetSpec(size=16, channels=1, width=4), torch.Generator().manual_seed(0)).requires_grad_(False)
    images = torch.rand(10, 1, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    h = activations(net, images)
    assert h.shape == (10, net.spec.widths[-1] * 16)
    last = net.convolutions[-1]
    assert torch.allclose(h @ last.weight.flatten() + last.bias, net(images), atol=1e-5)

    slopes, shares = finished(parameter_slopes(net, images, group=4))
    assert slopes.shape == (2, sum(min(p.numel(), 4096) for p in net.parameters()))
    assert shares == [0.5, 1]
    assert not any(p.requires_grad for p in net.parameters())
    # The last tensors are the last layer's weight and bias: the mean of h, in some order, and 1.
    of_weight, of_bias = slopes[0, -1 - h.shape[1] : -1], slopes[0, -1]
    assert of_bias.item() == pytest.approx(1)
    assert torch.allclose(of_weight.sort().values, h[:4].mean(0).sort().values, atol=1e-5)


def test_histograms_share_their_edges_and_add_up() -> None:
    low, high = torch.linspace(0, 1, 50), torch.linspace(2, 4, 70)
    edges, shares = energies.histograms({"low": low, "high": high}, bins=8)
    assert edges.tolist() == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])
    assert [row.sum().item() for row in shares.values()] == pytest.approx([1, 1])
    assert shares["low"][4:].sum() == 0
    assert energies.inside(torch.tensor([-1.0, 0.5, 0.01, 9]), low).tolist() == [0, 1, 0, 0]


def test_energies_are_those_of_the_net() -> None:
    net = ConvNet(NetSpec(size=16, channels=1, width=4), torch.Generator().manual_seed(0)).requires_grad_(False)
    images = torch.rand(70, 1, 16, 16)
    found = energies.energies(EnergyGradient(net), images, torch.device("cpu"))
    assert torch.allclose(found, net(images), atol=1e-5)


def test_a_search_ends_with_its_best() -> None:
    photos = torch.rand(2, *SHAPE) * 2 - 1
    run, settings = ShortRun(steps=3, step_size=0.1, noise_scale=0), Reconstruction(iterations=4, tolerance=0)
    (errors, pictures), shares = finished(searched(reconstruct(bowl, photos, photos, run, settings), 4))
    assert torch.allclose((pictures - photos).square().mean((1, 2, 3)), errors)
    assert shares == [0.25, 0.5, 0.75, 1]
    assert errors.max() < variation(photos)


def test_figures_are_told_to_the_digits_of_their_spread() -> None:
    for mean, sd, text in (
        (0.28867, 0.0407, "0.289 ± 0.041"),
        (-573.46, 70.7, "−573 ± 71"),
        (0.0000000112, 0.0000000031, "1.1e−08 ± 3.1e−09"),
        (3.0, 0.0, "3.000 ± 0.000"),
        (float("inf"), 1.0, "not finite"),
    ):
        assert told(Estimate(mean, sd)) == text


def test_a_finding_survives_being_written_down() -> None:
    plot = Plot("a", "x", "y", (curve("c", [1.0, 2.0], [Estimate(3, 0.1), Estimate(4, 0.2)]),), True, 1.0)
    finding = Finding(
        claim="mixing",
        title="t",
        verdict="partly",
        text="…",
        measures=(Measure("m", Estimate(1, 2), "u"),),
        plots=(plot,),
    )
    assert Finding.from_dict(finding.to_dict()) == finding
    for name, value in (("claim", "fame"), ("verdict", "maybe"), ("measures", [{}]), ("plots", [{"title": "a"}])):
        with pytest.raises((KeyError, TypeError, ValueError)):
            Finding.from_dict({**finding.to_dict(), name: value})
    bad = finding.to_dict()
    bad["plots"][0]["series"][0]["x"] = (1.0,)
    with pytest.raises(ValueError, match="lengths"):
        Finding.from_dict(bad)


def test_a_diagnosis_has_a_least_and_a_greatest_count() -> None:
    assert replace(Diagnosing(), count=64).share(32) == 8
    for count in (15, 4097):
        with pytest.raises(Exception, match="16 to 4096"):
            Diagnosing(count=count)
