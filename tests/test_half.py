from pathlib import Path

import pytest
import torch

from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.models.model import load_model, save_model
from tools.half import main


def test_a_model_in_half_precision_has_the_same_energy_but_for_rounding(tiny_model: Path, tmp_path: Path) -> None:
    main(str(tiny_model), tmp_path / "half.safetensors")
    whole, half = (load_model(path, "cpu", "fp32") for path in (tiny_model, tmp_path / "half.safetensors"))
    assert half.card == whole.card
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * tiny_model.stat().st_size
    for mine, theirs in zip(half.net.parameters(), whole.net.parameters(), strict=True):
        assert mine.dtype == torch.float32
        assert torch.equal(mine, theirs.half().float())
    samples = whole.sample(4, 0)
    torch.testing.assert_close(half.net(samples), whole.net(samples), rtol=1e-2, atol=1e-2)


def test_weights_that_half_precision_cannot_hold_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    model = load_model(tiny_model, "cpu", "fp32")
    with torch.no_grad():
        next(model.net.parameters()).fill_(1e6)
    save_model(tmp_path / "large.safetensors", model.net, model.card)
    with pytest.raises(CheckpointError, match="too large"):
        main(str(tmp_path / "large.safetensors"), tmp_path / "half.safetensors")
    assert not (tmp_path / "half.safetensors").exists()
