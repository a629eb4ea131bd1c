"""How similar two pictures are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LEAST_ERROR = 1e-10
"""Errors below this count as this, so that equal pictures have a PSNR that is a number."""


def psnr(images: Tensor, others: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, (N,), of images (N, C, H, W) in [-1, 1], whose peak is 2."""
    error = (images - others).square().mean((1, 2, 3)).clamp_min(LEAST_ERROR)
    return 10 * torch.log10(4 / error)


def ssim(images: Tensor, others: Tensor) -> Tensor:
    """Structural similarity, (N,), of images (N, C, H, W) in [-1, 1], mean over pixels and channels.

    Wang et al. 2004: a Gaussian window of 11 x 11 with standard deviation 1.5, K1 .01, K2 .03.
    """
    channels = images.shape[1]
    offsets = torch.arange(-5, 6, device=images.device, dtype=images.dtype)
    profile = torch.exp(-offsets.square() / (2 * 1.5**2))
    profile /= profile.sum()
    window = (profile[:, None] * profile).expand(channels, 1, 11, 11)

    def mean(values: Tensor) -> Tensor:
        return functional.conv2d(values, window, groups=channels)

    mean_a, mean_b = mean(images), mean(others)
    var_a = mean(images * images) - mean_a**2
    var_b = mean(others * others) - mean_b**2
    covariance = mean(images * others) - mean_a * mean_b
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    likeness = (
        (2 * mean_a * mean_b + c1) * (2 * covariance + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    )
    return likeness.mean((1, 2, 3))
