"""Stores a model's weights in half precision: half the size, for models that are bundled.

    python tools/half.py MODEL OUT

The card is copied, too. Once it is open, the model computes like any other: in float32, or as its backend does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.models.card import MODEL, fetch_model, read_card
from ebm_studio.data.storage.tensors import load_tensors, save_tensors


def main(model: str, out: Path) -> None:
    """Write the file. Raises `StudioError` when there is no such model, or its weights are too large for float16."""
    path = fetch_model(model)
    read_card(path)
    weights, metadata = load_tensors(path, MODEL)
    halves = {name: weight.half() for name, weight in weights.items()}
    if not all(half.isfinite().all() for half in halves.values()):
        raise CheckpointError(f"{path} has weights that are too large for half precision.")
    save_tensors(out, halves, metadata)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
