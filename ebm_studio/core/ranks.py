"""Several processes that learn one net together: each runs its share of the chains, and gradients are averaged.

DistributedDataParallel is not used: it hangs its exchange on autograd's backward pass, which learning
here does without (`core.gradients` walks back by hand), and one exchange an update over weights this
few leaves nothing for its overlapping buckets to gain.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from ebm_studio.core.errors import SettingsError


class Ranks:
    """This process among `count` that work alike. On its own, without torch.distributed, it is the only one."""

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank = rank
        self.count = count

    @property
    def is_first(self) -> bool:
        """Whether this is the one process that writes and decides."""
        return self.rank == 0

    def share(self, total: int) -> slice:
        """This rank's rows of a batch. Raises `SettingsError` when it cannot be split evenly."""
        if total % self.count:
            raise SettingsError(f"A batch of {total} cannot be split evenly over {self.count} processes.")
        each = total // self.count
        return slice(self.rank * each, (self.rank + 1) * each)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over all ranks in the place of each tensor, in one exchange."""
        if self.count == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.count
        for tensor, mean in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def of_first(self, tensor: Tensor) -> Tensor:
        """The first rank's tensor, in all of them; the others give one of its shape and type."""
        if self.count > 1:
            dist.broadcast(tensor, 0)
        return tensor


ALONE = Ranks()
