"""The noise of an update's Langevin steps, drawn by all threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from ebm_studio.core.energy.crew import share_out, threads
from ebm_studio.core.sampling.langevin import generator

STEPS = 5  # in a row from one generator


class NoiseAhead:
    """The noise of each step in turn, (N, ...). Every few steps have a random generator of their own, so that threads
    can draw side by side, and how many there are makes no difference.
    """

    def __init__(self, key: tuple[object, ...], draw: Callable[[torch.Generator], Tensor]) -> None:
        """`draw` draws one step's noise; the generators come from the key."""
        self._key, self._draw = key, draw
        self._part = 0
        self._drawn: deque[Tensor] = deque()

    def __call__(self) -> Tensor:
        """The noise of the next step."""
        if not self._drawn:
            parts = range(self._part, self._part + threads())
            found: dict[int, list[Tensor]] = {}
            share_out(lambda part: found.update({part: self._of_part(part)}), parts)
            self._drawn.extend(each for part in parts for each in found[part])
            self._part = parts.stop
        return self._drawn.popleft()

    def _of_part(self, part: int) -> list[Tensor]:
        random = generator(*self._key, part)
        return [self._draw(random) for _ in range(STEPS)]
