import pytest
import torch

from ebm_studio.core.energy.gradients import EnergyGradient
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.sampling.langevin import ChainStreams, sample, seed_from, short_run
from ebm_studio.core.specs import NetSpec, ShortRun

SPECS = [
    NetSpec(size=size, channels=channels, width=4, activation=activation)
    for size, channels in ((16, 1), (32, 3), (64, 3), (128, 1))
    for activation in ("leaky_relu", "silu")
]


def bowl(x):
    """E = |x|^2 / 2, whose gradient is x."""
    return 0.5 * x.flatten(1).square().sum(1), x.clone()


def net(spec, seed=0):
    return ConvNet(spec, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_the_hand_written_gradient_is_autograds(spec):
    model = net(spec)
    images = torch.rand(3, *spec.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    images.requires_grad_()
    energy = model(images)
    (wanted,) = torch.autograd.grad(energy.sum(), images)

    found_energy, found = EnergyGradient(model)(images.detach())

    torch.testing.assert_close(found_energy, energy.detach())
    assert (found - wanted).norm() / wanted.norm() < 1e-5


def test_the_gradient_sees_new_weights():
    model = net(NetSpec(size=16, width=4))
    gradient = EnergyGradient(model)
    images = torch.zeros(2, 3, 16, 16)
    before, _ = gradient(images)
    with torch.no_grad():
        model.f[-1].bias += 1
    after, _ = gradient(images)
    torch.testing.assert_close(after, before + 1)


def test_the_last_steps_and_their_noise_are_smaller():
    run = ShortRun(steps=4, step_size=0.5, noise_scale=0.1, settle=1)
    z = torch.ones(2, 1, 4, 4)
    steps = list(short_run(bowl, z, run, lambda: torch.full_like(z, 2.0)))
    x = steps[3].images
    assert torch.allclose(steps[3].images, steps[2].images * 0.5 + 0.2)
    assert torch.allclose(steps[4].mean, x * 0.75)
    assert torch.allclose(steps[4].images, x * 0.75 + 0.1)
    assert torch.allclose(steps[4].gradient_norm, steps[4].images.flatten(1).norm(dim=1) * 0.25)
    end, length = sample(bowl, z, run, lambda: torch.full_like(z, 2.0))
    assert torch.equal(end, steps[4].images)
    assert torch.allclose(length, torch.stack([step.gradient_norm for step in steps[:-1]]).mean(0))


def test_a_chain_in_a_bowl_follows_equation_4():
    run = ShortRun(steps=3, step_size=0.5, noise_scale=0.1)
    z = torch.ones(2, 1, 4, 4)
    steps = list(short_run(bowl, z, run, lambda: torch.full_like(z, 2.0)))

    assert [step.index for step in steps] == [0, 1, 2, 3]
    assert torch.equal(steps[0].images, z)
    x = 1.0
    for step in steps[1:]:
        torch.testing.assert_close(step.mean, torch.full_like(z, 0.5 * x))
        x = 0.5 * x + 0.1 * 2
        torch.testing.assert_close(step.images, torch.full_like(z, x))
        torch.testing.assert_close(step.energy, torch.full((2,), 8 * x * x))
        torch.testing.assert_close(step.gradient_norm, torch.full((2,), 0.5 * 4 * abs(x)))


def test_fast_sampling_ends_where_the_watched_chain_ends():
    spec = NetSpec(size=16, width=4)
    gradient, run = EnergyGradient(net(spec)), ShortRun(steps=6)
    one, two = (ChainStreams(3, range(4), spec.shape) for _ in range(2))
    steps = list(short_run(gradient, one.start(run), run, one.noise))
    images, length = sample(gradient, two.start(run), run, two.noise)

    assert torch.equal(images, steps[-1].images)
    torch.testing.assert_close(length, torch.stack([s.gradient_norm for s in steps[:-1]]).mean(0))


def test_steps_are_not_written_again():
    steps = list(short_run(bowl, torch.ones(1, 1, 4, 4), ShortRun(steps=2, step_size=0.5)))
    assert [float(step.images[0, 0, 0, 0]) for step in steps] == [1.0, 0.5, 0.25]


def test_a_chain_that_runs_away_says_so():
    with pytest.raises(DivergedError, match="step size"):
        list(short_run(bowl, torch.ones(1, 1, 4, 4), ShortRun(steps=200, step_size=1000.0)))


def test_a_chain_of_a_seed_is_the_same_in_any_batch():
    shape, run = (1, 4, 4), ShortRun()
    few, many, later = (ChainStreams(5, chains, shape) for chains in (range(2), range(6), range(4, 6)))
    z = many.start(run)
    assert torch.equal(few.start(run), z[:2])
    assert torch.equal(later.start(run), z[4:])
    for _ in range(3):
        u = many.noise()
        assert torch.equal(few.noise(), u[:2])
        assert torch.equal(later.noise(), u[4:])
    assert not torch.equal(z[0], z[1])


@pytest.mark.parametrize(("start", "spread"), [("uniform", 3**-0.5), ("gaussian", 1.0)])
def test_start_noise_has_the_spread_of_p0(start, spread):
    z = ChainStreams(0, range(8), (1, 32, 32)).start(ShortRun(start=start))
    assert float(z.std()) == pytest.approx(spread, rel=0.05)
    assert abs(float(z.mean())) < 0.05


def test_seeds_are_the_same_on_every_machine():
    assert seed_from("start", 0, 0) == 8497311433082228708
