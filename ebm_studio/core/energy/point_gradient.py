"""E(x) and dE/dx of a net of points, by hand: `core.energy.gradients` for the multilayer perceptron.

A step on 500 points takes a fraction of a millisecond, so that what autograd adds to it, a graph and
its bookkeeping, would be most of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ebm_studio.core.energy.nets import PointNet
from ebm_studio.core.energy.point_walk import KINDS, walk
from ebm_studio.core.energy.walks import Walked
from ebm_studio.core.specs import Activation

MOST = 4096  # points that walk together: what they take stays in the processor's caches

_aten: Any = torch.ops.aten
_Backward = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From the gradient at an activation's result, its argument and its result to the gradient at the argument."""


class PointGradient:
    """Energies and their gradients in float32, from the net's own weights."""

    def __init__(self, net: PointNet) -> None:
        self.spec = net.spec
        *self._hidden, self._last = [(layer.weight.detach(), layer.bias.detach()) for layer in net.layers]
        self._activate, self._activate_back = _activation(net)

    def refresh(self) -> None:
        """There is nothing to do: the weights are the net's own."""

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, 2) of points (N, 2), both new."""
        if len(images) <= MOST:
            return self._walk(images)
        energies, slopes = zip(*map(self._walk, torch.split(images, MOST)), strict=True)
        return torch.cat(energies), torch.cat(slopes)

    @torch.no_grad()
    def walk(self, x: Tensor, sizes: list[float], scales: list[float], noises: list[Tensor]) -> Walked:
        """Langevin steps from points (N, 2) in one call, of these sizes and noise scales; the first of them with the
        `noises` (N, 2) given.
        """
        if len(x) > MOST:
            pieces = [slice(first, first + MOST) for first in range(0, len(x), MOST)]
            parts = [self.walk(x[at], sizes, scales, [u[at] for u in noises]) for at in pieces]
            return Walked(*([torch.cat(rows) for rows in zip(*each, strict=True)] for each in zip(*parts, strict=True)))
        layers = [*self._hidden, self._last]
        weights, biases = [weight for weight, _ in layers], [bias for _, bias in layers]
        kind, leak = KINDS[self.spec.activation], self.spec.leak
        return Walked(*walk()(x, weights, biases, noises, sizes, scales, kind, leak))

    @torch.no_grad()
    def of_parameters(self, images: Tensor, factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Energies E (N,) of points (N, 2) and the gradient of sum(factors * E) at each of the net's parameters."""
        inputs, kept, h = self._forward(images)
        weight, bias = self._last
        energy = torch.addmv(bias, h, weight[0])
        gradients = [(factors @ h)[None], factors.sum().view(1)]
        g = torch.outer(factors, weight[0])
        for (w, _), x, a, result in zip(
            reversed(self._hidden), reversed(inputs), reversed(kept), reversed([*inputs[1:], h]), strict=True
        ):
            g = self._activate_back(g, a, result)
            gradients = [g.T @ x, g.sum(0), *gradients]
            g = g @ w
        return energy, gradients

    def _forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """What each hidden layer got, what its activation got, and the last activation's result."""
        inputs, kept = [], []
        for weight, bias in self._hidden:
            inputs.append(x)
            a = torch.addmm(bias, x, weight.T)
            kept.append(a)
            x = self._activate(a)
        return inputs, kept, x

    def _walk(self, points: Tensor) -> tuple[Tensor, Tensor]:
        inputs, kept, h = self._forward(points)
        weight, bias = self._last
        energy = torch.addmv(bias, h, weight[0])
        g = weight.expand_as(h)
        results = [*inputs[1:], h]
        for (w, _), a, result in zip(reversed(self._hidden), reversed(kept), reversed(results), strict=True):
            g = self._activate_back(g, a, result) @ w
        return energy, g


def _activation(net: PointNet) -> tuple[Callable[[Tensor], Tensor], _Backward]:
    leak = net.spec.leak
    kinds: dict[Activation, tuple[Callable[[Tensor], Tensor], _Backward]] = {
        "leaky_relu": (
            lambda a: functional.leaky_relu(a, leak),
            lambda g, a, _: _aten.leaky_relu_backward(g, a, leak, False),
        ),
        "silu": (functional.silu, lambda g, a, _: _aten.silu_backward(g, a)),
        "gelu": (functional.gelu, lambda g, a, _: _aten.gelu_backward(g, a)),
        "tanh": (torch.tanh, lambda g, _, result: _aten.tanh_backward(g, result)),
        "softplus": (functional.softplus, lambda g, a, _: _aten.softplus_backward(g, a, 1, 20)),
    }
    return kinds[net.spec.activation]
