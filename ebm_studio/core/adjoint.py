"""The gradient of a loss on a chain's end with respect to its start noise, at the memory of one step.

Back-propagating through K steps x <- x - s dE/dx multiplies the cotangent by I - s H(x_k), the last
step first. For a piecewise linear net the Hessian H is zero wherever it exists, so the whole chain's
Jacobian is the identity and nothing is to be done. For a smooth net each step needs one
Hessian-vector product at the image it started from: the K images are all that has to be kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ebm_studio.core.gradients import SMOOTH
from ebm_studio.core.nets import EnergyNet
from ebm_studio.core.specs import ShortRun


class HessianProduct:
    """H(x) v of the energy of a net, by hand: the energy's gradient differentiated along v.

    Forward-over-reverse. Values and tangents go through the same convolutions as one batch of 2 N.
    """

    def __init__(self, net: EnergyNet) -> None:
        self.spec = net.spec
        self._net = net

    @torch.no_grad()
    def __call__(self, images: Tensor, vectors: Tensor) -> Tensor:
        """The Hessian at each image times the vector beside it, (N, C, H, W)."""
        if self.spec.activation not in SMOOTH:
            return torch.zeros_like(images)
        *hidden, last = self._net.convolutions
        n = len(images)

        inputs, kept = [], []
        h = torch.cat([images, vectors]).contiguous(memory_format=torch.channels_last)
        for layer in hidden:
            inputs.append(h)
            h = torch.conv2d(h, layer.weight, None, layer.stride, layer.padding)
            assert layer.bias is not None
            a, tangent = h[:n].add_(layer.bias[:, None, None]), h[n:]
            # silu = a s, silu' = s + a s (1 - s) and silu'' = (s (1 - s)) (2 + a (1 - 2 s)), s the logistic function.
            s = torch.sigmoid(a)
            slope = torch.mul(s, 1 - s)
            bend = slope * (1 - 2 * s).mul_(a).add_(2).mul_(tangent)
            slope.mul_(a).add_(s)
            kept.append((slope, bend))
            a *= s
            tangent *= slope

        g = torch.zeros_like(h)
        g[:n] = last.weight
        for layer, x, (slope, bend) in zip(reversed(hidden), reversed(inputs), reversed(kept), strict=True):
            value, tangent = g[:n], g[n:]
            tangent.mul_(slope).addcmul_(bend, value)
            value *= slope
            g = torch.ops.aten.convolution_backward(
                g, x, layer.weight, None, layer.stride, layer.padding, (1, 1), False, (0, 0), 1, (True, False, False),
            )[0]  # fmt: skip
        return g[n:]


def pull_back(net: EnergyNet, images: Sequence[Tensor], cotangent: Tensor, run: ShortRun) -> Tensor:
    """dL/dz from dL/dx_K, both (N, C, H, W), for the chain z = x_0, x_1 ... x_K = `images`.

    The noise that the steps added, if any, counts as constant. For a LeakyReLU net this is
    `cotangent` itself, and `images` may be empty.
    """
    if net.spec.activation not in SMOOTH:
        return cotangent
    product = HessianProduct(net)
    for x in reversed(images[:-1]):
        cotangent = cotangent - run.step_size * product(x, cotangent)
    return cotangent
