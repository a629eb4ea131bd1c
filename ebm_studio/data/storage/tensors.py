"""Tensors to and from safetensors files, with a few words of metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import safetensors.torch
from torch import Tensor

from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.safetensors_file import open_tensors

FLOATS = ("F16", "BF16", "F32", "F64")


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors of any shape to a file, whole or not at all. Raises `StudioError`."""
    # Written by Python, since safetensors' own writer does not tell a full disk from other faults.
    content = safetensors.torch.save({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, metadata)
    write_whole(path, lambda file: file.write_bytes(content))


def declared(path: Path, kind: FileKind) -> dict[str, tuple[str, tuple[int, ...]]]:
    """What a file says that it holds: the type, such as F32, and shape of each tensor. Raises the kind's error."""
    with open_tensors(path, kind, "pt") as file:
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in parts.items()}


def load_tensors(
    path: Path, kind: FileKind, wanted: Callable[[str], bool] = lambda _: True
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors, of any shape, whose names are `wanted`, on the CPU, and the metadata. Raises the kind's error."""
    with open_tensors(path, kind, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys() if wanted(name)}  # noqa: SIM118
        return tensors, file.metadata() or {}
