"""Which device does the work, and how many threads."""

from __future__ import annotations

import os

import torch

from ebm_studio.core.energy.memory import keep_memory
from ebm_studio.core.errors import SettingsError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` prefers CUDA, then Apple's MPS. Torch's threads are set to `default_threads`.

    Raises `SettingsError` when the device is not there.
    """
    torch.set_num_threads(default_threads())
    keep_memory()
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(device for device in ("cuda", "mps", "cpu") if present[device]))
    if name not in present:
        raise SettingsError(f"There is no device {name}: use one of {', '.join(DEVICES)}.")
    if not present[name]:
        raise SettingsError(f"This machine has no {name} device: use auto or cpu.")
    return torch.device(name)


def default_threads() -> int:
    """Torch threads that leave the window smooth: every core up to four, then all but one; never more than torch's own.

    The window's loop wakes for a fraction of a millisecond, which few
    cores can spare less than a quarter or half of their speed.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(torch.get_num_threads(), cores if cores <= 4 else cores - 1)
