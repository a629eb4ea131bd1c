"""Whole recorded runs against `sample`, step by step from the same Philox streams. On the CPU nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy.graph import GraphGradient
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.sampling import captured
from ebm_studio.core.sampling.captured import KEPT, CapturedSampler
from ebm_studio.core.sampling.langevin import ChainStreams, sample, seed_from, short_run
from ebm_studio.core.sampling.philox import StepNoise, keys_of
from ebm_studio.core.specs import NetSpec, ShortRun
from tests.recording import in_one_place

SPEC = NetSpec(size=16, width=4)
RUN = ShortRun(steps=20, noise_scale=0.05)


def gradient(record: object = in_one_place) -> GraphGradient:
    net = ConvNet(SPEC, torch.Generator().manual_seed(3)).requires_grad_(False)
    return GraphGradient(net, record=record)  # type: ignore[arg-type]


def keys(count: int, first: int = 0) -> Tensor:
    return keys_of([seed_from("steps", 7, chain) for chain in range(first, first + count)])


def start(count: int, run: ShortRun = RUN) -> Tensor:
    return ChainStreams(7, range(count), SPEC.shape).start(run)


@pytest.mark.parametrize(
    "run",
    [RUN, ShortRun(steps=20, noise_scale=0.05, noise_steps=4), ShortRun(noise_scale=0), ShortRun(steps=20, settle=9)],
)
def test_a_whole_run_ends_where_its_steps_end(run: ShortRun) -> None:
    ours, z = gradient(), start(5, run)
    wanted = sample(ours.direct, z, run, StepNoise(keys(5), SPEC.shape))
    sampler = CapturedSampler(ours, in_one_place)
    for _ in range(3):  # as it stands, recorded, replayed
        for found, expected in zip(sampler(z, run, keys(5)), wanted, strict=True):
            assert torch.equal(found, expected)


def test_a_whole_run_ends_where_the_watched_chain_ends() -> None:
    ours = gradient()
    *_, last = short_run(ours, start(5), RUN, StepNoise(keys(5), SPEC.shape))
    assert torch.equal(CapturedSampler(ours, in_one_place)(start(5), RUN, keys(5))[0], last.images)


def test_a_chain_is_the_same_in_any_batch_and_after_another_seed() -> None:
    sampler = CapturedSampler(gradient(), in_one_place)
    many = sampler(start(70), RUN, keys(70))[0]
    other = sampler(start(70), RUN, keys(70, first=100))[0]
    assert not torch.equal(other, many)
    for count in (1, 3, 17, 64):
        assert torch.equal(sampler(start(count), RUN, keys(count))[0], many[:count])


def test_more_chains_than_a_recording_has_come_out_the_same() -> None:
    ours = gradient()
    whole = sample(ours.direct, start(10), RUN, StepNoise(keys(10), SPEC.shape))
    ours.size = lambda count: 4  # type: ignore[method-assign]
    sampler = CapturedSampler(ours, in_one_place)
    for _ in range(2):  # each part is in the place of the one before
        for found, expected in zip(sampler(start(10), RUN, keys(10)), whole, strict=True):
            assert torch.equal(found, expected)


def test_a_few_recordings_are_kept_the_newest_ones() -> None:
    recorded: list[object] = []

    def recorder(work: Callable[[], tuple[Tensor, Tensor]]) -> Callable[[], tuple[Tensor, Tensor]]:
        recorded.append(work)
        return work

    sampler = CapturedSampler(gradient(), recorder)
    runs = [ShortRun(steps=steps) for steps in range(1, KEPT + 2)]
    for run in runs:
        for _ in range(3):
            sampler(start(1), run, keys(1))
    assert len(recorded) == len(runs)
    sampler(start(1), runs[-1], keys(1))
    assert len(recorded) == len(runs)
    for _ in range(2):
        sampler(start(1), runs[0], keys(1))  # long gone
    assert len(recorded) == len(runs) + 1


def test_a_very_long_run_is_not_recorded_and_ends_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = gradient()
    whole = CapturedSampler(ours, in_one_place)(start(2), RUN, keys(2))[0]
    monkeypatch.setattr(captured, "LONGEST", RUN.steps - 1)

    recorded: list[object] = []

    def recorder(work: Callable[[], tuple[Tensor, Tensor]]) -> Callable[[], tuple[Tensor, Tensor]]:
        recorded.append(work)
        return work

    sampler = CapturedSampler(ours, recorder)
    for _ in range(2):
        assert torch.equal(sampler(start(2), RUN, keys(2))[0], whole)
    assert not recorded


@pytest.mark.device
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_recorded_run_ends_where_its_steps_end(dtype: torch.dtype) -> None:
    net = ConvNet(NetSpec(width=32), torch.Generator().manual_seed(3)).cuda().requires_grad_(False)
    ours, shape = GraphGradient(net, dtype), net.spec.shape
    streams = ChainStreams(7, range(64), shape, "cuda")
    z = streams.start(RUN)
    wanted = sample(ours.direct, z, RUN, streams.noise)[0]
    sampler = CapturedSampler(ours)
    for _ in range(3):
        assert torch.equal(sampler(z, RUN, streams.keys)[0], wanted)
    (whole,) = sampler._runs.values()
    assert whole._work._replay is not whole._work._work, "it was not recorded"


@pytest.mark.device
def test_a_gpu_draws_the_numbers_that_the_cpu_would() -> None:
    here, there = (ChainStreams(7, range(3), SPEC.shape, device) for device in ("cpu", "cuda"))
    assert torch.equal(there.start(RUN).cpu(), here.start(RUN))
    later = ChainStreams(7, range(3), SPEC.shape, "cuda")
    later.skip(5)
    philox = StepNoise(keys(3), SPEC.shape)
    for step in range(20):
        u = there.noise()
        torch.testing.assert_close(u.cpu(), philox(), rtol=1e-5, atol=1e-5)
        if step >= 5:
            assert torch.equal(later.noise(), u)
