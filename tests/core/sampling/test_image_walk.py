"""Several steps of images in one call: the same to the byte as one by one, however many there are in a call."""

from itertools import pairwise

import pytest
import torch

from ebm_studio.core.energy.backends import make_gradient
from ebm_studio.core.energy.crew import use_threads
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.learning.noise_ahead import STEPS, NoiseAhead
from ebm_studio.core.sampling import langevin
from ebm_studio.core.sampling.langevin import ChainStreams, sample, short_run
from ebm_studio.core.specs import NetSpec, ShortRun

SPEC = NetSpec(size=16, width=8)
RUN = ShortRun(steps=11, noise_scale=0.05, noise_steps=8, settle=5)


@pytest.fixture(params=[1, 3])
def threads(request):
    yield use_threads(request.param)
    use_threads()


def chain(count):
    streams = ChainStreams(4, range(count), SPEC.shape)
    return streams.start(RUN), streams.noise


def gradient_of(backend):
    return make_gradient(ConvNet(SPEC, torch.Generator().manual_seed(2)), backend)


@pytest.mark.parametrize("backend", ["fp32", "winograd", "bf16"])
@pytest.mark.parametrize("noisy", [True, False])
def test_a_run_is_that_of_single_steps(backend, noisy, threads):
    gradient = gradient_of(backend)
    for count in (1, 5, 37):
        (z, noise), (again, other) = chain(count), chain(count)
        steps = list(short_run(gradient, z, RUN, noise if noisy else None))
        wanted = list(short_run(gradient.__call__, again, RUN, other if noisy else None))
        assert [step.index for step in steps] == [step.index for step in wanted]
        for step, single in zip(steps, wanted, strict=True):
            for name in ("images", "mean", "energy", "gradient_norm"):
                assert torch.equal(getattr(step, name), getattr(single, name)), name
        end, _ = sample(gradient, *(chain(count)[:1]), RUN, chain(count)[1] if noisy else None)
        assert torch.equal(end, wanted[-1].images)


def test_nothing_hangs_on_how_many_steps_are_in_a_call(monkeypatch):
    gradient, found = gradient_of("fp32"), []
    for most, seconds in ((1, 0.03), (3, 1e3), (25, 1e3)):
        monkeypatch.setattr(langevin, "AT_ONCE", most)
        monkeypatch.setattr(langevin, "CALL", seconds)
        z, noise = chain(9)
        found.append(sample(gradient, z, RUN, noise))
    for some, others in pairwise(found):
        assert all(map(torch.equal, some, others))


def test_a_run_continues_in_the_middle(threads):
    gradient = gradient_of("fp32")
    z, noise = chain(6)
    steps = list(short_run(gradient, z, RUN, noise))
    streams = ChainStreams(4, range(6), SPEC.shape)
    streams.skip(5)
    later = list(short_run(gradient, steps[5].images, RUN, streams.noise, first=5))
    assert torch.equal(later[-1].images, steps[-1].images)


def test_images_that_fly_off_are_told_at_their_step():
    gradient, seen = gradient_of("fp32"), []
    noises = iter([torch.zeros(3, *SPEC.shape)] * 3 + [torch.full((3, *SPEC.shape), torch.inf)] * RUN.steps)
    with pytest.raises(DivergedError, match="at step 4"):
        seen.extend(step.index for step in short_run(gradient, chain(3)[0], RUN, lambda: next(noises)))
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 5, 5), (2,)])
def test_the_noise_of_a_step_is_the_same_drawn_ahead_or_alone(shape, monkeypatch):
    ahead = ChainStreams(1, range(3), shape)
    many = [ahead.noise() for _ in range(langevin.AHEAD + 2)]
    monkeypatch.setattr(langevin, "AHEAD", 1)
    alone = ChainStreams(1, range(3), shape)
    assert all(torch.equal(u, alone.noise()) for u in many)


def test_an_updates_noise_is_the_same_with_any_number_of_threads():
    drawn = []
    for count in (1, 2, 3):
        use_threads(count)
        noise = NoiseAhead(("steps", 0, 7), lambda random: torch.empty(2, 3).normal_(generator=random))
        drawn.append(torch.stack([noise() for _ in range(3 * STEPS + 1)]))
    use_threads()
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])
    assert len(drawn[0].unique(dim=0)) == len(drawn[0])
