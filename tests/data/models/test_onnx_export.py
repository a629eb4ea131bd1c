"""The exported file against torch, in a runtime that knows nothing of this program."""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from ebm_studio.cli.main import main
from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.sampling.langevin import ChainStreams
from ebm_studio.core.specs import Activation, NetSpec, ShortRun, point_net
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.model import Model, load_model
from ebm_studio.data.models.onnx_export import export_onnx

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

NETS = [
    NetSpec(size=16, channels=3, width=4, activation="silu"),
    NetSpec(size=16, channels=1, width=4, leak=0.05),
    NetSpec(size=32, channels=1, width=8),
    *(point_net(16, 2, activation) for activation in get_args(Activation)),
]


def opened(path: Path):
    return runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("spec", NETS, ids=str)
def test_energy_and_gradient_are_those_of_torch(spec, tmp_path):
    net = make_net(spec, torch.Generator().manual_seed(0))
    model = Model(net, Card(name="made", net=spec, short_run=ShortRun()), backend="fp32")
    export_onnx(model, tmp_path / "made.onnx")
    images = torch.rand(3, *spec.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    energy, gradient = opened(tmp_path / "made.onnx").run(["energy", "gradient"], {"images": images.numpy()})
    ours, slope = model.gradient(images)
    assert energy.shape == (3,)
    assert np.allclose(energy, ours.numpy(), rtol=1e-4, atol=1e-5)
    assert np.allclose(gradient, slope.numpy(), rtol=1e-4, atol=1e-5 * float(slope.abs().max()))


def test_a_whole_chain_runs_in_onnxruntime(tmp_path, tiny_model, capsys):
    path = tmp_path / "tiny.onnx"
    assert main(["export-onnx", str(tiny_model), "-o", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == path.stat().st_size
    session = opened(path)
    card = Card.from_dict(json.loads(session.get_modelmeta().custom_metadata_map["ebm_studio"]))
    streams = ChainStreams(3, range(4), card.net.shape)
    x = streams.start(card.short_run).numpy()
    for step in range(card.short_run.steps):
        _, gradient = session.run(None, {"images": x})
        x = x - card.short_run.step_size * gradient
        if card.short_run.is_noisy(step):
            x = x + card.short_run.noise_scale * streams.noise().numpy()
    ours = load_model(tiny_model, "cpu", "fp32").sample(4, seed=3)
    assert np.abs(x.clip(-1, 1) - ours.numpy()).max() < 1e-3
    assert ours.std() > 0.1


def test_a_file_that_cannot_be_written_is_one_line(tiny_model, tmp_path, capsys):
    assert main(["export-onnx", str(tiny_model), "-o", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
