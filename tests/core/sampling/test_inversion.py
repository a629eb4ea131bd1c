from dataclasses import replace

import pytest
import torch

from ebm_studio.core.energy.gradients import EnergyGradient
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.errors import DataError, DivergedError, SettingsError
from ebm_studio.core.sampling.inversion import balanced, into_support, reconstruct, undo
from ebm_studio.core.sampling.langevin import sample
from ebm_studio.core.specs import NetSpec, Reconstruction, ShortRun

RUN = ShortRun(steps=8, step_size=1.0)
SHAPE = (2, 1, 16, 16)


def make_net(activation="leaky_relu", gain=2.5):
    net = ConvNet(NetSpec(size=16, channels=1, width=4, activation=activation), torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(gain)
    return net.requires_grad_(False)


@pytest.fixture(scope="module")
def gradient():
    return EnergyGradient(make_net())


def noise(seed=0, shape=SHAPE):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture(scope="module")
def photos(gradient):
    """Ends of short runs, which a reconstruction must be able to reach, from noise within the support."""
    return sample(gradient, noise(1), RUN)[0]


def last(*args, **kwargs):
    return list(reconstruct(*args, **kwargs))[-1]


@pytest.mark.parametrize("mode", ["free", "support", "typical"])
def test_each_mode_comes_close_and_stays_where_it_may_be(gradient, photos, mode):
    settings = Reconstruction(iterations=60, mode=mode, tolerance=0)
    found = list(reconstruct(gradient, photos, noise(2), RUN, settings))
    end = found[-1]
    again = sample(gradient, end.best_z, RUN)[0]
    assert torch.allclose(end.best_error, (again - photos).square().mean((1, 2, 3)), atol=1e-7)
    assert torch.equal(end.best_images, again)
    assert (end.best_error < (0.05 if mode == "typical" else 0.002)).all()
    if mode != "free":
        assert end.best_z.abs().max() <= 1
    assert [it.iteration for it in found] == list(range(1, 61))


def test_a_chain_that_settles_is_undone_and_reached(gradient):
    run = replace(RUN, step_size=0.3, settle=4)
    z = noise(1)
    photos = sample(gradient, z, run)[0]
    before = (undo(gradient, photos, run) - z).abs().mean()
    assert before < 0.5 * (undo(gradient, photos, replace(run, settle=0)) - z).abs().mean()
    end = last(gradient, photos, noise(2), run, Reconstruction(iterations=60, tolerance=0))
    assert torch.equal(end.best_images, sample(gradient, end.best_z, run)[0])
    assert (end.best_error < 0.002).all()


def test_the_best_so_far_never_worsens_and_belongs_to_its_photo(gradient, photos):
    best = torch.full((2,), torch.inf)
    for it in reconstruct(gradient, photos, noise(2), RUN, Reconstruction(iterations=12, tolerance=0)):
        best = torch.minimum(best, it.error)
        assert torch.equal(it.best_error, best)


def test_a_search_that_continues_begins_with_what_was_found_and_ends_closer(gradient, photos):
    settings = Reconstruction(iterations=20, tolerance=0)
    first = last(gradient, photos, noise(2), RUN, settings)
    found = list(reconstruct(gradient, photos, noise(2), RUN, settings, found=first.best_z))
    assert torch.equal(found[0].error, first.best_error)
    assert (found[-1].best_error <= first.best_error).all()
    assert (found[-1].best_error < first.best_error).any()


def test_it_stops_when_every_photo_is_within_the_tolerance(gradient, photos):
    settings = Reconstruction(iterations=200, tolerance=0.005)
    found = list(reconstruct(gradient, photos, noise(2), RUN, settings))
    assert len(found) < 200
    assert found[-1].done
    assert not any(it.done for it in found[:-1])
    assert (found[-1].best_error <= 0.005).all()


def test_a_chain_undone_runs_back_to_its_end(gradient, photos):
    z = undo(gradient, photos, RUN)
    error = (sample(gradient, z, RUN)[0] - photos).square().mean()
    from_noise = (sample(gradient, noise(2), RUN)[0] - photos).square().mean()
    assert error < from_noise / 20


def test_a_photo_in_a_batch_is_found_as_if_it_were_alone(gradient, photos):
    settings = Reconstruction(iterations=5)
    both = last(gradient, photos, noise(2), RUN, settings)
    alone = last(gradient, photos[1:], noise(2)[1:], RUN, settings)
    assert torch.allclose(both.best_error[1:], alone.best_error, rtol=1e-3)


def test_only_known_pixels_count(gradient, photos):
    known = torch.ones(16, 16, dtype=torch.bool)
    known[4:12, 4:12] = False
    settings = Reconstruction(iterations=40, tolerance=0)
    spoilt = torch.where(known, photos, torch.tensor(9.0))
    found = last(gradient, photos, noise(2), RUN, settings, known)
    other = last(gradient, spoilt, noise(2), RUN, settings, known)
    assert torch.equal(found.best_z, other.best_z)
    assert (found.best_error < 0.01).all()
    outside = ((found.best_images - photos).square() * known).sum((1, 2, 3)) / known.sum()
    assert torch.allclose(outside, found.best_error, atol=1e-7)


def test_a_mask_that_hides_all_is_refused(gradient, photos):
    with pytest.raises(DataError, match="covers the whole photo"):
        next(reconstruct(gradient, photos, noise(), RUN, Reconstruction(), torch.zeros(16, 16, dtype=torch.bool)))


def test_a_smooth_net_descends_along_its_true_gradient():
    net = make_net("silu")
    gradient = EnergyGradient(net)
    photos = sample(gradient, noise(1), RUN)[0]
    pulled = []

    def pull_back(chain, cotangent):
        # create_graph through the whole chain: what an adjoint has to agree with.
        with torch.enable_grad():
            z = chain[0].clone().requires_grad_()
            x = z
            for _ in range(RUN.steps):
                x = x - torch.autograd.grad(net(x).sum(), x, create_graph=True)[0]
            (slope,) = torch.autograd.grad(x, z, cotangent)
        assert torch.allclose(x, chain[-1], atol=1e-5)
        pulled.append(len(chain))
        return slope

    found = last(gradient, photos, noise(2), RUN, Reconstruction(iterations=20, tolerance=0), pull_back=pull_back)
    assert pulled == [RUN.steps + 1] * 19
    assert (found.best_error < 0.01).all()


def test_a_photo_that_runs_away_leaves_the_others_be(gradient, photos):
    wild = photos.clone()
    wild[0] = torch.nan
    found = last(gradient, wild, noise(2), RUN, Reconstruction(iterations=5))
    assert found.best_error[1].isfinite()
    with pytest.raises(DivergedError):
        last(gradient, torch.full_like(photos, torch.nan), noise(2), RUN, Reconstruction(iterations=5))


@pytest.mark.parametrize("width", [1.0, 2.0])
def test_the_support_of_a_normal_start_is_a_ball(gradient, photos, width):
    run = replace(RUN, start="gaussian", start_range=width)
    z = into_support(torch.randn(SHAPE) * 5 * width, run)
    assert torch.allclose(z.flatten(1).norm(dim=1), torch.tensor(16.0 * width))
    inner = torch.randn(SHAPE) * 0.5 * width
    assert torch.equal(into_support(inner, run), inner)
    found = last(gradient, photos, width * torch.randn(SHAPE), run, Reconstruction(iterations=30, mode="support"))
    assert (found.best_z.flatten(1).norm(dim=1) <= 16.001 * width).all()


@pytest.mark.parametrize("mode", ["support", "typical"])
def test_a_wider_start_has_a_wider_support(gradient, photos, mode):
    wide = replace(RUN, start_range=2.0)
    found = last(gradient, photos, 2 * noise(2), wide, Reconstruction(iterations=10, mode=mode))
    assert 1.2 < found.best_z.abs().max() <= 2


@pytest.mark.parametrize(
    "change", [{"iterations": 0}, {"mode": "wild"}, {"tolerance": -1}, {"tolerance": float("nan")}]
)
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(SettingsError):
        Reconstruction(**change)


def test_a_hole_in_one_photo_leaves_the_others_their_beginning(gradient, photos):
    known = torch.ones(2, 1, 16, 16, dtype=torch.bool)
    known[1, :, 4:12, 4:12] = False
    settings = Reconstruction(iterations=1, tolerance=0)
    end = last(gradient, photos, noise(2), RUN, settings, known)
    assert torch.equal(end.z[0], undo(gradient, photos, RUN)[0])
    assert torch.equal(end.z[1], noise(2)[1])


def test_a_balanced_slope_keeps_its_fine_parts_and_little_of_its_coarse_ones():
    fine = torch.ones(SHAPE)
    fine[..., ::2] = -1
    coarse = torch.ones(SHAPE)
    assert torch.allclose(balanced(fine, 0.2), fine, atol=1e-6)
    assert torch.allclose(balanced(coarse, 0.2), 0.2 * coarse, atol=1e-6)
    assert torch.allclose(balanced(fine + coarse, 0.2), fine + 0.2 * coarse, atol=1e-6)


def test_in_a_hole_z_stays_the_noise_it_was(gradient, photos):
    known = torch.ones(16, 16, dtype=torch.bool)
    known[4:12, 4:12] = False
    found = last(gradient, photos, noise(2), RUN, Reconstruction(iterations=5, tolerance=0), known)
    assert torch.equal(found.best_z[..., ~known], noise(2)[..., ~known])
    assert not torch.equal(found.best_z[..., known], noise(2)[..., known])
