"""Names of files as people and scripts write them, and weights of other programs, on the command line."""

import json
import os
from pathlib import Path

import pytest
import torch

from ebm_studio.cli.main import main
from ebm_studio.data.exports.recipe_files import read_recipe
from ebm_studio.data.models.model import load_model
from ebm_studio.data.models.reading import Reading
from tests.cli.test_cli import SMALL, run
from tests.data.models.test_foreign import Net
from tests.making import encoded, make_data, make_model, make_picture, make_zip


@pytest.fixture
def tiny(tmp_path) -> str:
    return str(make_model(tmp_path / "tiny.safetensors"))


def test_the_tilde_of_a_home_folder_is_expanded_everywhere(capsys, tmp_path, monkeypatch, tiny):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "sample", "~/tiny.safetensors", "--output=~/x.png", "--count", 1)[0] == 0
    assert (tmp_path / "x.png").is_file()
    assert not (tmp_path / "~").exists()
    assert run(capsys, "replay", "~/x.png", "--output=~/y.png", "--model", "~/tiny.safetensors")[0] == 0
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "", "-o", "a.png"],
        ["sample", "TINY", "-o", ""],
        ["sample", "TINY", "-o", "~nosuchuser/a.png"],
        ["sample", "~nosuchuser/m.pt", "-o", "a.png"],
        ["sample", "TINY", "-o", "LONG.png"],
        ["sample", "LONG", "-o", "a.png"],
        ["sample", "PIPE", "-o", "a.png"],
        ["sample", "/dev/zero", "-o", "a.png"],
        ["sample", "TINY", "-o", "PIPE.png"],
        ["sample", "TINY", "-o", "a.png", "--sign", "plus"],
        ["replay", "PIPE.png", "-o", "a.png"],
        ["replay", "LONG.png", "-o", "a.png"],
        ["interpolate", "TINY", "seed:1", "PIPE.png", "-o", "a.gif"],
        ["interpolate", "TINY", "seed:1", "LONG.safetensors", "-o", "a.gif"],
        ["reconstruct", "TINY", "PIPE.png", "-o", "out"],
        ["train", "", "-o", "run"],
        ["train", "PIPE.png", "-o", "run"],
        ["train", "/dev/zero", "-o", "run"],
        ["train", "DATA", "-o", "run", "--from", ""],
        ["train", "DATA", "-o", "run", "--from", "PIPE"],
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes in folders")
def test_a_name_that_cannot_be_opened_is_one_line_and_leaves_nothing(capsys, tmp_path, monkeypatch, tiny, words):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    os.mkfifo("pipe.png")
    data = str(make_data(tmp_path / "data.zip"))
    before = sorted(os.listdir())
    names = {"TINY": tiny, "DATA": data, "LONG": "x" * 300, "PIPE": "pipe"}
    for key, name in names.items():
        words = [word.replace(key, name) for word in words]
    try:
        code = main(words)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert sorted(os.listdir()) == before
    assert Path("pipe.png").is_fifo()


def test_weights_of_another_program_are_read_as_the_options_say(capsys, tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "theirs.pth"
    torch.save(Net(leak=0.05).state_dict(), path)
    words = ["sample", path, "--count", 2, "--steps", 3, "--json"]
    hashes = set()
    for options in ([], ["--sign", "plus"], ["--sign", "plus", "--leak", "0.05"], ["--activation", "silu"]):
        code, _, err = run(capsys, *words, "-o", tmp_path / "a.png", *options)
        assert code == 0, err
        hashes.add(read_recipe(tmp_path / "a.png").side.model_hash)
    assert len(hashes) == 4
    assert load_model(path, "cpu", "fp32", Reading(sign="plus", leak=0.05)).fingerprint in hashes
    assert run(capsys, *words, "-o", tmp_path / "a.png", "--leak", "7")[0] == 2


def test_training_begins_with_weights_of_another_program(capsys, tmp_path):
    torch.save(Net().state_dict(), tmp_path / "theirs.pth")
    few = ["--batch", 4, "--data-batch", 4, "--steps", 3, "--updates", 1]
    data = make_data(tmp_path / "data.zip")
    code, out, err = run(
        capsys, "train", data, "-o", tmp_path / "run", "--from", tmp_path / "theirs.pth", *few, "--json"
    )
    assert code == 0, err
    assert json.loads(out)["card"]["net"]["size"] == 16


def test_training_says_what_it_passed_over(capsys, tmp_path):
    files = {f"{i}.jfif": encoded(make_picture((20, 20), i), "JPEG") for i in range(6)}
    path = make_zip(tmp_path / "data.zip", files | {"notes.txt": b"x", "broken.png": b"x"})
    code, out, err = run(capsys, "train", path, "-o", tmp_path / "run", *SMALL, "--updates", 1, "--json")
    found = json.loads(out)
    assert (code, found["skipped"], found["others"], found["card"]["data"]["count"]) == (0, 1, 1, 6)
    assert "1 picture cannot be used: broken.png: it is not a picture" in err
    assert "1 other file passed over: notes.txt." in err


def test_latents_of_another_size_name_both(capsys, tmp_path, tiny):
    from ebm_studio.core.specs import NetSpec
    from ebm_studio.data.models.latent import save_latent

    other = make_model(tmp_path / "other.safetensors", NetSpec(size=32, channels=3, width=4))
    save_latent(tmp_path / "z.safetensors", load_model(other, "cpu", "fp32").latent(3))
    code, _, err = run(capsys, "interpolate", tiny, "seed:1", tmp_path / "z.safetensors", "-o", tmp_path / "a.gif")
    assert code == 2
    assert "32 x 32 in colour" in err
    assert "16 x 16 in grey" in err
