"""Nets that start as a smaller one: for pictures of twice the size, or with twice the channels.

A net for larger pictures has E'(x) = 4 E(x̄) + c Σ|d|. x̄ is x averaged over cells of 2x2 pixels. Averaging divides the
gradient by 4, and the factor restores it, so the means of the cells move under 4 E(x̄) as the smaller picture does
under E. d is what the differences within a cell (across, down and both) have more than a linear interpolation of the
means around it, so the second term makes pictures smooth. Together, short runs draw the smaller net's pictures from the
first update on, smoothly enlarged, and only the finer detail remains to be trained. A widened net starts with exactly
the energy of the narrower one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ebm_studio.core.energy.nets import ConvNet, EnergyNet, make_net
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import STEM, NetSpec

SHIFTS = (-1, 1)
MEAN = torch.tensor([0, 0, 1 / 2, 1 / 2, 0, 0])
SLOPE = torch.tensor([-1 / 16, -1 / 16, 1 / 2, -1 / 2, 1 / 16, 1 / 16])  # of a cell, less the interpolated one
DIFFERENCES = ((MEAN, SLOPE), (SLOPE, MEAN), (SLOPE, SLOPE))  # across, down, and both
SMOOTHING = 0.1  # c: in 50 steps of size 1 it takes a difference of 1 to 0
TINY = 1e-12  # the norm of a channel that gives nothing
PARTS = (0.25, 0.75)  # bounds of the random share of an outgoing weight that the first of two copies gets


def fitted(net: EnergyNet, spec: NetSpec, generator: torch.Generator) -> EnergyNet:
    """The net with which training of a net of `spec` can begin: itself, or widened, grown, or both. Raises
    `SettingsError` if that does not fit.
    """
    if spec.width == 2 * net.spec.width:
        net = widened(net, generator)  # first, since growing needs channels
    if spec.size and spec.size == 2 * net.spec.size:
        net = grown(net, spec.width, generator)
    if net.spec != spec:
        raise SettingsError(f"A network of {spec} cannot start from the weights of {net.spec}.")
    return net


def grown(net: EnergyNet, width: int, generator: torch.Generator) -> ConvNet:
    """The net of twice the size with E'(x) = 4 E(x̄) + c Σ|d|, of the same width or half of it. All remaining new
    channels are random, but nothing reads them yet. Where a layer lacks room, the most similar channels are merged, and
    the energy is only approximate: close for the same width, and for a net that was widened. Raises `SettingsError` if
    the net's family, channels, size, width or activation do not allow it.
    """
    least = STEM * net.spec.channels
    if not isinstance(net, ConvNet) or not net.spec.is_leaky or net.spec.leak == 1 or width < least:
        raise SettingsError(
            f"With {net.spec.channels} channels, only a LeakyReLU network can grow, and only to n_f {least} or more."
        )
    if width not in (net.spec.width, net.spec.width / 2):
        raise SettingsError(f"A network of n_f {net.spec.width} cannot grow to one of n_f {width}.")
    spec = replace(net.spec, size=2 * net.spec.size, width=width)
    bigger = ConvNet(spec, generator)
    first, second, *others = bigger.convolutions
    with torch.no_grad():
        detail = 2 * len(DIFFERENCES) * net.spec.channels
        room = [spec.widths[1] - detail, *(width - 1 for width in spec.widths[2:])]
        ((old_first, first_bias), *old_others) = old = _within(net, room)
        _pass_on(first.weight, _biased(first.bias), net.spec.channels)
        # x = (LeakyReLU(x) - LeakyReLU(-x)) / (1 + leak)
        _average(second.weight, _biased(second.bias), old_first / (1 + spec.leak), first_bias)
        for new, (weight, bias) in zip(others, old_others, strict=True):
            rows, columns = weight.shape[:2]
            new.weight[:rows] = 0  # at first the new channels do not feed into the old ones
            new.weight[:rows, :columns] = weight
            _biased(new.bias)[:rows] = bias
        others[-1].weight *= 4
        _biased(others[-1].bias).mul_(4)
        _smooth([second, *others], [len(weight) for weight, _ in old[:-1]], spec)
    return bigger


def widened(net: EnergyNet, generator: torch.Generator) -> EnergyNet:
    """The net of twice the width with the same energy (Net2WiderNet, Chen et al., 2016). Each channel becomes two,
    which share its outgoing weights in random parts, so that training makes them differ.
    """
    wide = make_net(replace(net.spec, width=2 * net.spec.width))
    new, old = ([m for m in each.modules() if isinstance(m, nn.Conv2d | nn.Linear)] for each in (wide, net))
    with torch.no_grad():
        for index, (into, layer) in enumerate(zip(new, old, strict=True)):
            weight, bias = layer.weight, _biased(layer.bias)
            if index:
                part = torch.empty_like(weight).uniform_(*PARTS, generator=generator)
                weight = torch.cat([part * weight, (1 - part) * weight], 1)
            copies = 1 if layer is old[-1] else 2
            into.weight.copy_(torch.cat([weight] * copies))
            _biased(into.bias).copy_(torch.cat([bias] * copies))
    return wide


def _within(net: ConvNet, widths: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases of the layers, with at most these channels: the most similar ones are merged in pairs."""
    layers = [(layer.weight, _biased(layer.bias)) for layer in net.convolutions]
    for index, width in enumerate(widths):
        (weight, bias), (onward, onward_bias) = layers[index : index + 2]
        while len(weight) > width:
            kept, gone = _alike(weight, bias)[: len(weight) - width].T
            weight, bias, onward = weight.clone(), bias.clone(), onward.clone()
            before = _whole(weight, bias).norm(dim=1)
            for one in (weight, bias):
                one[kept] = (one[kept] + one[gone]) / 2
            after = _whole(weight, bias).norm(dim=1)[kept].clamp_min(TINY)
            # LeakyReLU(k x) = k LeakyReLU(x): a channel k times as large as the merged one counts k times.
            for one in (kept, gone):
                onward[:, one] *= (before[one] / after)[:, None, None]
            onward[:, kept] += onward[:, gone]
            stay = torch.ones(len(weight), dtype=torch.bool).index_fill(0, gone, False)
            weight, bias, onward = weight[stay], bias[stay], onward[:, stay]
        layers[index : index + 2] = (weight, bias), (onward, onward_bias)
    return layers


