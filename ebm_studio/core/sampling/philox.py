"""Normal numbers as a function of where they are used: Philox4x32-10 (Salmon et al., 2011), in integer operations.

A generator with a state draws one number after another. Here a number depends only on a chain's key, the step and
the place in the picture. So a GPU can compute all of them at once, even inside a recorded graph, and no chain's numbers
depend on which other chains run with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Words = tuple[Tensor, Tensor, Tensor, Tensor]
"""Four 32-bit words, each in an int64 tensor; their shapes broadcast."""

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF
AHEAD = 16  # steps drawn at once: there are many small operations, and launching one takes longer than its work
TOGETHER = 2**20  # the most blocks of four numbers to draw at once: more do not fit in the cache


def philox(counter: Words, key: tuple[Tensor, Tensor]) -> Words:
    """Four random words for each counter and key. A key is two words; all shapes broadcast."""
    a, b, c, d = counter
    k, m = key
    for _ in range(ROUNDS):
        high_a, low_a = _product(a, MULTIPLIERS[0])
        high_c, low_c = _product(c, MULTIPLIERS[1])
        a, b, c, d = high_c ^ b ^ k, low_c, high_a ^ d ^ m, low_a
        k, m = (k + KEY_STEPS[0]) & MASK, (m + KEY_STEPS[1]) & MASK
    return a, b, c, d


def keys_of(seeds: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
    """Keys (N, 2) of streams from their seeds of up to 63 bits."""
    return torch.tensor([[seed & MASK, seed >> 32] for seed in seeds], dtype=torch.int64, device=device)


def normals(keys: Tensor, steps: Tensor, shape: tuple[int, ...]) -> Tensor:
    """u ~ N(0, I) for each of the steps (S,), int64, and of the streams with keys (N, 2): (S, N, *shape)."""
    count = math.prod(shape)
    block, zero = torch.arange(-(-count // 4), device=keys.device), steps.new_zeros(())
    words = philox((block, steps[:, None, None], zero, zero), (keys[:, :1], keys[:, 1:]))
    drawn = [*_pair(*words[:2]), *_pair(*words[2:])]
    return torch.stack(drawn, -1).flatten(2)[..., :count].reshape(len(steps), len(keys), *shape)


class StepNoise:
    """The noise u of each step in turn, (N, *shape), for the streams with keys (N, 2)."""

    def __init__(self, keys: Tensor, shape: tuple[int, ...]) -> None:
        self.keys = keys
        """(N, 2). The numbers depend on these and the step alone."""
        self._shape = shape
        blocks = len(keys) * -(-math.prod(shape) // 4)
        self._ahead = max(1, min(AHEAD, TOGETHER // blocks))
        self._drawn: Tensor | None = None
        self._first = 0  # the step of the first one drawn
        self._step = 0

    def __call__(self) -> Tensor:
        """The u of the next step."""
        if self._drawn is None or not self._first <= self._step < self._first + self._ahead:
            self._first = self._step
            steps = torch.arange(self._first, self._first + self._ahead, device=self.keys.device)
            self._drawn = normals(self.keys, steps, self._shape)
        self._step += 1
        return self._drawn[self._step - 1 - self._first]

    def skip(self, count: int) -> None:
        """Skip that many steps."""
        self._step += count


def _product(word: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """The upper and lower words of a product. Signed numbers overflow, but their bits are still right."""
    product = word * factor
    return product >> 32 & MASK, product & MASK


def _pair(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Two normal numbers from two words, by the Box-Muller transform."""
    radius = (-2 * _share(one).log()).sqrt()
    angle = 2 * math.pi * _share(other)
    return radius * angle.cos(), radius * angle.sin()


def _share(word: Tensor) -> Tensor:
    """A word as a number in (0, 1], in float32."""
    return (word.float() + 0.5) * 2**-32
