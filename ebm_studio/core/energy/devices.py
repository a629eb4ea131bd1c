"""Which device does the work."""

from __future__ import annotations

import torch

from ebm_studio.core.energy.crew import use_threads
from ebm_studio.core.energy.memory import keep_memory
from ebm_studio.core.errors import SettingsError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` prefers CUDA, then Apple's MPS. From now on `default_threads` work.

    Raises `SettingsError` when the device is not there.
    """
    use_threads()
    keep_memory()
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if present[device])
    if name not in present:
        raise SettingsError(f"There is no device {name}: use one of {', '.join(DEVICES)}.")
    if not present[name]:
        raise SettingsError(f"This machine has no {name} device: use auto or cpu.")
    if name == "cuda":
        tune_cuda()
    return torch.device(name)


def tune_cuda(training: bool = False) -> None:
    """How CUDA's libraries compute in this process.

    Pictures want the same kernels each time: no choice by timing, and none that sum in an order of their own. Training
    wants the fastest. TensorFloat-32 is off: float32 is what bfloat16 is checked against, and a GPU that has the
    one has the other, which is faster.
    """
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = training
    torch.backends.cudnn.deterministic = not training
