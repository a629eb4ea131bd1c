"""The gradient on a GPU as CUDA graphs, in float32 or bfloat16.

A library chooses its kernels, and with them the rounding, by the number of images. So there are graphs for a few
numbers only, and the rest of each is filled up. Whether an image comes out the same in each of them is checked on
the GPU itself when a number is first used; one that fails is not used.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from ebm_studio.core.energy.capture import Record, Recorded, record
from ebm_studio.core.energy.gradients import MOST, EnergyGradient
from ebm_studio.core.energy.nets import ConvNet

log = logging.getLogger(__name__)

USUAL = 64
"""Images in a graph. The others have to agree with this one."""
SIZES = (1, 4, 16, USUAL, MOST)
FEW = 8
"""Channels that a GPU's bfloat16 products want at least: a picture's are filled up to so many."""


class GraphGradient:
    """`EnergyGradient` without its launch costs: a recording for each of a few sizes, then replayed."""

    def __init__(
        self,
        net: ConvNet,
        dtype: torch.dtype = torch.float32,
        record: Record[tuple[Tensor, Tensor]] = record,
    ) -> None:
        self.spec = net.spec
        self.direct = EnergyGradient(net, dtype, FEW if dtype == torch.bfloat16 else 0)
        """The same, kernel by kernel: for what is recorded as a whole."""
        self.device = next(net.parameters()).device
        self._record = record
        self._graphs: dict[int, tuple[Tensor, Recorded[tuple[Tensor, Tensor]]]] = {}
        self._agree = {USUAL: True}

    def refresh(self) -> None:
        """Take up the net's weights as they are now, where the graphs look for them."""
        self.direct.refresh()

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, C, H, W), in float32, both new."""
        return self._by(images, self.size(len(images)))

    def size(self, count: int) -> int:
        """The smallest size that holds so many images, or the largest there is; they come out alike in all of them."""
        return next((size for size in SIZES if size >= min(count, MOST) and self._agrees(size)), USUAL)

    def _by(self, images: Tensor, size: int) -> tuple[Tensor, Tensor]:
        energy, slope = torch.empty(len(images), device=self.device), torch.empty_like(images)
        for first in range(0, len(images), size):
            part = slice(first, first + size)
            energy[part], slope[part] = self._replayed(images[part], size)
        return energy, slope

    def _replayed(self, images: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """What the graph of that size makes of the images, as views: the next replay overwrites them."""
        if size not in self._graphs:
            source = torch.zeros(size, *self.spec.shape, device=self.device)
            work = Recorded(f"A gradient of {size} images", lambda: self.direct(source), self._record)
            self._graphs[size] = source, work
        source, work = self._graphs[size]
        source[: len(images)] = images
        energy, slope = work()
        return energy[: len(images)], slope[: len(images)]

    @torch.no_grad()
    def _agrees(self, size: int) -> bool:
        """Whether images come out the same in graphs of that size as in the usual one."""
        if size not in self._agree:
            random = torch.Generator().manual_seed(0)
            images = (torch.rand(USUAL, *self.spec.shape, generator=random) * 2 - 1).to(self.device)
            wanted = self._by(images, USUAL)
            rows = torch.arange(max(size, USUAL)) % USUAL
            found = self._by(images[rows], size)
            self._agree[size] = all(torch.equal(ours, alike[rows]) for ours, alike in zip(found, wanted, strict=True))
            if not self._agree[size]:
                log.info("Rounding in graphs of %d images differs from that of %d here, so none are used.", size, USUAL)
        return self._agree[size]
