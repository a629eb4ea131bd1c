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
        return torch.device(next(device for device in ("cuda", "mps", "cpu") if present[device]))
    if name not in present:
        raise SettingsError(f"There is no device {name}: use one of {', '.join(DEVICES)}.")
    if not present[name]:
        raise SettingsError(f"This machine has no {name} device: use auto or cpu.")
    return torch.device(name)
