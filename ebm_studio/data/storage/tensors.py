"""Tensors to and from safetensors files, with a few words of metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.storage.atomic_write import write_whole


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a file whole or not at all. Raises `StudioError`."""
    # Written by Python, since safetensors' own writer does not tell a full disk from other faults.
    content = safetensors.torch.save({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, metadata)
    write_whole(path, lambda file: file.write_bytes(content))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All that `save_tensors` wrote, on the CPU. Raises `CheckpointError`."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return tensors, file.metadata() or {}
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from None
    except safetensors.SafetensorError:
        raise CheckpointError(f"{path} is damaged or cut short: bring it back from a copy.") from None
