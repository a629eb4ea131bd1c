"""Images computed in blocks of a few fixed sizes, so that the result for an image depends on nothing around it.

A library chooses its kernel, and with it the order of its sums, by the shape of its input and by the number of threads.
So each block has one of a few sizes, and is filled up where the images end. No operation in it is split: a block is one
thread's work, or consists of pieces that are. When a size is first used, it is checked on the machine itself: neither
an image's place in a block nor the block's size may make a difference. A size that fails is not used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ebm_studio.core.energy.crew import share_out, threads

log = logging.getLogger(__name__)

SIZES = (8, 4, 2, 1, 16, 32, 64)
"""Images in a block, the largest for the functions that ask for it. The others must agree with the first that does not
care about an image's place."""
POINT_SIZES = (256, 64, 8, 1, 1024, 4096)
"""The same for points (N, 2), which cost next to nothing each."""
LARGEST = 32  # images in a block of a function that does not ask for larger ones
OVERHEAD = 4  # images that a block costs besides its own


class Block(NamedTuple):
    """Some of the images, and the size of the block that they fill as far as they go."""

    rows: slice
    size: int


class Blocks:
    """A function of images (N, ...), computed block by block on the CPU.

    `function` takes `inputs` new tensors of one dtype, channels last and all of the same N, and
    returns tensors (N, ...). `largest` is the most images that a block should have. A block is one thread's work.
    With `together` it is everyone's, one block after another: then the function shares it out itself, and treats a
    block of the first size alike with any number of threads.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., tuple[Tensor, ...]],
        shape: tuple[int, ...],
        *,
        inputs: int = 1,
        dtype: torch.dtype = torch.float32,
        largest: int = LARGEST,
        together: bool = False,
    ) -> None:
        self._name, self._function, self._shape, self._dtype = name, function, shape, dtype
        self._together = together
        sizes = SIZES if len(shape) == 3 else POINT_SIZES
        self._sizes = [size for size in sizes if len(shape) != 3 or size <= largest]
        self._known: dict[tuple[int, int], bool] = {}
        random = torch.Generator().manual_seed(0)
        self._probes = [torch.rand(self._sizes[0], *shape, generator=random) * 2 - 1 for _ in range(inputs)]
        self._expected: list[Tensor] = []
        self._plans: dict[tuple[int, int], list[int]] = {}

    def fill(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Put the function of the inputs (N, ...) into the outputs (N, ...), both of any strides."""

        def work(block: Block) -> None:
            for output, result in zip(outputs, self.of([x[block.rows] for x in inputs], block), strict=True):
                output[block.rows] = result

        self.each(len(inputs[0]), work)

    def each(self, count: int, work: Callable[[Block], object]) -> None:
        """Do the work for each block of so many images, in the threads that blocks are computed in."""
        blocks, first = [], 0
        for size in self.plan(count):
            blocks.append(Block(slice(first, min(first + size, count)), size))
            first += size
        if self._together:
            for block in blocks:
                work(block)
        else:
            share_out(work, blocks)

    def of(self, inputs: Sequence[Tensor], block: Block) -> list[Tensor]:
        """The function of one block's inputs (N, ...): tensors (N, ...)."""
        results = self._function(*(self._block(x, block.size) for x in inputs))
        return [result[: len(inputs[0])] for result in results]

    def plan(self, count: int) -> list[int]:
        """The sizes of the blocks for so many images, all of them checked."""
        key = (count, threads())
        while key not in self._plans:
            cuts = [_cut(count, size, self._sizes) for size in self._sizes]
            workers = 1 if self._together else threads()
            best = min(cuts, key=lambda blocks: _cost(blocks, workers))
            if all(self.agrees(size) for size in (self._sizes[0], *best)):
                self._plans[key] = best
        return self._plans[key]

    def agrees(self, size: int) -> bool:
        """Whether an image becomes the same in a block of that size as in those in use. If not, it is left out."""
        key = (size, threads())
        if key not in self._known:
            self._known[key] = self._agrees(size) if self._expected else self._is_steady(size)
            if not self._known[key]:
                self._sizes.remove(size)
                log.info(
                    "%s: rounding depends on the place in blocks of %d here, so this size is not used.",
                    self._name,
                    size,
                )
        return self._known[key]

    def _is_steady(self, size: int) -> bool:
        """Whether images become the same elsewhere in the block, and beside others. Then this is what to agree with."""
        images, half = [probe[:size] for probe in self._probes], (size + 1) // 2
        whole = self._try(images, size)
        moved = self._try([x.roll(1, 0) for x in images], size)
        some = self._try([x[:half] for x in images], size)
        for result, elsewhere, part in zip(whole, moved, some, strict=True):
            if not (_same(result.roll(1, 0), elsewhere) and _same(result[:half], part[:half])):
                return False
        self._expected = whole
        return True

    def _agrees(self, size: int) -> bool:
        known = len(self._expected[0])
        for first in range(0, known, size):  # all of them: one that is rounded otherwise may come out the same by luck
            rows = torch.arange(first, first + size) % known
            found = self._try([probe[rows] for probe in self._probes], size)
            if not all(_same(result, wanted[rows]) for result, wanted in zip(found, self._expected, strict=True)):
                return False
        return True

    def _try(self, images: Sequence[Tensor], size: int) -> list[Tensor]:
        results: list[Tensor] = []
        share_out(lambda x: results.extend(self._function(*x)), [[self._block(rows, size) for rows in images]])
        return [result.clone() for result in results]

    def _block(self, rows: Tensor, size: int) -> Tensor:
        """A new tensor of the rows and zeros after them: always of the same strides, whatever the rows' are."""
        channels, *sides = self._shape
        block = rows.new_empty(size, *sides, channels, dtype=self._dtype).movedim(-1, 1)
        block[: len(rows)] = rows
        block[len(rows) :] = 0
        return block


def _same(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a.nan_to_num(), b.nan_to_num())


def _cut(count: int, size: int, sizes: Sequence[int]) -> list[int]:
    """Blocks of that size for so many images; the rest get the smallest that holds them."""
    rest = count % size
    return [size] * (count // size) + ([min(each for each in sizes if each >= rest)] if rest else [])


def _cost(blocks: Sequence[int], workers: int) -> int:
    """What the busiest thread has to do, in images."""
    loads = [0] * workers
    for size in blocks:
        loads[loads.index(min(loads))] += size + OVERHEAD
    return max(loads)
