"""The work of an update on a GPU as one recording: from drawing the images to the gradients of the weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ebm_studio.core.energy.capture import Record, Recorded, record

Found = tuple[Tensor, Tensor]
"""What the work of an update returns: its metrics, and the ends of its short runs."""


class CapturedWork:
    """An update's `work`, a function of sigma that draws from `random` and leaves its gradients in one place.

    The optimiser is not part of it: first it must be known that the gradients are finite, and it is one launch already.
    """

    def __init__(
        self, work: Callable[[Tensor], Found], random: torch.Generator, record: Record[Found] | None = None
    ) -> None:
        self._sigma = torch.zeros((), device=random.device)
        self._work = lambda: work(self._sigma)
        self._record = record or partial(_record, random)
        self._settings: object = None
        self._recorded = Recorded("An update", self._work, self._record)

    def __call__(self, sigma: float, settings: object) -> Found:
        """What the work returns, both new. Other `settings` than before need another recording."""
        if settings != self._settings:
            self._settings, self._recorded = settings, Recorded("An update", self._work, self._record)
        self._sigma.fill_(sigma)
        figures, samples = self._recorded()
        return figures.clone(), samples.clone()


def _record(random: torch.Generator, work: Callable[[], Found]) -> Callable[[], Found]:
    return record(work, [random])
