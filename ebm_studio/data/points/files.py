"""Landscapes as files: a scene and the whole state of its training, so that it continues where it stopped.

A file is safetensors: the state's tensors, and in its header a model's card and the scene. Inside an
export the same bytes are its recipe.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ebm_studio import __version__
from ebm_studio.core.errors import CheckpointError, DataError, StudioError
from ebm_studio.data.models.card import SUFFIX, Card, DataCard
from ebm_studio.data.points.landscape import Landscape
from ebm_studio.data.points.scene import Scene
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.safetensors_file import in_order

KEY = "ebm_studio_landscape"
LANDSCAPE_FILE = FileKind("landscape file", 64 * 2**20, CheckpointError)


def to_bytes(landscape: Landscape, name: str) -> bytes:
    """A landscape as the content of its file."""
    scene = landscape.scene
    card = Card(
        name=name,
        net=scene.net,
        short_run=scene.short_run,
        data=DataCard(name=scene.data.name, size=0, channels=2),
        learning=scene.learning,
        updates=landscape.updates,
    )
    about = {"scene": scene.to_dict(), "updates": landscape.updates, "made_with": __version__}
    texts = {"ebm_studio": json.dumps(card.to_dict()), KEY: json.dumps(about)}
    return in_order(safetensors.torch.save(landscape.learner.state(), texts))


def from_bytes(content: bytes) -> Landscape:
    """The landscape that `to_bytes` wrote. Raises `CheckpointError` for anything else."""
    try:
        about = json.loads(_metadata(content)[KEY])
        landscape = Landscape(Scene.from_dict(about["scene"]))
        updates = about["updates"]
        if type(updates) is not int or not 0 <= updates < 2**31:
            raise CheckpointError("it does not say how long it was trained")
        state = safetensors.torch.load(content)
        _check_state(landscape, state)
        landscape.learner.load(state, updates)
    except CheckpointError as error:
        raise CheckpointError(f"This landscape cannot be used: {error}.") from None
    except StudioError as error:
        raise CheckpointError(f"This landscape cannot be used: {str(error).rstrip('.')}.") from None
    except (KeyError, TypeError, ValueError, RecursionError, safetensors.SafetensorError):
        raise CheckpointError("This is not an EBM Studio landscape, or it is damaged.") from None
    return landscape


def save_landscape(path: Path, landscape: Landscape) -> None:
    """Write a landscape's file whole or not at all. Raises `StudioError`."""
    content = to_bytes(landscape, path.stem)
    write_whole(path, lambda file: file.write_bytes(content))


def load_landscape(path: Path) -> Landscape:
    """The landscape in a file. Raises `CheckpointError`."""
    content = LANDSCAPE_FILE.read(path)
    try:
        return from_bytes(content)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def is_landscape_file(path: Path) -> bool:
    """Whether a file says in its header that it is a landscape. Nothing else of it is checked."""
    if path.suffix.lower() != SUFFIX:
        return False
    try:
        return KEY in _metadata(LANDSCAPE_FILE.read(path))
    except (StudioError, ValueError, TypeError, KeyError, RecursionError):
        return False


def _metadata(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    if length > len(content):
        raise ValueError("the header is longer than the file")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    if not isinstance(metadata, dict):
        raise TypeError("no metadata")
    return metadata


def _check_state(landscape: Landscape, state: dict[str, Tensor]) -> None:
    """Raise `CheckpointError` unless the tensors are the state of such a landscape's training."""
    shapes = {name: tuple(parameter.shape) for name, parameter in landscape.learner.net.named_parameters()}
    wanted = {f"{part}.{name}": shape for part in ("net", "average") for name, shape in shapes.items()}
    adam = {f"adam.{k}.{name}": shape for k in ("exp_avg", "exp_avg_sq") for name, shape in shapes.items()}
    adam |= {f"adam.step.{name}": () for name in shapes}
    chains = {"chains": (landscape.scene.learning.chains, 2)}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    more = {name: shape for name, shape in found.items() if name not in wanted}
    if {name: found.get(name) for name in wanted} != wanted or any(
        {**adam, **chains}.get(name) != shape for name, shape in more.items()
    ):
        raise CheckpointError("its weights do not fit the network that it names")
    if any(tensor.dtype != torch.float32 or not torch.isfinite(tensor).all() for tensor in state.values()):
        raise CheckpointError("its weights are not all finite numbers")


def packed(landscape: Landscape, name: str) -> str:
    """A landscape's file as text, for a recipe."""
    return base64.b64encode(to_bytes(landscape, name)).decode("ascii")


def unpacked(text: str) -> Landscape:
    """The landscape of a recipe's text. Raises `StudioError`."""
    try:
        return from_bytes(base64.b64decode(text, validate=True))
    except ValueError:
        raise DataError("This is not an EBM Studio landscape, or it is damaged.") from None
