import pytest
import torch

from ebm_studio.core.evaluation.similarity import psnr, ssim
from ebm_studio.core.sampling.langevin import ChainStreams
from ebm_studio.core.sampling.typicality import typicality
from ebm_studio.core.specs import ShortRun


def noise(seed=0):
    return torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_noise_from_p0_is_typical():
    for figures in typicality(noise(), ShortRun()):
        assert 0.99 < figures.range <= 1
        assert figures.variance == pytest.approx(1, abs=0.08)
        assert figures.correlation == pytest.approx(0, abs=0.06)
        assert figures.flatness == pytest.approx(1, abs=0.08)
    normal = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert typicality(normal, ShortRun(start="gaussian"))[0].variance == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("start", ["uniform", "gaussian"])
def test_typical_noise_is_as_wide_as_its_p0(start):
    run = ShortRun(start=start, start_range=2.0)
    drawn = ChainStreams(0, range(4), (3, 32, 32)).start(run)
    for figures in typicality(drawn, run):
        assert figures.variance == pytest.approx(1, abs=0.08)
        assert start == "gaussian" or 0.99 < figures.range <= 1


def test_smooth_large_and_checkered_latents_are_not():
    ramp = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32)
    (smooth,) = typicality(ramp + 0.01 * noise()[:1], ShortRun())
    assert smooth.correlation > 0.9
    assert smooth.flatness < 0.1
    (large,) = typicality(3 * noise()[:1], ShortRun())
    assert large.range > 2.9
    assert large.variance == pytest.approx(9, rel=0.1)
    board = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1
    assert typicality(board.expand(1, 1, 32, 32), ShortRun())[0].correlation < -0.9


def test_psnr_of_a_known_difference():
    a = torch.zeros(2, 3, 16, 16)
    assert psnr(a, a + 0.2).tolist() == pytest.approx([20.0, 20.0], abs=1e-3)
    assert psnr(a, a).isfinite().all()


def test_ssim_follows_its_formula_and_falls_with_noise():
    a = torch.nn.functional.interpolate(noise()[:2, :, :6, :6], 32, mode="bicubic")
    assert ssim(a, a).tolist() == pytest.approx([1, 1])
    spoilt = [ssim(a, a + level * torch.randn(a.shape)).mean() for level in (0.05, 0.2, 0.8)]
    assert 1 > spoilt[0] > spoilt[1] > spoilt[2]
    # Flat pictures leave the luminance term alone.
    flat = ssim(torch.full((1, 1, 16, 16), 0.5), torch.full((1, 1, 16, 16), 0.7)).item()
    assert flat == pytest.approx((2 * 0.5 * 0.7 + 4e-4) / (0.5**2 + 0.7**2 + 4e-4), abs=1e-3)
