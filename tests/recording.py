"""A stand-in, on the CPU, for a recorded CUDA graph."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Work = Callable[[], tuple[Tensor, Tensor]]


def in_one_place(work: Work) -> Work:
    """Do the work at each call, and overwrite the last results, as replaying a graph does."""
    places: list[Tensor] = []

    def replay() -> tuple[Tensor, Tensor]:
        results = work()
        if not places:
            places.extend(results)
        for place, result in zip(places, results, strict=True):
            place.copy_(result)
        return places[0], places[1]

    return replay
