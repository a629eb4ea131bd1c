"""The authors' method, written out literally: the baseline of all benchmarks.

From the minimal code that accompanies the paper: float32, NCHW, eager autograd, the parameters
requiring gradients while the chains run, and the graph retained.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebm_studio.core.energy.nets import EnergyNet


def step(net: EnergyNet, x: Tensor) -> Tensor:
    """One Langevin step of the authors' loop; x (N, C, H, W) requires gradients and is changed in place."""
    f_prime = torch.autograd.grad(net(x).sum(), [x], retain_graph=True)[0]
    x.data -= 1.0 * f_prime - 1e-2 * torch.randn_like(x)
    return x


def update(net: EnergyNet, adam: torch.optim.Optimizer, images: Tensor, steps: int) -> None:
    """One update of the authors' loop: as many short runs as training images (m, C, H, W)."""
    x_p_d = images + 3e-2 * torch.randn_like(images)
    x_q = torch.rand_like(images).mul_(2).sub_(1).requires_grad_()
    for _ in range(steps):
        step(net, x_q)
    loss = net(x_p_d).mean() - net(x_q.detach()).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()


def reconstruction_gradient(net: EnergyNet, z: Tensor, target: Tensor, steps: int) -> Tensor:
    """dL/dz of L = |target - M(z)|^2 with autograd's graph kept over all steps."""
    z = z.clone().requires_grad_()
    x = z
    for _ in range(steps):
        x = x - torch.autograd.grad(net(x).sum(), x, create_graph=True)[0]
    return torch.autograd.grad((x - target).square().sum(), z)[0]
