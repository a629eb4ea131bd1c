"""What all tests share: small real models in temporary folders."""

from __future__ import annotations

from pathlib import Path

import pytest

SIZE = 16
STEPS = 12


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an untrained grey 16x16 model, K = 12: its chains are real, its pictures are not."""
    import torch

    from ebm_studio.core.nets import EnergyNet
    from ebm_studio.core.specs import NetSpec, ShortRun
    from ebm_studio.data.cards import Card
    from ebm_studio.data.models import save_model

    spec = NetSpec(size=SIZE, channels=1, width=8)
    # Untrained energies are flat, so a large step is needed for a chain that visibly moves.
    run = ShortRun(steps=STEPS, step_size=200.0, noise_scale=0.01)
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_model(path, EnergyNet(spec, torch.Generator().manual_seed(1)), Card(name="tiny", net=spec, short_run=run))
    return path
