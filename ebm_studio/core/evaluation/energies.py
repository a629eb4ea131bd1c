"""Where the energies of data, samples, noise and long runs lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

BATCH = 64
BINS = 40


def energies(gradient: Callable[[Tensor], tuple[Tensor, Tensor]], images: Tensor, device: torch.device) -> Tensor:
    """E of pictures (N, C, H, W): (N,) on the CPU."""
    return torch.cat([gradient(part.to(device))[0].cpu() for part in torch.split(images, BATCH)])


def histograms(groups: Mapping[str, Tensor], bins: int = BINS) -> tuple[Tensor, dict[str, Tensor]]:
    """Edges (bins + 1,) that all groups of values (N,) share, and each group's shares in the bins, (bins,)."""
    every = torch.cat(list(groups.values())).double()
    low, high = every.min().item(), every.max().item()
    edges = torch.linspace(low, high if high > low else low + 1, bins + 1, dtype=torch.float64)
    return edges, {name: torch.histogram(values.double(), edges)[0] / len(values) for name, values in groups.items()}


def inside(values: Tensor, of: Tensor, share: float = 0.95) -> Tensor:
    """Which values (N,) lie in the middle `share` of other values, as 0 or 1, (N,)."""
    low, high = of.double().quantile((1 - share) / 2), of.double().quantile((1 + share) / 2)
    return ((values >= low) & (values <= high)).float()
