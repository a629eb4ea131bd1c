"""4x4 convolutions of stride 2 with 25/64 of the multiplications, as batched matrix products.

A 4x4 kernel of stride 2 is a 2x2 kernel of stride 1 over the four phases of the picture, so Winograd's
minimal filtering F(4x4, 2x2) applies: 4x4 results from a 10x10 patch with 25 products a channel pair,
where the direct sum takes 256. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
arXiv 1509.09308; the transforms are Toom and Cook's, for the points 0, 1, -1, 1/2 and infinity.)

Pictures are channels last inside a frame of one zero pixel that serves as padding.
"""

from __future__ import annotations

from fractions import Fraction
from threading import local

import torch
from torch import Tensor

TILE = 4  # results a side
TAPS = 5  # points a side: TILE + 2 - 1
POINTS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2))  # and infinity
ONE = POINTS.index(Fraction(1)) * (TAPS + 1)  # the 2-d point (1, 1): its value reaches all results of a tile unchanged
DEPTH = 512  # a longer inner sum may be split otherwise for another batch, and then rounds otherwise


def _polynomial(roots: list[Fraction]) -> list[Fraction]:
    coefficients = [Fraction(1)]
    for root in roots:
        shifted = [Fraction(0), *coefficients]
        coefficients = [a - root * b for a, b in zip(shifted, [*coefficients, Fraction(0)], strict=True)]
    return coefficients


def _transforms() -> tuple[Tensor, Tensor, Tensor]:
    """A (4, 5), G (5, 2) and B (5, 5) of one dimension: results = A @ ((G @ kernel) * (B @ data))."""
    a = [[point**power for point in POINTS] + [Fraction(int(power == TILE - 1))] for power in range(TILE)]
    g, b = [], []
    for point in POINTS:
        others = _polynomial([other for other in POINTS if other != point])
        scale = sum(c * point**power for power, c in enumerate(others))
        g.append([1 / scale, point / scale])
        b.append([*others, Fraction(0)])
    g.append([Fraction(0), Fraction(1)])
    b.append(_polynomial(list(POINTS)))
    A, G, B = (torch.tensor([[float(x) for x in row] for row in rows], dtype=torch.float64) for rows in (a, g, b))
    return A, G, B