def _alike(weight: Tensor, bias: Tensor) -> Tensor:
    """Pairs (N / 2, 2) of a layer's N channels, those first whose weights and bias have the most similar direction."""
    directions = nn.functional.normalize(_whole(weight, bias))
    likeness = (directions @ directions.T).fill_diagonal_(-torch.inf)
    pairs = []
    for _ in range(len(weight) // 2):
        pair = divmod(int(likeness.argmax()), len(weight))
        likeness[list(pair)] = likeness[:, list(pair)] = -torch.inf
        pairs.append(pair)
    return torch.tensor(pairs)


def _whole(weight: Tensor, bias: Tensor) -> Tensor:
    """All that decides what each of N channels gives, (N, weights and bias)."""
    return torch.cat([weight.flatten(1), bias[:, None]], 1)


def _smooth(layers: list[nn.Conv2d], rows: list[int], spec: NetSpec) -> None:
    """Put c Σ|d| into channels that start at `rows`, after the old ones: both signs of each difference, then sums."""
    second, *others = layers
    kernels = torch.stack([torch.outer(down, across) for down, across in DIFFERENCES])
    own = torch.eye(spec.channels)[:, None, :, None, None] * kernels[:, None]  # each of one channel of the picture
    both = torch.cat([own.flatten(0, 1), -own.flatten(0, 1)]) / (1 + spec.leak)
    channels = slice(rows[0], rows[0] + len(both))
    _see(second.weight[channels], both)
    _biased(second.bias)[channels] = 0
    for layer, row in zip(others[:-1], rows[1:], strict=True):
        layer.weight[row] = 0
        layer.weight[row, channels, 1:3, 1:3] = 1  # the middle of a kernel of stride 2 counts every cell exactly once
        _biased(layer.bias)[row] = 0
        channels = slice(row, row + 1)
    others[-1].weight[:, channels] = SMOOTHING / (1 - spec.leak)  # LeakyReLU(d) + LeakyReLU(-d) = (1 - leak) |d|


def _pass_on(weight: Tensor, bias: Tensor, channels: int) -> None:
    # LeakyReLU(x) and LeakyReLU(-x) together still hold x. Each passes on a picture shifted by a pixel
    # across and down, so that the 4x4 kernels of the next layer see 6x6 pixels between them.
    signs_and_shifts = itertools.product((1, -1), SHIFTS, SHIFTS, range(channels))
    for row, (sign, down, across, channel) in enumerate(signs_and_shifts):
        weight[row] = 0
        weight[row, channel, 1 + down, 1 + across] = sign
        bias[row] = 0


def _average(weight: Tensor, bias: Tensor, old: Tensor, old_bias: Tensor) -> None:
    """The old 3x3 layer over 2x2 means."""
    _see(weight[: len(old)], old.repeat_interleave(2, 2).repeat_interleave(2, 3) / 4)
    bias[: len(old)] = old_bias


def _see(weight: Tensor, kernel: Tensor) -> None:
    """Rows of weights that see a picture as a kernel (N, C, 6, 6) of stride 2 does; each shift gives a quarter."""
    weight.zero_()
    for sign, down, across, channel in itertools.product((1, -1), SHIFTS, SHIFTS, range(kernel.shape[1])):
        shift = ((sign < 0) * len(SHIFTS) + SHIFTS.index(down)) * len(SHIFTS) + SHIFTS.index(across)
        weight[:, shift * kernel.shape[1] + channel] = sign * _quarter(kernel[:, channel], down, across)


def _quarter(kernel: Tensor, down: int, across: int) -> Tensor:
    """The part of a kernel (N, 6, 6) that one shifted copy of the picture computes: its 3x3 corner, in the 4x4 window
    that this copy sees.
    """
    window = kernel.new_zeros(len(kernel), 6, 6)
    ys, xs = (slice(0, 3) if shift < 0 else slice(3, 6) for shift in (down, across))
    window[:, ys, xs] = kernel[:, ys, xs]
    y, x = (0 if shift < 0 else 2 for shift in (down, across))
    return window[:, y : y + 4, x : x + 4]


def _biased(bias: Tensor | None) -> Tensor:
    assert bias is not None
    return bias
