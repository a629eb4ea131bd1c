"""How well a short run can reconstruct pictures."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from torch import Tensor

from ebm_studio.core.sampling.inversion import Iterate


def searched(iterates: Iterator[Iterate], iterations: int) -> Generator[float, None, tuple[Tensor, Tensor]]:
    """The best reconstructions that a search finds: their mean squared errors (N,) and pictures (N, C, H, W).

    In [-1, 1] units, on the CPU. Yields the share done. Raises `DivergedError` when no chain stays finite.
    """
    for found in iterates:
        last = found
        yield found.iteration / iterations
    return last.best_error.cpu(), last.best_images.cpu()


def variation(images: Tensor) -> float:
    """The mean squared error of the mean picture in place of each of (N, C, H, W): what a guess would have."""
    return (images - images.mean(0)).square().mean().item()
