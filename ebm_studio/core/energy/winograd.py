"""4x4 convolutions of stride 2 with 25/64 of the multiplications, as batched matrix products.

A 4x4 kernel of stride 2 is a 2x2 kernel of stride 1 over the four phases of the picture, so Winograd's
minimal filtering F(4x4, 2x2) applies: 4x4 results from a 10x10 patch with 25 products a channel pair,
where the direct sum takes 256. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
arXiv 1509.09308; the transforms are Toom and Cook's, for the points 0, 1, -1, 1/2 and infinity.)

Pictures are channels last inside a frame of one zero pixel that serves as padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from threading import local

import torch
from torch import Tensor

from ebm_studio.core.energy.crew import share_out

TILE = 4  # results a side
TAPS = 5  # points a side: TILE + 2 - 1
POINTS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2))  # and infinity
ONE = POINTS.index(Fraction(1)) * (TAPS + 1)  # the 2-d point (1, 1): its value reaches all results of a tile unchanged
POINTS_2D = TAPS**2
WIDE = 64  # input channels from which on Winograd's convolution beats the direct one
STEP = 16  # rows of a product, where a row's rounding depends on their number
PROBED = (2, 4, 8, 16, 32, 64)  # numbers of rows that are compared to find out
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


@dataclass(frozen=True, slots=True)
class Batch:
    """What the products of one layer take and give, for all pictures of a block."""

    data: Tensor
    """(25, rows, 4 C): the pictures' side."""
    products: Tensor
    """(25, rows, outputs): the results' side."""
    t: int
    """A picture has t x t tiles, and as many rows."""

    def rows(self, side: Tensor, first: int, count: int) -> Tensor:
        """The rows of some pictures on one side, as a matrix (25, count t t C)."""
        columns = self.t**2 * side.shape[2]
        return side.view(len(side), -1)[:, first * columns : (first + count) * columns]


