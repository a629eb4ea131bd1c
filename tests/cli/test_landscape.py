"""`ebm-studio landscape`."""

import json

import pytest
from PIL import Image

from ebm_studio.cli.main import main
from ebm_studio.data.exports.recipe import LandscapeRecipe
from ebm_studio.data.exports.recipe_files import holds_recipe, read_recipe
from ebm_studio.data.points.files import load_landscape

SMALL = ["--updates", "3", "--steps", "4", "--batch", "8", "--data-batch", "8", "--width", "8"]


def test_it_trains_and_measures(capsys, tmp_path):
    assert main(["landscape", "moons", *SMALL, "--json", "-o", str(tmp_path / "m.safetensors")]) == 0
    found = json.loads(capsys.readouterr().out)
    for name in ("tv_short_run", "tv_energy", "kl_short_run", "kl_energy", "moment_gap", "seconds"):
        assert found[name] >= 0
    assert (found["updates"], found["chains"], found["short_run"]["steps"]) == (3, 100_000, 4)

    more = ["landscape", str(tmp_path / "m.safetensors"), "--updates", "5", "--step-size", "0.02"]
    assert main([*more, "-o", str(tmp_path / "again.safetensors")]) == 0
    again = load_landscape(tmp_path / "again.safetensors")
    assert (again.updates, again.scene.short_run.step_size, again.scene.short_run.steps) == (5, 0.02, 4)
    assert "TV(data, short run)" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "frames"), [("m.gif", 9), ("m.png", 1)])
def test_it_writes_what_is_seen_and_makes_it_again(tmp_path, name, frames):
    assert main(["landscape", "rings", *SMALL, "--past", "2", "--side", "64", "-o", str(tmp_path / name)]) == 0
    with Image.open(tmp_path / name) as picture:
        assert getattr(picture, "n_frames", 1) == frames
        assert picture.width >= 192
    assert holds_recipe(tmp_path / name)
    assert isinstance(read_recipe(tmp_path / name), LandscapeRecipe)
    assert main(["replay", str(tmp_path / name), "-o", str(tmp_path / f"again-{name}")]) == 0
    assert (tmp_path / f"again-{name}").read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing"], "There is no data nothing"),
        (["text:"], "letters"),
        (["rings", "--depth", "9"], "depth"),
        (["rings", "--activation", "relu"], "activation"),
        (["rings", "--chains-from", "nowhere"], "start from"),
        (["rings", "--updates", "0"], "Updates"),
        (["rings", "--past", "101"], "--past"),
        (["rings", "-o", "x.doc"], "x.doc"),
        (["rings", "--step-size", "1000", "--noise-scale", "10", *SMALL[:2], "--steps", "90"], "step size"),
    ],
)
def test_bad_input_is_one_line(capsys, words, says):
    assert main(["landscape", *words]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert says in lines[0]
