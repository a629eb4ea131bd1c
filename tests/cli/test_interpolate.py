import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ebm_studio.cli.main import main
from ebm_studio.core.energy.backends import available
from ebm_studio.core.sampling.interpolation import pad_weights
from ebm_studio.core.specs import PHOTO_STEP, Interpolation, ShortRun
from ebm_studio.data.exports.encoders import export
from ebm_studio.data.exports.recipe_files import read_recipe
from ebm_studio.data.exports.replay import load_recipe_models, make_frames
from ebm_studio.data.models.latent import FromPhoto, Latent, save_latent
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.making import make_model, make_picture


@pytest.fixture
def tiny(tmp_path) -> Path:
    return make_model(tmp_path / "tiny.safetensors")


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def frames_of(path):
    with Image.open(path) as film:
        frames = []
        for i in range(film.n_frames):
            film.seek(i)
            frames.append(np.asarray(film.convert("L")))
        return frames


def test_a_film_of_two_seeds_and_its_replay(capsys, tmp_path, tiny):
    words = ["interpolate", tiny, "seed:1", "seed:2", "-o", tmp_path / "a.gif", "--scale", 1, "--json"]
    code, out, _ = run(capsys, *words)
    result = json.loads(out)
    assert code == 0
    assert result["frames"] == 33
    assert (result["rho"][0], result["rho"][-1]) == (1, pytest.approx(0))
    assert len(result["distances"]) == 32
    assert result["bytes"] == (tmp_path / "a.gif").stat().st_size
    assert run(capsys, "replay", tmp_path / "a.gif", "-o", tmp_path / "b.gif")[0] == 0
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()

    # The ends are what `sample` shows for those seeds.
    frames = frames_of(tmp_path / "a.gif")
    assert len(frames) == 33
    for seed, frame in ((1, frames[0]), (2, frames[-1])):
        run(capsys, "sample", tiny, "-o", tmp_path / "s.png", "--count", 1, "--seed", seed)
        assert np.array_equal(np.asarray(Image.open(tmp_path / "s.png")), frame)


@pytest.mark.parametrize("noise", ["own", "off", "first"])
@pytest.mark.parametrize("count", [2, 5, 33])
def test_end_frames_are_the_plain_samples_bit_for_bit(tiny, noise, count):
    model = load_model(tiny, "cpu")
    kept = Latent(model.latent(9).z, FromPhoto("p.jpg"), "tiny", model.fingerprint, model.card.short_run)
    stops = [model.latent(1), model.latent(2, chain=3), kept]
    path = model.interpolate(stops, Interpolation(frames=2 * count - 1, noise=noise))
    quiet = ShortRun(steps=5, noise_scale=0)
    for frame, seed, chain in ((0, 1, 0), (count - 1, 2, 3), (-1, 9, 0)):
        # A latent that is not of a seed has no noise of its own.
        plain = model.sample(chain + 1, seed, quiet if noise == "off" or seed == 9 else None)[chain]
        if noise != "first" or seed == 1:
            assert torch.equal(path.images[frame], plain)
    assert len(path.energy) == len(path.rho) == 2 * count - 1


def test_even_image_spacing_keeps_the_ends_and_is_no_less_even(tiny):
    model = load_model(tiny, "cpu")
    stops = [model.latent(1), model.latent(2)]
    plain, even = (model.interpolate(stops, Interpolation(frames=17, spacing=kind)) for kind in ("rho", "image"))
    assert even.smoothness.unevenness < plain.smoothness.unevenness
    assert torch.equal(even.images[[0, -1]], plain.images[[0, -1]])


def test_a_pad_shows_its_corners(tiny):
    model = load_model(tiny, "cpu")
    corners = [model.latent(4, chain) for chain in range(4)]
    *_, end = model.mixed(corners, pad_weights([(0, 0), (1, 0), (0, 1), (1, 1), (0.3, 0.6)]))
    assert torch.equal(end.images[:4].clamp(-1, 1), model.sample(4, seed=4))


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.apng", "a.webp", "a.jpg"])
def test_samples_replay_and_stay_the_same_bytes(capsys, tmp_path, tiny, name):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        run(capsys, "sample", tiny, "-o", tmp_path / folder / name, "--count", 5, "--seed", 3, "--scale", 2)
    one = (tmp_path / "one" / name).read_bytes()
    assert one == (tmp_path / "two" / name).read_bytes()
    assert read_recipe(tmp_path / "one" / name).side.backend == load_model(tiny, "cpu").backend
    words = ["replay", tmp_path / "one" / name, "-o", tmp_path / "again" / name, "--model", tiny]
    assert run(capsys, *words)[0] == 0
    assert one == (tmp_path / "again" / name).read_bytes()


