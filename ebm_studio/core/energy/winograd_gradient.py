"""The energy's gradient with Winograd's convolution in the wide layers, in float32 on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

from ebm_studio.core.energy.crew import share_out, threads
from ebm_studio.core.energy.gradients import BlockGradient, activate, bias_of, chain_rule, first_backward
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.energy.winograd import (
    POINTS_2D,
    TILE,
    WIDE,
    Batch,
    HalvingConvolution,
    Kept,
    by_cell,
    by_tile,
)

MOST = 64  # images in a block: more gain no speed and cost memory
PIECES = (16, 8)
"""Images that one thread takes through the net at a time: the larger number, if there is a piece for each thread. A
block of eight is one piece with any number of threads, and all other blocks are checked against it."""
HEAVY = 1 << 20  # numbers in a layer's weights from which on its products are computed for the whole block at once

TURNS = 8  # parts of a heavy layer's products: whichever thread is free takes the next one

_aten = torch.ops.aten


class WinogradGradient(BlockGradient):
    """All threads walk through the net together, with one block of images. Each takes a piece, a few images, at a time.

    Heavy layers have more weights than fit into a core's cache. So that each is read once, and by one thread, the
    pieces wait for each other there, and a thread computes the products of the whole block at some of the 25 points.
    """

    def __init__(self, net: ConvNet) -> None:
        super().__init__(net.spec, largest=MOST, together=True)
        *hidden, self.last = net.convolutions
        self.direct = [layer for layer in hidden[:-1] if layer.in_channels < WIDE]
        self.halving = [HalvingConvolution(layer.weight, bias_of(layer)) for layer in hidden[len(self.direct) :]]
        self.heavy = [layer.numbers >= HEAVY for layer in self.halving]
        self.frames = Kept()
        for layer in self.direct:
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)

    def refresh(self) -> None:
        """Use the net's current weights; call it when they have changed."""
        for layer in self.halving:
            layer.refresh()

    def _walk(self, images: Tensor) -> tuple[Tensor, Tensor]:
        count, depth = len(images), len(self.halving)
        batches = [layer.batch(count, 2 ** (depth - 1 - i)) for i, layer in enumerate(self.halving) if self.heavy[i]]
        energy, slope = images.new_empty(count), torch.empty_like(images)
        size = next((size for size in PIECES if count >= size * threads()), PIECES[-1])
        pieces = [
            _Piece(self, batches, rows.start, images[rows]).walk(energy[rows], slope[rows])
            for rows in _shares(count, -(-count // size))
        ]
        turns = _shares(POINTS_2D, TURNS)
        heavy = [layer for layer, is_heavy in zip(self.halving, self.heavy, strict=True) if is_heavy]
        products = [partial(layer.multiply, batch) for layer, batch in zip(heavy, batches, strict=True)]
        products += [partial(layer.multiply_back, batch) for layer, batch in zip(heavy, batches, strict=True)][::-1]
        for multiply in products:
            share_out(next, pieces)
            share_out(multiply, turns)
        share_out(lambda piece: next(piece, None), pieces)
        return energy, slope


class _Piece:
    """A few images of a block on their way through the net and back."""

    def __init__(self, net: WinogradGradient, batches: list[Batch], first: int, images: Tensor) -> None:
        self._net, self._batches, self._first, self._images = net, batches, first, images
        self._inputs: list[Tensor] = []
        self._kept: list[Tensor] = []
        self._tiles: list[Tensor] = []

    def walk(self, energy: Tensor, slope: Tensor) -> Iterator[None]:
        """Fill the images' energies (N,) and slopes (N, C, H, W). Stops for the products of each heavy layer."""
        n, spec, halving = len(self._images), self._net.spec, self._net.halving
        h, waiting = self._through_direct(), iter(self._batches)
        for layer, is_heavy in zip(halving, self._net.heavy, strict=True):
            if is_heavy:
                batch = next(waiting)
                layer.enter(h, batch, self._first)
                yield
                a = layer.leave(batch, self._first, n)
            else:
                a = layer.forward(h)
            self._tiles.append(a)
            if layer is not halving[-1]:
                h = self._frame(a.shape[2] * TILE, a.shape[-1])
                activate(spec, by_cell(a), out=by_tile(h.permute(0, 2, 3, 1)))

        self._turn(energy)
        waiting = reversed(self._batches)
        for layer, is_heavy in zip(reversed(halving), reversed(self._net.heavy), strict=True):
            g = self._tiles.pop()
            if is_heavy:
                batch = next(waiting)
                layer.enter_back(g, batch, self._first)
                yield
                g = layer.leave_back(batch, self._first, n)
            else:
                g = layer.backward(g)
            if self._tiles:
                a = by_cell(self._tiles[-1])
                chain_rule(spec, by_tile(g.permute(0, 2, 3, 1)), a, out=a)
        self._back_through_direct(g, slope)

    def _through_direct(self) -> Tensor:
        """The first layers' result, inside a frame."""
        h = self._images
        for layer in self._net.direct:
            self._inputs.append(h)
            a = torch.conv2d(h, layer.weight, layer.bias, layer.stride, layer.padding)
            self._kept.append(a)
            h = self._frame(a.shape[2], a.shape[1]) if layer is self._net.direct[-1] else torch.empty_like(a)
            activate(self._net.spec, a, out=h)
        return h

    def _turn(self, energy: Tensor) -> None:
        """Fill the energies; put the gradient in the place of the last wide layer's results."""
        last, a = self._net.last, self._tiles[-1]
        weight = last.weight[0].permute(1, 2, 0).reshape(TILE**2, 1, 1, 1, -1).contiguous()
        h = torch.empty_like(a)
        activate(self._net.spec, a, out=h)
        torch.add(h.mul_(weight).sum(-1).sum(0).flatten(), bias_of(last), out=energy)
        chain_rule(self._net.spec, weight.expand_as(a), a, out=a)

    def _back_through_direct(self, g: Tensor, slope: Tensor) -> None:
        for layer, x, a in zip(reversed(self._net.direct), reversed(self._inputs), reversed(self._kept), strict=True):
            chain_rule(self._net.spec, g, a, out=a)
            if layer is self._net.direct[0]:
                slope.copy_(first_backward(a.permute(0, 2, 3, 1), layer.weight))
                return
            g = _aten.convolution_backward(
                a, x, layer.weight, None, layer.stride, layer.padding, (1, 1), False, (0, 0), 1, (True, False, False)
            )[0]

    def _frame(self, side: int, channels: int) -> Tensor:
        """Pictures (N, C, H, H) to be filled in, channels last, inside a frame of zeros."""
        frame = self._net.frames.tensor("frame", (len(self._images), side + 2, side + 2, channels))
        return frame[:, 1:-1, 1:-1].permute(0, 3, 1, 2)


def _shares(count: int, parts: int) -> list[slice]:
    """Slices of about the same length."""
    ends = [count * part // parts for part in range(parts + 1)]
    return [slice(*pair) for pair in pairwise(ends)]
