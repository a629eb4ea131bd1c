"""E(x) and dE/dx in one call, by hand: what a Langevin step spends its time on.

Autograd would keep a graph and read the parameters' flags at each of the K steps. These nets are
plain sequences, so the gradient is a second walk through the same convolutions, with the
activations of the first walk kept in place.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebm_studio.core.nets import SLOPE, EnergyNet

SMOOTH = ("silu",)
"""Activations with a second derivative; nets of the others are piecewise linear."""
_aten = torch.ops.aten


class EnergyGradient:
    """The energy and its gradient at images (N, C, H, W), for the net's weights as they are now.

    The weights are shared with the net, not copied, so a learner's update is seen at the next call.
    """

    def __init__(self, net: EnergyNet) -> None:
        self.spec = net.spec
        self._net = net
        for layer in net.convolutions:
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, C, H, W) in float32."""
        *hidden, last = self._net.convolutions
        smooth = self.spec.activation in SMOOTH

        inputs, kept = [], []
        h = images.contiguous(memory_format=torch.channels_last)
        for layer in hidden:
            inputs.append(h)
            h = torch.conv2d(h, layer.weight.detach(), layer.bias, layer.stride, layer.padding)
            kept.append(h)
            # LeakyReLU keeps the sign, so its result serves as its own mask and may overwrite h.
            h = torch.nn.functional.silu(h) if smooth else torch.nn.functional.leaky_relu_(h, SLOPE)
        # The last layer sees the whole 4x4 picture: a dot product, whose gradient is its weight.
        assert last.bias is not None
        weight = last.weight.detach()
        energy = (h * weight).sum((1, 2, 3)) + last.bias.detach()

        g = weight.expand_as(h).contiguous(memory_format=torch.channels_last)
        for layer, x, a in zip(reversed(hidden), reversed(inputs), reversed(kept), strict=True):
            g = _aten.silu_backward(g, a) if smooth else _aten.leaky_relu_backward(g, a, SLOPE, True)
            g = _aten.convolution_backward(
                g, x, layer.weight.detach(), None, layer.stride, layer.padding, (1, 1), False, (0, 0), 1,
                (True, False, False),
            )[0]  # fmt: skip
        return energy, g