def test_a_replay_takes_the_files_backend_and_says_when_it_is_not_here(capsys, tmp_path, tiny):
    one, again, foreign = (tmp_path / name for name in ("one.png", "again.png", "foreign.png"))
    for backend in available(torch.device("cpu")):
        run(capsys, "sample", tiny, "-o", one, "--device", "cpu", "--backend", backend)
        code, out, err = run(capsys, "replay", one, "-o", again, "--device", "cpu", "--model", tiny, "--json")
        assert (code, err) == (0, "")
        assert (json.loads(out)["backend"], json.loads(out)["note"]) == (backend, "")
        assert one.read_bytes() == again.read_bytes()

    recipe = read_recipe(one)
    frames = make_frames(recipe, load_recipe_models(recipe, one, [str(tiny)], "cpu"))
    export(frames, foreign, recipe.look, replace(recipe, side=replace(recipe.side, backend="graph")))
    code, out, err = run(capsys, "replay", foreign, "-o", again, "--device", "cpu", "--model", tiny, "--json")
    assert code == 0
    assert "made with the backend graph, which this machine does not have" in err
    assert json.loads(out)["note"] in err


def test_a_latent_file_and_a_photo_are_stops(capsys, tmp_path, tiny):
    model = load_model(tiny, "cpu")
    z = model.latent(5).z
    save_latent(tmp_path / "z.safetensors", Latent(z, FromPhoto("p.jpg"), "tiny", "h", model.card.short_run))
    make_picture().save(tmp_path / "photo.png")
    stops = [tmp_path / "z.safetensors", "seed:1:2", tmp_path / "photo.png"]
    words = ["--loop", "--frames", 9, "--scale", 1, "--noise-scale", 0, "--captions"]
    code, out, err = run(capsys, "interpolate", tiny, *stops, "-o", tmp_path / "a.gif", *words, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["short_run"]["step_size"] == 1.0  # that of the latent found for a photo
    first = to_pixels(model.sample(1, 5, ShortRun(steps=5, noise_scale=0)).numpy())[0, 0]
    middle = (frames_of(tmp_path / "a.gif")[0].shape[1] - 16) // 2
    assert np.array_equal(frames_of(tmp_path / "a.gif")[0][:16, middle : middle + 16], first)
    assert run(capsys, "replay", tmp_path / "a.gif", "-o", tmp_path / "b.gif")[0] == 0
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()

    _, out, _ = run(capsys, "interpolate", tiny, "seed:1", tmp_path / "photo.png", "-o", tmp_path / "c.gif", "--json")
    assert json.loads(out)["short_run"]["step_size"] == PHOTO_STEP
    seeds, photo = read_recipe(tmp_path / "c.gif").sources
    assert (seeds.origin.name, photo.origin.name) == ("seed:1", "photo.png")
    assert seeds.short_run == photo.short_run
    assert seeds.origin.error < 0.01  # to the seed's own picture
    _, out, _ = run(capsys, "interpolate", tiny, "seed:1", "seed:2", "-o", tmp_path / "c.gif", "--json")
    assert json.loads(out)["short_run"]["step_size"] == 1.0


@pytest.mark.parametrize(
    "words",
    [
        ["interpolate", "TINY", "seed:1", "-o", "a.gif"],
        ["interpolate", "TINY", "seed:1", "seed:2", "--loop", "-o", "a.gif"],
        ["interpolate", "TINY", "seed:x", "seed:2", "-o", "a.gif"],
        ["interpolate", "TINY", "seed:1:9999", "seed:2", "-o", "a.gif"],
        ["interpolate", "TINY", "seed:9999999999999999999", "seed:2", "-o", "a.gif"],
        ["interpolate", "TINY", "nothing.jpg", "seed:2", "-o", "a.gif"],
        ["interpolate", "TINY", "nothing.safetensors", "seed:2", "-o", "a.gif"],
        ["interpolate", "TINY", "TINY", "seed:2", "-o", "a.gif"],
        ["interpolate", "nothing", "seed:1", "seed:2", "-o", "a.gif"],
        ["interpolate", "TINY", "seed:1", "seed:2", "-o", "a.avi"],
        ["interpolate", "TINY", "seed:1", "seed:2", "-o", "FILE/a.gif"],
        ["interpolate", "TINY", "seed:1", "seed:2", "-o", "a.gif", "--frames", "1"],
        ["interpolate", "TINY", "seed:1", "seed:2", "-o", "a.gif", "--path", "curved"],
        ["interpolate", "TINY", "seed:1", "seed:2", "-o", "a.gif", "--spacing", "x"],
        ["interpolate", "TINY", "seed:1", "seed:2", "-o", "a.gif", "--fps", "0"],
        ["interpolate", "TINY", "seed:1", "seed:2", "-o", "a.gif", "--scale", "0"],
        ["replay", "nothing.gif", "-o", "b.gif"],
        ["replay", "FILE", "-o", "b.gif"],
        ["replay", "TINY", "-o", "b.gif"],
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_else(capsys, tmp_path, monkeypatch, tiny, words):
    monkeypatch.chdir(tmp_path)
    Path("file.bin").write_text("plain")
    before = sorted(os.listdir())
    code, out, err = run(capsys, *[w.replace("FILE", "file.bin").replace("TINY", str(tiny)) for w in words])
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"ebm-studio {words[0]}: ")
    assert sorted(os.listdir()) == before