class HalvingConvolution:
    """The convolution and its transpose for one layer's weight (out, in, 4, 4).

    `forward` and `backward` do all of it. Or it is done in stages, which threads can share: some pictures `enter` the
    batch, then the whole batch is multiplied at some of the 25 points, then some pictures `leave`.
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
        """Use the weight's current value."""
        phases = self._weight.detach().double().view(self._outputs, self._inputs, 2, 2, 2, 2)
        points = torch.einsum("ai,bj,ocipjq->abpqco", self._kernel, self._kernel, phases)
        self._forward = points.float().reshape(TAPS**2, 4 * self._inputs, self._outputs)
        self._backward = self._forward.transpose(1, 2).contiguous()

    @property
    def numbers(self) -> int:
        """How many numbers the weights are, in one direction."""
        return self._forward.numel()

    def batch(self, images: int, t: int) -> Batch:
        """The calling thread's tensors for so many images of t x t tiles: they hold until it asks for them again."""
        used = rows = images * t * t
        if step := fixed_rows():
            rows = -(-used // step) * step
        data = self._buffers.tensor("data", (TAPS**2, rows, 4 * self._inputs))
        data[:, used:] = 0
        return Batch(data, self._buffers.tensor("products", (TAPS**2, rows, self._outputs)), t)

    def enter(self, pictures: Tensor, batch: Batch, first: int) -> None:
        """Make pictures (N, C, H, H) the batch's from `first` on: the inside of a framed tensor, channels last."""
        n, t = len(pictures), batch.t
        patches = self._buffer("patches", TAPS, TAPS, n, t, t, 2, 2 * self._inputs)
        patches.copy_(_patches(_with_frame(pictures), t, TAPS, TAPS))
        torch.mm(self._b, patches.view(TAPS**2, -1), out=batch.rows(batch.data, first, n))

    def multiply(self, batch: Batch, points: slice) -> None:
        """The products at some points, for the whole batch."""
        _multiply(batch.data[points], self._forward[points], batch.products[points])
        if ONE in range(POINTS_2D)[points]:
            batch.products[ONE] += self._bias.detach()

    def leave(self, batch: Batch, first: int, n: int) -> Tensor:
        """The results of n of the batch's pictures: a new tile tensor."""
        results = self._bias.new_empty(TILE**2, n, batch.t, batch.t, self._outputs)
        torch.mm(self._a, batch.rows(batch.products, first, n), out=results.view(TILE**2, -1))
        return results

    def enter_back(self, tiles: Tensor, batch: Batch, first: int) -> None:
        """Make the gradient at the results, a tile tensor of N pictures, the batch's from `first` on."""
        products = batch.rows(batch.products, first, tiles.shape[1])
        torch.mm(self._a.T, tiles.view(TILE**2, -1), out=products)

    def multiply_back(self, batch: Batch, points: slice) -> None:
        """The transpose's products at some points, for the whole batch."""
        _multiply(batch.products[points], self._backward[points], batch.data[points])

    def leave_back(self, batch: Batch, first: int, n: int) -> Tensor:
        """The gradient at n of the batch's pictures (n, C, H, H), which the thread's next call overwrites."""
        t = batch.t
        patches = self._buffer("patches", TAPS, TAPS, n, t, t, 2, 2 * self._inputs)
        torch.mm(self._b.T, batch.rows(batch.data, first, n), out=patches.view(TAPS**2, -1))
        side = 2 * TILE * t + 2
        framed = self._buffer("framed", n, side, side, self._inputs)
        if t == 1:
            _patches(framed, 1, TAPS, TAPS).copy_(patches)
            return framed[:, 1:-1, 1:-1].permute(0, 3, 1, 2)
        # Neighbouring patches share one row and one column of phases: laid down first, then added.
        _patches(framed, t, TILE, TILE).copy_(patches[:TILE, :TILE])
        torch._foreach_zero_([framed[:, -2:], framed[:, :, -2:]])
        right, below = framed[:, :, 2 * TILE :], framed[:, 2 * TILE :]
        places = [
            _patches(below, t, 1, TILE),
            _patches(right, t, TILE, 1),
            _patches(below[:, :, 2 * TILE :], t, 1, 1),
        ]
        torch._foreach_add_(places, [patches[TILE:, :TILE], patches[:TILE, TILE:], patches[TILE:, TILE:]])
        return framed[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

    def forward(self, pictures: Tensor) -> Tensor:
        """All of it for pictures (N, C, H, H), the inside of a framed tensor, channels last: a new tile tensor."""
        n = len(pictures)
        batch = self.batch(n, pictures.shape[2] // (2 * TILE))
        self.enter(pictures, batch, 0)
        self.multiply(batch, slice(POINTS_2D))
        return self.leave(batch, 0, n)

    def backward(self, tiles: Tensor) -> Tensor:
        """From the gradient at the results, a tile tensor, to `leave_back`'s for all of it."""
        n, t = tiles.shape[1:3]
        batch = self.batch(n, t)
        self.enter_back(tiles, batch, 0)
        self.multiply_back(batch, slice(POINTS_2D))
        return self.leave_back(batch, 0, n)

    def _buffer(self, name: str, *shape: int) -> Tensor:
        return self._buffers.tensor(name, shape)


def _multiply(left: Tensor, right: Tensor, out: Tensor) -> None:
    step = fixed_rows() or left.shape[1]
    for row in range(0, left.shape[1], step):
        rows = slice(row, row + step)
        torch.bmm(left[:, rows, :DEPTH], right[:, :DEPTH], out=out[:, rows])
        for first in range(DEPTH, left.shape[2], DEPTH):
            out[:, rows].baddbmm_(left[:, rows, first : first + DEPTH], right[:, first : first + DEPTH])


@cache
def fixed_rows() -> int:
    """How many rows each product must have here; 0 where a row's rounding does not depend on their number.

    With MKL's kernels for AVX2 it does: they take six rows at a time, and round the last few differently.
    """
    random = torch.Generator().manual_seed(0)
    left, right = torch.rand(1, 4 * STEP, DEPTH, generator=random), torch.rand(1, DEPTH, 128, generator=random)
    found: list[Tensor] = []
    share_out(lambda rows: found.append(torch.cat([part @ right for part in torch.split(left, rows, 1)], 1)), PROBED)
    return 0 if all(torch.equal(product, found[0]) for product in found) else STEP


def to_tiles(pictures: Tensor, tiles: Tensor) -> None:
    """Copy pictures (N, H, H, C), any strides, into a tile tensor."""
    by_cell(tiles).copy_(by_tile(pictures))


def from_tiles(tiles: Tensor, pictures: Tensor) -> None:
    """Copy a tile tensor into pictures (N, H, H, C), any strides."""
    by_tile(pictures).copy_(by_cell(tiles))


def by_cell(tiles: Tensor) -> Tensor:
    """A tile tensor's view (4, 4, N, t, t, C)."""
    return tiles.view(TILE, TILE, *tiles.shape[1:])


def by_tile(pictures: Tensor) -> Tensor:
    """A view (4, 4, N, t, t, C) of pictures (N, H, H, C), any strides."""
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
