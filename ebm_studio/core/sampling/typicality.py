"""How typical a latent is of the start distribution p0.

Found latents tend to look like edge maps of their photo; noise from p0 does not, and an interpolation
between untypical latents is closer to a cross-fade. These statistics tell the two apart.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebm_studio.core.sampling.latent_statistics import Typicality
from ebm_studio.core.specs import ShortRun

WHITE_FLATNESS = math.exp(-0.5772156649015329)
"""Spectral flatness of white noise as a periodogram shows it: its ordinates are exponential variables."""


def typicality(z: Tensor, run: ShortRun) -> list[Typicality]:
    """The statistics of each latent of (N, C, H, W) that starts the run."""
    centred = z - z.mean((2, 3), keepdim=True)
    variance = centred.square().mean((1, 2, 3))
    across = (centred[..., 1:] * centred[..., :-1]).mean((1, 2, 3))
    down = (centred[..., 1:, :] * centred[..., :-1, :]).mean((1, 2, 3))
    correlation = (across + down) / 2 / variance.clamp_min(1e-12)
    rows = zip(
        (z.abs().amax((1, 2, 3)) / run.start_range).tolist(),
        (z.var((1, 2, 3)) / run.start_variance).tolist(),
        correlation.tolist(),
        (_flatness(centred) / WHITE_FLATNESS).tolist(),
        strict=True,
    )
    return [Typicality(*row) for row in rows]


def _flatness(centred: Tensor) -> Tensor:
    """Geometric over arithmetic mean of the power spectrum, without its zero frequency, (N,)."""
    power = torch.fft.fft2(centred).abs().square().flatten(2)[..., 1:]
    flatness: Tensor = power.clamp_min(1e-12).log().mean(2).exp() / power.mean(2).clamp_min(1e-12)
    return flatness.mean(dim=1)
