"""Several processes that train one net together: each runs its share of the chains, and gradients are averaged.

DistributedDataParallel is not used: it hooks its exchange into autograd's backward pass, which training here does not
use (`core.energy.gradients` walks back by hand), and one exchange an update over weights this few leaves nothing for
its overlapping buckets to gain.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ebm_studio.core.errors import LostRankError, SettingsError

PATIENCE = timedelta(minutes=30)  # with a silent rank: gloo may miss the end of one
REASSURE_SECONDS = 60.0
_STILL_HERE = "still here"


class Ranks:
    """This process among `count` that work alike. On its own, without torch.distributed, it is the only one."""

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank = rank
        self.count = count
        self._told = time.monotonic()

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and decides."""
        return self.rank == 0

    def share(self, total: int) -> slice:
        """This rank's rows of a batch. Raises `SettingsError` when it cannot be split evenly."""
        if total % self.count:
            raise SettingsError(f"A batch of {total} cannot be split evenly over {self.count} processes.")
        each = total // self.count
        return slice(self.rank * each, (self.rank + 1) * each)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over all ranks in the place of each tensor, of any shape, in one exchange."""
        if self.count == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _losses_told():
            dist.all_reduce(flat)
        flat /= self.count
        means = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def tell(self, message: object) -> None:
        """From the first rank to all others. Raises `LostRankError`."""
        if self.count > 1:
            with _losses_told():
                dist.broadcast_object_list([message], 0)
            self._told = time.monotonic()

    def hear(self) -> Any:
        """The next message of the first rank. Raises `LostRankError`."""
        box: list[Any] = [_STILL_HERE]
        while box == [_STILL_HERE]:
            with _losses_told():
                dist.broadcast_object_list(box, 0)
        return box[0]

    def reassure(self) -> None:
        """Call it often while the first rank waits for something, so that the others do not time out.

        Raises `LostRankError`.
        """
        if time.monotonic() - self._told > REASSURE_SECONDS:
            self.tell(_STILL_HERE)


ALONE = Ranks()


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[Ranks, torch.device]]:
    """Be one of the processes that torchrun started, by gloo on the CPU and by NCCL on GPUs, one for each.

    Yields the ranks, and the device of this one. Raises `SettingsError` for other devices.
    """
    if device.type == "mps":
        raise SettingsError("Several processes cannot share an MPS device: use --device cpu.")
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size()), device
    finally:
        with suppress(RuntimeError):  # of a lost rank
            dist.destroy_process_group()


@contextmanager
def _losses_told() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostRankError("One of the training processes stopped unexpectedly.") from error
