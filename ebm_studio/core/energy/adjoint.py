"""The gradient of a loss on a chain's end with respect to its start noise, at the memory of one step.

Back-propagating through K steps x <- x - s dE/dx multiplies the cotangent by I - s H(x_k), the last
step first. For a piecewise linear net the Hessian H is zero wherever it exists, so the whole chain's Jacobian is the
identity and there is nothing to compute. For a smooth net each step needs one Hessian-vector product at the image it
started from: the K images are all that has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from ebm_studio.core.energy.blocks import Blocks
from ebm_studio.core.energy.gradients import first_backward
from ebm_studio.core.energy.nets import ConvNet, EnergyNet
from ebm_studio.core.energy.winograd import TILE, WIDE, HalvingConvolution, from_tiles, to_tiles
from ebm_studio.core.specs import ShortRun


class HessianProduct:
    """H(x) v of the energy of a convolutional net, by hand: the energy's gradient differentiated along v.

    Forward-over-reverse. Values and tangents go through the same convolutions as one batch of 2 N.
    """

    def __init__(self, net: ConvNet) -> None:
        self._is_zero = net.is_piecewise_linear
        self._blocks = Blocks(type(self).__name__, self._product, net.spec.shape, inputs=2)
        self._biases = [layer.bias for layer in net.convolutions]
        self._last = net.convolutions[-1].weight
        self._maps = [_linear_map(layer) for layer in net.convolutions[:-1]]

    @torch.no_grad()
    def __call__(self, images: Tensor, vectors: Tensor) -> Tensor:
        """The Hessian at each image times the vector beside it, (N, C, H, W)."""
        if self._is_zero:
            return torch.zeros_like(images)
        if images.device.type != "cpu":
            return self._product(images, vectors)[0]
        product = torch.empty_like(images)
        self._blocks.fill([images, vectors], [product])
        return product

    def _product(self, images: Tensor, vectors: Tensor) -> tuple[Tensor]:
        n = len(images)
        kept = []
        h = torch.cat([images, vectors]).contiguous(memory_format=torch.channels_last)
        for layer, bias in zip(self._maps, self._biases, strict=False):
            h = layer.forward(h)
            assert bias is not None
            a, tangent = h[:n].add_(bias[:, None, None]), h[n:]
            # silu = a s, silu' = s + a s (1 - s) and silu'' = (s (1 - s)) (2 + a (1 - 2 s)), s the logistic function.
            s = torch.sigmoid(a)
            slope = torch.mul(s, 1 - s)
            bend = slope * (1 - 2 * s).mul_(a).add_(2).mul_(tangent)
            slope.mul_(a).add_(s)
            kept.append((slope, bend))
            a *= s
            tangent *= slope

        g = torch.zeros_like(h)
        g[:n] = self._last
        for layer, (slope, bend) in zip(reversed(self._maps), reversed(kept), strict=True):
            value, tangent = g[:n], g[n:]
            tangent.mul_(slope).addcmul_(bend, value)
            value *= slope
            g = layer.backward(g)
        return (g[n:],)


class AutogradHessianProduct:
    """H(x) v of the energy of any net, by differentiating twice."""

    def __init__(self, net: EnergyNet) -> None:
        self._net = net
        self._blocks = Blocks(type(self).__name__, self._product, net.spec.shape, inputs=2)

    def __call__(self, images: Tensor, vectors: Tensor) -> Tensor:
        """The Hessian at each image times the vector beside it, (N, C, H, W)."""
        if images.device.type != "cpu":
            return self._product(images, vectors)[0]
        product = torch.empty_like(images)
        self._blocks.fill([images, vectors], [product])
        return product

    @torch.enable_grad()
    def _product(self, images: Tensor, vectors: Tensor) -> tuple[Tensor]:
        x = images.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self._net(x).sum(), x, create_graph=True)
        (product,) = torch.autograd.grad(slope, x, vectors)
        return (product,)


class _LinearMap(Protocol):
    """A convolution without its bias, channels last."""

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (N, C, H, H) to new ones."""

    def backward(self, g: Tensor) -> Tensor:
        """The transpose, to pictures that may be overwritten."""


def _linear_map(layer: nn.Conv2d) -> _LinearMap:
    on_cpu = layer.weight.device.type == "cpu"
    return _Winograd(layer) if on_cpu and layer.in_channels >= WIDE else _Direct(layer)


class _Direct:
    def __init__(self, layer: nn.Conv2d) -> None:
        self._layer = layer
        self._weight = layer.weight.detach().contiguous(memory_format=torch.channels_last)
        self._is_first = layer.stride[0] == 1 and layer.weight.device.type == "cpu"

    def forward(self, pictures: Tensor) -> Tensor:
        return torch.conv2d(pictures, self._weight, None, self._layer.stride, self._layer.padding)

    def backward(self, g: Tensor) -> Tensor:
        if self._is_first:
            return first_backward(g.permute(0, 2, 3, 1), self._weight)
        return torch.conv_transpose2d(g, self._weight, None, self._layer.stride, 1)


class _Winograd:
    def __init__(self, layer: nn.Conv2d) -> None:
        weight = layer.weight.detach()
        self._convolution = HalvingConvolution(weight, weight.new_zeros(len(weight)))

    def forward(self, pictures: Tensor) -> Tensor:
        n, channels, side, _ = pictures.shape
        framed = pictures.new_zeros(n, side + 2, side + 2, channels)[:, 1:-1, 1:-1]
        framed.copy_(pictures.permute(0, 2, 3, 1))
        tiles = self._convolution.forward(framed.permute(0, 3, 1, 2))
        result = pictures.new_empty(n, side // 2, side // 2, tiles.shape[-1])
        from_tiles(tiles, result)
        return result.permute(0, 3, 1, 2)

    def backward(self, g: Tensor) -> Tensor:
        n, channels, side, _ = g.shape
        t = side // TILE
        tiles = g.new_empty(TILE**2, n, t, t, channels)
        to_tiles(g.permute(0, 2, 3, 1), tiles)
        return self._convolution.backward(tiles)


Product = Callable[[Tensor, Tensor], Tensor]
"""The Hessian at each image times the vector beside it, all (N, C, H, W)."""


def hessian_product(net: EnergyNet) -> Product | None:
    """What multiplies by the Hessian of the net's energy; None for a piecewise linear net, where it is zero."""
    if net.is_piecewise_linear:
        return None
    return HessianProduct(net) if isinstance(net, ConvNet) else AutogradHessianProduct(net)


def pull_back(product: Product | None, images: Sequence[Tensor], cotangent: Tensor, run: ShortRun) -> Tensor:
    """dL/dz from dL/dx_K, both (N, C, H, W), for the chain z = x_0, x_1 ... x_K = `images`.

    The noise that the steps added, if any, counts as constant. Where the `hessian_product` is None
    this is `cotangent` itself, and `images` may be empty.
    """
    if product is None:
        return cotangent
    for index in reversed(range(run.steps)):
        cotangent = cotangent - run.step_size * run.pace(index) * product(images[index], cotangent)
    return cotangent
