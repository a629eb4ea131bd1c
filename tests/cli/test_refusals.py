"""Whatever can be refused is refused before any work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebm_studio.cli.main import main
from ebm_studio.data.models import evaluation, onnx_export
from ebm_studio.data.models.model import Model
from ebm_studio.data.points.landscape import Landscape
from tests.making import encoded, make_data, make_model, make_picture


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test in which a model works fails."""

    def work(*_: object, **__: object) -> None:
        raise AssertionError("the work has begun")

    for name in ("sample", "chain", "mixed", "reconstruct", "interpolate", "latent"):
        monkeypatch.setattr(Model, name, work)
    for owner, name in ((Landscape, "update"), (evaluation, "open_extractor"), (onnx_export, "export_onnx")):
        monkeypatch.setattr(owner, name, work)


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.png").write_bytes(encoded(make_picture()))
    return {
        "MODEL": str(make_model(tmp_path / "tiny.safetensors")),
        "DATA": str(make_data(tmp_path / "data.zip")),
        "PHOTO": str(tmp_path / "full" / "a.png"),
        "FILE": str(tmp_path / "file"),
        "FULL": str(tmp_path / "full"),
        "NOWHERE": str(tmp_path / "nowhere"),
        "LONG": str(tmp_path / ("a" * 300)),
        "OUT": str(tmp_path / "out"),
    }


REFUSED = (
    "sample MODEL -o FILE/a.png",
    "sample MODEL -o FULL",
    "sample MODEL -o LONG.png",
    "sample MODEL -o OUT.png --count 4096 --scale 32",
    "sample MODEL -o OUT.gif --steps 20000",
    "interpolate MODEL seed:1 seed:2 -o FILE/a.gif",
    "interpolate MODEL seed:1 seed:2 -o FULL",
    "interpolate MODEL seed:1 PHOTO -o OUT.png --frames 600 --scale 32",
    "reconstruct MODEL PHOTO -o FILE",
    "reconstruct MODEL PHOTO -o FILE/deeper",
    "reconstruct MODEL PHOTO -o LONG",
    "evaluate MODEL DATA -o FILE/a.safetensors",
    "calibrate MODEL DATA -o FULL",
    "evaluate MODEL NOWHERE -o OUT.safetensors",
    "evaluate MODEL DATA --held-out 3",
    "calibrate MODEL NOWHERE",
    "diagnose MODEL DATA -o FILE/a.html",
    "diagnose MODEL DATA -o OUT.pdf",
    "diagnose MODEL NOWHERE -o OUT.html",
    "diagnose MODEL FULL -o OUT.html",
    "landscape rings -o FILE/a.gif",
    "landscape rings -o FULL",
    "landscape rings -o LONG.safetensors",
    "landscape rings -o OUT.gif --steps 50000 --past 100",
    "landscape rings -o OUT.png --side 4000",
    "landscape NOWHERE -o OUT.gif",
    "landscape NOWHERE.safetensors -o OUT.gif",
    "export-onnx MODEL -o FILE/a.onnx",
    "export-onnx MODEL -o FULL",
    "export-onnx MODEL -o LONG.onnx",
    "tensorboard FULL -o OUT",
    "train DATA -o FILE/run",
    "train NOWHERE -o OUT",
)


@pytest.mark.parametrize("line", REFUSED)
def test_it_is_refused_before_the_work(capsys, tmp_path, inputs, idle, line):
    before = sorted(tmp_path.rglob("*"))
    code = main([_filled(word, inputs) for word in line.split()])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert sorted(tmp_path.rglob("*")) == before


def _filled(word: str, inputs: dict[str, str]) -> str:
    for name, text in inputs.items():
        word = word.replace(name, text)
    return word


def test_a_replay_is_refused_before_the_work_too(capsys, tmp_path, inputs, request):
    film = tmp_path / "film.gif"
    assert main(["sample", inputs["MODEL"], "-o", str(film), "--count", "64", "--scale", "16"]) == 0
    capsys.readouterr()
    request.getfixturevalue("idle")
    for place in ("sheet.png", "file/a.gif", "full"):
        assert main(["replay", str(film), "-o", str(tmp_path / place), "--model", inputs["MODEL"]]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1), err


def test_the_cli_says_what_a_gif_leaves_out(capsys, tmp_path, inputs):
    words = ["interpolate", inputs["MODEL"], "seed:1", "seed:2", "--frames", "9", "--fps", "100"]
    assert main([*words, "-o", inputs["OUT"] + ".gif"]) == 0
    assert "at most 50 frames a second, so 4 of 9 frames are left out" in capsys.readouterr().err
    assert main([*words, "-o", inputs["OUT"] + ".webp"]) == 0
    assert "left out" not in capsys.readouterr().err
