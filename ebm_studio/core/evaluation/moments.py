"""Whether samples have the data's moments: the statistics that training makes agree.

Algorithm 1 of the paper comes to rest where the mean of dE/dtheta is the same over data and over samples.
For the weights of a last linear layer, dE/dtheta is what that layer sees: the last hidden activations h.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ebm_studio.core.evaluation.bootstrap import means

BATCH = 64
MOST = 4096
"""Parameters of each tensor that are looked at; of larger tensors a random choice."""


@dataclass(frozen=True)
class MomentGap:
    """How far the means of D statistics over samples are from those over data."""

    data: Tensor
    """The mean over data, (D,)."""
    samples: Tensor
    """The mean over samples, (D,)."""
    sd: Tensor
    """Each statistic's standard deviation over data, (D,)."""
    size: Tensor
    """The gap in one number: the root mean square over statistics of (mean - mean) / sd. (1 + 100,), as `draws`."""


@torch.no_grad()
def activations(net: nn.Module, images: Tensor) -> Tensor:
    """What the last layer of an energy net sees of pictures (N, C, H, W): (N, D) float32 on the CPU."""
    last = [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.Linear)][-1]
    seen: list[Tensor] = []
    handle = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(1).float().cpu()))
    try:
        for part in torch.split(images, BATCH):
            net(part.to(next(net.parameters()).device))
    finally:
        handle.remove()
    return torch.cat(seen)


def parameter_slopes(net: nn.Module, images: Tensor, group: int, seed: int = 0) -> Generator[float, None, Tensor]:
    """dE/dtheta, the mean over each `group` of pictures (N, C, H, W): (N / group, P) float32 on the CPU.

    P counts at most 4,096 parameters of each tensor. Yields the share done.
    """
    parameters = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    random = torch.Generator().manual_seed(seed)
    chosen = [torch.randperm(value.numel(), generator=random)[:MOST] for value in parameters.values()]
    device = next(iter(parameters.values())).device
    rows = []
    groups = images[: len(images) // group * group].view(-1, group, *images.shape[1:])
    for done, pictures in enumerate(groups):
        with torch.enable_grad():
            energy = functional_call(net, parameters, (pictures.to(device),)).mean()
            slopes = torch.autograd.grad(energy, list(parameters.values()))
        rows.append(torch.cat([slope.flatten().cpu()[keep] for slope, keep in zip(slopes, chosen, strict=True)]))
        yield (done + 1) / len(groups)
    return torch.stack(rows)


def moment_gap(data: Tensor, samples: Tensor, seed: int = 0, group: int = 1) -> MomentGap:
    """Compare the statistics of data (N, D) with those of samples (M, D).

    Statistics that never vary over the data are left out. With `group`, each row is the mean over so
    many pictures, and sd is still that of one picture. The size is never 0: chance alone gives about
    the root of 1/N + 1/M.
    """
    sd = data.double().std(0) * group**0.5
    varies = sd > 1e-6 * sd.max().clamp_min(1e-30)
    data, samples, sd = data[:, varies], samples[:, varies], sd[varies]
    of_data, of_samples = means(data, seed), means(samples, seed + 1)
    size = ((of_samples - of_data) / sd).square().mean(1).sqrt()
    return MomentGap(of_data[0], of_samples[0], sd, size)
