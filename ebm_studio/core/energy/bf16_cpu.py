"""The energy's gradient in bfloat16 on the CPU, with the weights laid out for its matrix units in advance.

A plain convolution lays its weights out again at each call, which in the wide layers costs as much as the
products themselves. Here that is done once for each state of the weights, LeakyReLU is the last pass of
the convolution before it, and a last hidden layer of many channels, for its few pixels, is a matrix product.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ebm_studio.core.energy.gradients import BlockGradient
from ebm_studio.core.energy.nets import ConvNet

BLOCK = 8  # number of images that the weights are laid out for
LARGEST = 1024  # images times n_f in a block: enough for the matrix units, little for a core's cache
MANY = 256  # input channels from which on the product beats the convolution
LAST = 4  # side of the last hidden layer's pictures; those before have twice that

_aten = torch.ops.aten
_mkldnn = torch.ops.mkldnn


def is_packable() -> bool:
    """Whether this build of torch has the operators, which it keeps for its compiler."""
    return all(
        hasattr(_mkldnn, name)
        for name in ("_convolution_pointwise", "_convolution_transpose_pointwise", "_linear_pointwise")
    )


class PackedConvolution:
    """A convolution and its transpose; pictures are bfloat16 (N, C, H, W), channels last."""

    def __init__(self, layer: nn.Conv2d, shape: tuple[int, ...], leak: float | None) -> None:
        self._layer, self._shape = layer, shape
        self._activation = ("none", [], "") if leak is None else ("leaky_relu", [leak], "")
        self.refresh()

    def refresh(self) -> None:
        """Use the weight's current value."""
        layer = self._layer
        block, _, height, width = self._shape
        weight = layer.weight.detach().to(torch.bfloat16).contiguous()
        stride, padding = list(layer.stride), list(layer.padding)
        results = [block, layer.out_channels, height // stride[0], width // stride[1]]
        self._bias = _bias(layer).to(torch.bfloat16)
        self._sizes = (padding, stride, [1, 1], 1)
        self._sizes_back = (padding, [0, 0], stride, [1, 1], 1)
        self._forward = _aten.mkldnn_reorder_conv2d_weight(weight.to_mkldnn(), *self._sizes, list(self._shape))
        self._backward = _mkldnn._reorder_convolution_transpose_weight(weight, *self._sizes_back, results)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the result, activated, (N, width, H / 2, W / 2)."""
        y: Tensor = _mkldnn._convolution_pointwise(x, self._forward, self._bias, *self._sizes, *self._activation)
        return y

    def backward(self, g: Tensor) -> Tensor:
        """The gradient at the result (before its activation) to that at x."""
        x: Tensor = _mkldnn._convolution_transpose_pointwise(g, self._backward, None, *self._sizes_back, "none", [], "")
        return x


class PackedProduct:
    """The 4x4 convolution of stride 2 from 8x8 to 4x4 pixels, as one matrix product over its patches."""

    def __init__(self, layer: nn.Conv2d, leak: float | None) -> None:
        self._layer = layer
        self._activation = ("none", [], "") if leak is None else ("leaky_relu", [leak], "")
        self.refresh()

    def refresh(self) -> None:
        """Use the weight's current value."""
        rows = BLOCK * LAST**2
        weight = self._layer.weight.detach().to(torch.bfloat16).permute(0, 2, 3, 1).flatten(1)
        self._bias = _bias(self._layer).to(torch.bfloat16)
        self._forward = _mkldnn._reorder_linear_weight(weight.contiguous(), rows)
        self._backward = _mkldnn._reorder_linear_weight(weight.t().contiguous(), rows)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the result, activated, (N, width, H / 2, W / 2)."""
        n, channels = x.shape[:2]
        framed = x.new_zeros(n, 2 * LAST + 2, 2 * LAST + 2, channels)
        framed[:, 1:-1, 1:-1] = x.permute(0, 2, 3, 1)
        patches = _patches(framed, LAST, 1).reshape(-1, LAST**2 * channels)
        y: Tensor = _mkldnn._linear_pointwise(patches, self._forward, self._bias, *self._activation)
        return y.view(n, LAST, LAST, y.shape[1]).permute(0, 3, 1, 2)

    def backward(self, g: Tensor) -> Tensor:
        """The gradient at the result (before its activation), (N, width, 4, 4), to that at x."""
        n, outputs = g.shape[:2]
        rows = g.permute(0, 2, 3, 1).reshape(-1, outputs)
        patches: Tensor = _mkldnn._linear_pointwise(rows, self._backward, None, "none", [], "")
        patches = patches.view(n, LAST, LAST, LAST, patches.shape[1] // LAST)
        framed = g.new_zeros(n, 2 * LAST + 2, 2 * LAST + 2, self._layer.in_channels)
        # Every second patch of a row or column overlaps none of the others: four sums lay them all down.
        for i in (0, 1):
            for j in (0, 1):
                _patches(framed[:, 2 * i :, 2 * j :], LAST // 2, 2).add_(patches[:, i::2, j::2])
        return framed[:, 1:-1, 1:-1].permute(0, 3, 1, 2)


class PackedGradient(BlockGradient):
    """`EnergyGradient` in bfloat16, for CPUs."""

    def __init__(self, net: ConvNet) -> None:
        super().__init__(net.spec, torch.bfloat16, max(BLOCK, LARGEST // net.spec.width))
        self._leak = net.spec.leak if net.spec.is_leaky else None
        *hidden, self._last = net.convolutions
        shape = (BLOCK, *net.spec.shape)
        self._layers: list[PackedConvolution | PackedProduct] = []
        for layer in hidden[:-1]:
            self._layers.append(PackedConvolution(layer, shape, self._leak))
            shape = (BLOCK, layer.out_channels, shape[2] // layer.stride[0], shape[3] // layer.stride[1])
        last = hidden[-1]
        self._layers.append(
            PackedProduct(last, self._leak) if last.in_channels >= MANY else PackedConvolution(last, shape, self._leak)
        )
        self._take_up_last()

    def refresh(self) -> None:
        """Use the net's current weights."""
        for layer in self._layers:
            layer.refresh()
        self._take_up_last()

    def _take_up_last(self) -> None:
        weight = self._last.weight.detach().to(torch.bfloat16)
        self._weight = weight.contiguous(memory_format=torch.channels_last)
        self._constant = _bias(self._last).float()

    def _walk(self, images: Tensor) -> tuple[Tensor, Tensor]:
        h, kept = images, []
        for layer in self._layers:
            h = layer.forward(h)
            kept.append(h)
            h = _aten.silu(h) if self._leak is None else h
        # The last layer sees the whole 4x4 picture: a dot product, whose gradient is its weight.
        energy = (h * self._weight).sum((1, 2, 3), dtype=torch.float32) + self._constant

        g = self._weight.expand_as(h)
        for layer, a in zip(reversed(self._layers), reversed(kept), strict=True):
            # Over the activations, which nobody needs any more: new memory would cost more than the product.
            if self._leak is None:
                _aten.silu_backward.grad_input(g, a, grad_input=a)
            else:
                _aten.leaky_relu_backward.grad_input(g, a, self._leak, True, grad_input=a)
            g = layer.backward(a)
        return energy, g


def _patches(framed: Tensor, count: int, spread: int) -> Tensor:
    """Views (N, count, count, 4, 4 C) of framed (N, H, W, C): 4x4-pixel patches, 2 x `spread` pixels apart."""
    n, _, _, channels = framed.shape
    image, row, column, _ = framed.stride()
    step = 2 * spread
    return framed.as_strided(
        (n, count, count, 4, 4 * channels), (image, step * row, step * column, row, 1), framed.storage_offset()
    )


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias.detach()