class Kept(local):
    """Float32 tensors that are kept from call to call, for each thread its own."""

    def __init__(self) -> None:
        self._tensors: dict[tuple[str, tuple[int, ...]], Tensor] = {}

    def tensor(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """The thread's tensor of a name and shape: zeros at first, then as it was left."""
        key = (name, shape)
        if key not in self._tensors:
            self._tensors[key] = torch.zeros(shape)
        return self._tensors[key]


class HalvingConvolution:
    """The convolution and its transpose for one layer's weight (out, in, 4, 4), into tensors that are kept.

    `forward` and `backward` return views of tensors of the calling thread: they hold until its next call.
    A tile tensor is (16, N, t, t, C): results 4 x 4 within a tile first, then tiles of t x t.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._weight, self._bias = weight, bias
        self._outputs, self._inputs = weight.shape[:2]
        self._buffers = Kept()
        A, self._kernel, B = _transforms()
        self._a, self._b = torch.kron(A, A).float(), torch.kron(B, B).float()
        self.refresh()

    def refresh(self) -> None:
        """Take up the weight as it is now."""
        phases = self._weight.detach().double().view(self._outputs, self._inputs, 2, 2, 2, 2)
        points = torch.einsum("ai,bj,ocipjq->abpqco", self._kernel, self._kernel, phases)
        self._forward = points.float().reshape(TAPS**2, 4 * self._inputs, self._outputs)
        self._backward = self._forward.transpose(1, 2).contiguous()

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (N, C, H, H), the inside of a framed tensor that is channels last, to a tile tensor."""
        n, t = len(pictures), pictures.shape[2] // (2 * TILE)
        framed = _with_frame(pictures)
        patches = self._buffer("patches", TAPS, TAPS, n, t, t, 2, 2 * self._inputs)
        patches.copy_(_patches(framed, t, TAPS, TAPS))
        data = self._buffer("data", TAPS**2, n * t * t, 4 * self._inputs)
        torch.mm(self._b, patches.view(TAPS**2, -1), out=data.view(TAPS**2, -1))
        products = self._multiply("products", data, self._forward)
        products[ONE] += self._bias.detach()
        results = self._buffer("results", TILE**2, n, t, t, self._outputs)
        torch.mm(self._a, products.view(TAPS**2, -1), out=results.view(TILE**2, -1))
        return results

    def backward(self, tiles: Tensor) -> Tensor:
        """The gradient at the results, a tile tensor, to that at the pictures, (N, C, H, H)."""
        _, n, t, _, outputs = tiles.shape
        products = self._buffer("products", TAPS**2, n * t * t, outputs)
        torch.mm(self._a.T, tiles.view(TILE**2, -1), out=products.view(TAPS**2, -1))
        data = self._multiply("data", products, self._backward)
        patches = self._buffer("patches", TAPS, TAPS, n, t, t, 2, 2 * self._inputs)
        torch.mm(self._b.T, data.view(TAPS**2, -1), out=patches.view(TAPS**2, -1))
        side = 2 * TILE * t + 2
        framed = self._buffer("framed", n, side, side, self._inputs)
        # Neighbouring patches share one row and one column of phases: laid down first, then added.
        _patches(framed, t, TILE, TILE).copy_(patches[:TILE, :TILE])
        framed[:, -2:] = 0
        framed[:, :, -2:] = 0
        _patches(framed[:, 2 * TILE :], t, 1, TILE).add_(patches[TILE:, :TILE])
        _patches(framed[:, :, 2 * TILE :], t, TILE, 1).add_(patches[:TILE, TILE:])
        _patches(framed[:, 2 * TILE :, 2 * TILE :], t, 1, 1).add_(patches[TILE:, TILE:])
        return framed[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

    def _multiply(self, name: str, left: Tensor, right: Tensor) -> Tensor:
        product = self._buffer(name, len(left), left.shape[1], right.shape[2])
        torch.bmm(left[..., :DEPTH], right[:, :DEPTH], out=product)
        for first in range(DEPTH, left.shape[2], DEPTH):
            product.baddbmm_(left[..., first : first + DEPTH], right[:, first : first + DEPTH])
        return product

    def _buffer(self, name: str, *shape: int) -> Tensor:
        return self._buffers.tensor(name, shape)


def to_tiles(pictures: Tensor, tiles: Tensor) -> None:
    """Copy pictures (N, H, H, C), any strides, into a tile tensor."""
    tiles.view(TILE, TILE, *tiles.shape[1:]).copy_(_by_tile(pictures))


def from_tiles(tiles: Tensor, pictures: Tensor) -> None:
    """Copy a tile tensor into pictures (N, H, H, C), any strides."""
    _by_tile(pictures).copy_(tiles.view(TILE, TILE, *tiles.shape[1:]))


def _by_tile(pictures: Tensor) -> Tensor:
    n, side, _, channels = pictures.shape
    image, row, column, _ = pictures.stride()
    t = side // TILE
    return pictures.as_strided(
        (TILE, TILE, n, t, t, channels), (row, column, image, TILE * row, TILE * column, 1), pictures.storage_offset()
    )


def _with_frame(pictures: Tensor) -> Tensor:
    n, channels, side, _ = pictures.shape
    image, _, row, column = pictures.stride()
    return pictures.as_strided(
        (n, side + 2, side + 2, channels), (image, row, column, 1), pictures.storage_offset() - row - column
    )


def _patches(framed: Tensor, t: int, rows: int, columns: int) -> Tensor:
    """Views (rows, columns, N, t, t, 2, 2 C): 2x2-pixel cells i, j of the patches, which lie 8 pixels apart."""
    n, _, _, channels = framed.shape
    image, row, column, _ = framed.stride()
    strides = (2 * row, 2 * column, image, 2 * TILE * row, 2 * TILE * column, row, 1)
    return framed.as_strided((rows, columns, n, t, t, 2, 2 * channels), strides, framed.storage_offset())
