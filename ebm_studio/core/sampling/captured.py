"""Whole short runs on a GPU, each one recording: the gradients of all K steps, and the noise between them."""

from __future__ import annotations

import torch
from torch import Tensor

from ebm_studio.core.energy.capture import Record, Recorded, record
from ebm_studio.core.energy.graph import GraphGradient
from ebm_studio.core.sampling.langevin import sample
from ebm_studio.core.sampling.philox import StepNoise
from ebm_studio.core.specs import ShortRun

KEPT = 4  # recordings, each of a short run and a size: the oldest goes when another is made
LONGEST = 512  # steps in a recording: a longer run is replayed step by step, whose launches are few beside its work

Ends = tuple[Tensor, Tensor]
"""What `sample` returns: the last images (N, C, H, W), and the mean length of each chain's steps (N,)."""


class CapturedSampler:
    """`sample` by a net's `GraphGradient`: whole runs, for as many chains as there are.

    Of a run of a size, the first is done as it stands, the second is recorded, and the others replay it.
    """

    def __init__(self, gradient: GraphGradient, record: Record[Ends] = record) -> None:
        self._gradient = gradient
        self._record = record
        self._runs: dict[tuple[ShortRun, int], _WholeRun] = {}

    @torch.no_grad()
    def __call__(self, z: Tensor, run: ShortRun, keys: Tensor) -> Ends:
        """The ends of the chains from z (N, C, H, W) whose steps' noise has keys (N, 2), both new."""
        size = self._gradient.size(len(z))
        if run.steps > LONGEST:
            return sample(self._gradient, z, run, StepNoise(keys, z.shape[1:]))
        whole = self._whole(run, size)
        parts = zip(torch.split(z, size), torch.split(keys, size), strict=True)
        images, lengths = zip(*(whole.ends(*rows) for rows in parts), strict=True)
        return torch.cat(images), torch.cat(lengths)

    def _whole(self, run: ShortRun, size: int) -> _WholeRun:
        key = (run, size)
        whole = self._runs.pop(key, None) or _WholeRun(self._gradient, run, size, self._record)
        self._runs[key] = whole  # the newest at the end
        while len(self._runs) > KEPT:
            del self._runs[next(iter(self._runs))]
        return whole


class _WholeRun:
    """One short run for one number of chains, and the tensors that its recording reads."""

    def __init__(self, gradient: GraphGradient, run: ShortRun, size: int, record: Record[Ends]) -> None:
        shape = gradient.spec.shape
        self._z = torch.zeros(size, *shape, device=gradient.device).contiguous(memory_format=torch.channels_last)
        self._keys = torch.zeros(size, 2, dtype=torch.int64, device=gradient.device)
        self._work = Recorded(
            f"A short run of {run.steps} steps",
            lambda: sample(gradient.direct, self._z, run, StepNoise(self._keys, shape)),
            record,
        )

    def ends(self, z: Tensor, keys: Tensor) -> Ends:
        """The ends of the chains from z (N, C, H, W) with keys (N, 2), both new."""
        count = len(z)
        self._z[:count], self._keys[:count] = z, keys
        images, lengths = self._work()
        return images[:count].clone(), lengths[:count].clone()
