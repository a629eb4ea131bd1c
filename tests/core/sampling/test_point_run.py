"""The steps of points, many in one call, are those of the plain loop to the byte."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.energy.point_gradient import MOST, PointGradient
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.sampling.langevin import AT_ONCE, sample, short_run
from ebm_studio.core.specs import Activation, ShortRun, point_net

RUN = ShortRun(steps=AT_ONCE + 7, step_size=0.05, noise_scale=0.02, noise_steps=AT_ONCE + 3, settle=6)


def gradient_of(activation: Activation = "silu") -> PointGradient:
    return PointGradient(make_net(point_net(activation=activation), torch.Generator().manual_seed(1)))


def noise_of(count: int):
    random = torch.Generator().manual_seed(2)
    return lambda: torch.randn(count, 2, generator=random)


def points(count: int) -> torch.Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("activation", get_args(Activation))
@pytest.mark.parametrize(("count", "first"), [(1, 0), (7, 5), (500, 0), (MOST + 9, 20)])
def test_many_steps_in_one_call_are_the_plain_loops(activation: Activation, count: int, first: int):
    gradient, z = gradient_of(activation), points(count)
    ours = list(short_run(gradient, z, RUN, noise_of(count), first))
    plain = list(short_run(gradient.__call__, z, RUN, noise_of(count), first))
    assert [step.index for step in ours] == [step.index for step in plain] == list(range(first, RUN.steps + 1))
    for a, b in zip(ours, plain, strict=True):
        for field in ("images", "mean", "energy", "gradient_norm"):
            assert torch.equal(getattr(a, field), getattr(b, field)), (a.index, field)


@pytest.mark.parametrize("noisy", [True, False])
def test_the_end_alone_is_that_of_the_run(noisy: bool):
    gradient, z = gradient_of(), points(64)
    reached: list[int] = []
    noise = noise_of(64) if noisy else None
    end, length = sample(gradient, z, RUN, noise, reached.append)
    steps = list(short_run(gradient, z, RUN, noise_of(64) if noisy else None))
    assert torch.equal(end, steps[-1].images)
    torch.testing.assert_close(length, torch.stack([step.gradient_norm for step in steps[:-1]]).mean(0))
    assert reached == sorted(set(reached))
    assert reached[-1] == RUN.steps


def test_points_that_fly_off_are_told_at_their_step():
    gradient = gradient_of()
    for way in (gradient, gradient.__call__):
        noises, seen = iter([torch.zeros(5, 2)] * 3 + [torch.full((5, 2), torch.inf)] * RUN.steps), []
        run = short_run(way, points(5), RUN, lambda noises=noises: next(noises))
        with pytest.raises(DivergedError, match="at step 4"):
            seen.extend(step.index for step in run)
        assert seen == [0, 1, 2, 3]
