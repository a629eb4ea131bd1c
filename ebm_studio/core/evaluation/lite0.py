"""EfficientNet-Lite0 as a feature network: pictures to 1280 numbers that say what is in them.

The net of the EfficientNet-Lite release (no squeeze-and-excitation, ReLU6, TensorFlow's padding),
here without its classifier and with each batch norm folded into the convolution before it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

FEATURES = 1280
SIDE = 224  # the side of the pictures that it was trained on
EPSILON = 1e-3  # of the batch norms, as in TensorFlow

# Expansion, kernel, stride of the first block, blocks; widths are read from the weights.
_STAGES = ((1, 3, 1, 1), (6, 3, 2, 2), (6, 5, 2, 2), (6, 3, 2, 3), (6, 5, 1, 3), (6, 5, 2, 4), (6, 3, 1, 1))


class Lite0(nn.Module):
    """uint8 pictures (N, 1 or 3, H, W) of any size to pooled features (N, 1280).

    `weights` is the state_dict of the release as ported to PyTorch (`_conv_stem.weight`, ...). Raises
    `KeyError` or `ValueError` when it is another net's.
    """

    def __init__(self, weights: dict[str, Tensor], side: int = SIDE) -> None:
        super().__init__()
        self.side = side
        self.stem = _convolution(weights, "_conv_stem", "_bn0", 3, 2)
        blocks: list[nn.Module] = []
        for expansion, kernel, first_stride, count in _STAGES:
            for i in range(count):
                name = f"_blocks.{len(blocks)}"
                blocks.append(_Block(weights, name, expansion, kernel, first_stride if i == 0 else 1))
        self.blocks = nn.Sequential(*blocks)
        self.head = _convolution(weights, "_conv_head", "_bn1", 1, 1)
        self.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # the stubs want a device, too

    @torch.inference_mode()
    def forward(self, pixels: Tensor) -> Tensor:
        """Features, (N, 1280) float32."""
        x = pixels.float()
        if x.shape[-2:] != (self.side, self.side):
            # With antialias, torch's bicubic is Pillow's.
            x = interpolate(x, (self.side, self.side), mode="bicubic", antialias=True).clamp_(0, 255)
        x = x.sub_(127).div_(128).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        x = self.stem(x).clamp_(0, 6)
        maps: Tensor = self.head(self.blocks(x)).clamp_(0, 6)
        return maps.mean((2, 3))


class _Block(nn.Module):
    """Inverted residual: widen by 1x1, filter each channel, narrow by 1x1, add the input where it fits."""

    def __init__(self, weights: dict[str, Tensor], name: str, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.widen = _convolution(weights, f"{name}._expand_conv", f"{name}._bn0", 1, 1) if expansion > 1 else None
        self.filter = _convolution(weights, f"{name}._depthwise_conv", f"{name}._bn1", kernel, stride)
        self.narrow = _convolution(weights, f"{name}._project_conv", f"{name}._bn2", 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = x if self.widen is None else self.widen(x).clamp_(0, 6)
        h = self.narrow(self.filter(h).clamp_(0, 6))
        return h.add_(x) if h.shape == x.shape else h


class _Same(nn.Conv2d):
    """A convolution of odd kernel with TensorFlow's "same" padding: what does not split evenly goes right and below."""

    def forward(self, x: Tensor) -> Tensor:
        k, s = self.kernel_size[0], self.stride[0]
        if s == 1:
            return torch.conv2d(x, self.weight, self.bias, 1, k // 2, 1, self.groups)
        height, width = (max((-(-side // s) - 1) * s + k - side, 0) for side in x.shape[-2:])
        x = pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return torch.conv2d(x, self.weight, self.bias, s, 0, 1, self.groups)


def _convolution(weights: dict[str, Tensor], name: str, norm: str, kernel: int, stride: int) -> _Same:
    weight = weights[f"{name}.weight"]
    if weight.shape[-1] != kernel:
        raise ValueError(f"{name} has a kernel of {weight.shape[-1]}, not {kernel}")
    width, inputs = weight.shape[:2]
    groups = width if inputs == 1 else 1
    layer = _Same(inputs * groups, width, kernel, stride, groups=groups)
    scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + EPSILON).sqrt()
    assert layer.bias is not None
    layer.weight.data = weight * scale.view(-1, 1, 1, 1)
    layer.bias.data = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return layer
