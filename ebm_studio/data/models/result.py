"""What a reconstruction found, as plain data. Free of torch, since the window remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ebm_studio.core.sampling.latent_statistics import Typicality
from ebm_studio.core.specs import Reconstruction
from ebm_studio.data.models.latent import Latent
from ebm_studio.data.pictures.pictures import Pixels


@dataclass(frozen=True)
class Result:
    """One photo's reconstruction."""

    path: Path
    photo: Pixels
    """What the model was shown, uint8 (C, H, W)."""
    picture: Pixels
    """M(z), uint8 (C, H, W); with a mask, only where the photo was to be filled in."""
    latent: Latent
    error: float
    """Mean squared error per known pixel and channel, images in [-1, 1]."""
    psnr: float
    """In dB, of the picture over the whole photo."""
    ssim: float
    typicality: Typicality


@dataclass(frozen=True, kw_only=True)
class Account:
    """How results were found: what the report says of them all."""

    settings: Reconstruction | None = None
    """None, as the seed and the seconds are, when an exported file brought the results back: it does not tell."""
    seed: int | None = None
    device: str
    backend: str
    backend_reason: str = ""
    """Why that backend, in a few words."""
    seconds: float | None = None
    """The search took."""
    skipped: tuple[str, ...] = ()
    """A line for each photo that has no result."""
    continued: int = 0
    """How many times a search was continued from what it had found; the settings count the iterations of all."""
    stopped: bool = False
    """Somebody ended the search early: the results are the best so far."""
