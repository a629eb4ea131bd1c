import json
import shutil
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.core.specs import Interpolation, NetSpec, ShortRun
from ebm_studio.data.exports.encoders import export
from ebm_studio.data.exports.frames import Frame, Look
from ebm_studio.data.exports.recipe import MARK, Recipe, Side, find_recipe_model, read_recipe, side_file
from ebm_studio.data.exports.recipe_sources import Original, Seeds, pack, sources_of, unpack
from ebm_studio.data.exports.replay import latents_of, load_recipe_models, make_frames, make_recipe
from ebm_studio.data.models.latent import FromPhoto, FromSeed, Latent
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.making import make_model


def noise(seed=0, size=16, channels=1):
    return np.random.default_rng(seed).uniform(-1, 1, (channels, size, size)).astype(np.float32)


def photo(z=None, name="my photo.jpg"):
    return Latent(noise() if z is None else z, FromPhoto(name), "tiny", "00ff", ShortRun(steps=5))


def recipe(**changes):
    fields = {
        "kind": "interpolation",
        "model": "tiny",
        "model_hash": "00ff",
        "short_run": ShortRun(steps=5),
        "sources": (Seeds(3), photo(), Seeds(2**63 - 1, 7)),
        "path": Interpolation(frames=4, closed=True, path="slerp"),
        "look": Look(scale=2, captions=True, hold_last=1.5),
        "made_with": (("ebm_studio", "0.1.0"), ("torch", "2")),
    }
    return Recipe(**{**fields, **changes})


def frames(count=4):
    pixels = np.random.default_rng(0).integers(0, 256, (count, 1, 3, 16, 16), dtype=np.uint8)
    return [Frame(picture, f"step {i}") for i, picture in enumerate(pixels)]


def same(a, b):
    """Equal, latents included, whose arrays have no == of their own."""
    return a.to_json() == b.to_json()


def test_a_recipe_survives_its_text():
    text = recipe().to_json()
    again = Recipe.from_json(text)
    assert again.to_json() == text
    assert text.isascii()
    assert np.array_equal(again.sources[1].z, noise())
    assert (again.path, again.look, again.short_run) == (recipe().path, recipe().look, recipe().short_run)


def original(seed=0, masked=True):
    random = np.random.default_rng(seed)
    unknown = random.random((16, 16)) < 0.3 if masked else None
    return Original(random.integers(0, 256, (1, 16, 16), dtype=np.uint8), unknown)


def test_what_a_recipe_shows_is_told_in_one_place():
    chains = {"kind": "chain", "path": None, "sources": (Seeds(3, 0, 2),)}
    other = Side(model="tiny", model_hash="00ff", short_run=ShortRun(steps=5))
    original = Original(np.zeros((3, 16, 16), np.uint8))
    assert recipe().subject == "path"
    assert recipe(**chains).subject == "chains"
    assert recipe(**chains, other=other).subject == "comparison"
    assert recipe(**{**chains, "sources": (photo(), Seeds(3))}).subject == "latents"
    assert recipe(**{**chains, "sources": (photo(),)}, photos=(original,)).subject == "reconstructions"
    # A file from elsewhere: no page could show two sides that begin at some later chain, or at latents.
    assert recipe(**{**chains, "sources": (Seeds(3, 5, 2),)}, other=other).subject == "chains"
    assert recipe(**{**chains, "sources": (photo(),)}, other=other).subject == "latents"


def test_photos_a_comparison_and_a_step_survive_it_too():
    shown = recipe(kind="chain", path=None, sources=(photo(), photo()), photos=(original(1), original(2, False)))
    again = Recipe.from_json(shown.to_json())
    assert same(again, shown)
    assert np.array_equal(again.photos[0].pixels, original(1).pixels)
    assert np.array_equal(again.photos[0].unknown, original(1).unknown)
    assert again.photos[1].unknown is None
    other = Side(model="colour", model_hash="11", short_run=ShortRun(steps=9))
    pair = recipe(kind="samples", path=None, sources=(Seeds(3, 0, 9),), other=other)
    assert Recipe.from_json(pair.to_json()) == pair
    assert Recipe.from_json(recipe(step=4).to_json()).step == 4


@pytest.mark.parametrize(
    "name", ["a.gif", "a.webp", "a.apng", "a.mp4", "a.png", "a.jpg", "a.bmp", "a.tif", "frames", "still.webp"]
)
def test_every_format_carries_the_recipe(tmp_path, name):
    path = tmp_path / name
    export(frames(1 if "still" in name else 4), path, Look(captions=True), recipe())
    assert same(read_recipe(path / "2.png" if name == "frames" else path), recipe())
    assert side_file(path).exists() == (name == "a.bmp")


def test_what_does_not_fit_inside_goes_beside(tmp_path):
    many = recipe(sources=tuple(photo(noise(i, 128, 3)) for i in range(6)))
    export(frames(), tmp_path / "a.gif", Look(), many)
    assert side_file(tmp_path / "a.gif").is_file()
    assert (tmp_path / "a.gif").stat().st_size < 100_000
    assert same(read_recipe(tmp_path / "a.gif"), many)
    assert same(read_recipe(side_file(tmp_path / "a.gif")), many)


def test_packing_is_lossless_and_bounded():
    z = np.array([[[0.1, -0.0], [1e-38, -999.5]]], np.float32)
    assert np.array_equal(unpack(pack(z), z.shape).view(np.uint32), z.view(np.uint32))
    import base64

    bomb = base64.b64encode(zlib.compress(bytes(10**7))).decode()
    for text, shape in ((bomb, (1, 16, 16)), (pack(z), (1, 16, 16)), ("!", (1, 1, 1)), (pack(z)[:-8], z.shape)):
        with pytest.raises(DataError, match="latent is"):
            unpack(text, shape)


def broken(**changes):
    return json.dumps({**json.loads(recipe().to_json()), **changes})


def with_photo(**changes):
    photo = {**original().to_dict(), **changes}
    return broken(kind="chain", path=None, latents=[{"seed": 1}], photos=[photo])


def test_that_photo_is_sound_as_it_is():
    assert Recipe.from_json(with_photo()).photos[0].pixels.shape == (1, 16, 16)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "null",
        "{}",
        json.dumps({MARK: 1}),
        broken(**{MARK: 99}),
        broken(kind="shell"),
        broken(kind="chain"),
        broken(model=1),
        broken(model="x" * 10_000),
        broken(short_run={"steps": 10**9}),
        broken(short_run={"steps": 5, "step_size": float("nan")}),
        broken(short_run={"__class__": "os.system"}),
        broken(latents=[]),
        broken(latents="seed"),
        broken(latents=[{"seed": 1}] * 10_000),
        broken(latents=[{"seed": -1}]),
        broken(latents=[{"seed": 1, "first": 0, "count": 10**9}]),
        broken(latents=[{"seed": True, "first": [], "count": 1}]),
        broken(latents=[{"z": "AAAA", "shape": [10**6, 10**6, 1]}]),
        broken(latents=[{"z": 1, "shape": [1, 16, 16]}]),
        broken(path={"frames": 10**9}),
        broken(path=[1]),
        broken(look={"scale": 10**6}),
        broken(look={"evil": 1}),
        broken(made_with=[1]),
        broken(made_with={"a": "x" * 10_000}),
        broken(command="rm -rf /"),
        broken(latents=[{"seed": 10**400}]),
        broken(step=6),
        broken(step=True),
        broken(kind="samples", path=None, step=1),
        broken(other={}),
        broken(other={"model": "", "model_hash": "0", "short_run": {}}),
        broken(other={"model": "a", "model_hash": "0", "short_run": {}}),
        broken(kind="chain", path=None, photos=[original().to_dict()]),
        broken(kind="chain", path=None, photos={}),
        broken(photos=[original().to_dict()] * 3),
        with_photo(shape=[1, 10**6, 10**6]),
        with_photo(shape=[1, 16, 17]),
        with_photo(pixels="!"),
        with_photo(unknown="AAAA"),
        with_photo(unknown=7),
    ],
)
def test_hostile_recipes_do_nothing_and_say_so(tmp_path, text):
    path = tmp_path / f"a{'.recipe.json'}"
    path.write_text(text)
    with pytest.raises(DataError, match="cannot be replayed") as caught:
        read_recipe(path)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_files_without_a_recipe_are_told_from_damaged_ones(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    (tmp_path / "noise.gif").write_bytes(b"GIF89a" + bytes(40))
    (tmp_path / "empty.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"\xff" * 100)
    for name, message in (
        ("plain.png", "contains no recipe"),
        ("noise.gif", "contains no recipe|not a picture"),
        ("empty.mp4", "contains no recipe"),
        ("missing.gif", "no file"),
    ):
        with pytest.raises(DataError, match=message):
            read_recipe(tmp_path / name)
    with pytest.raises(DataError, match="is a folder"):
        read_recipe(tmp_path)


def test_neighbouring_chains_of_a_seed_are_kept_together():
    latents = [Latent(noise(i), FromSeed(3, i), "m", "h", ShortRun()) for i in range(3)]
    assert sources_of(latents) == (Seeds(3, 0, 3),)
    assert sources_of([latents[2], latents[0]]) == (Seeds(3, 2), Seeds(3, 0))
    (kept,) = sources_of([photo()])
    assert isinstance(kept, Latent)


@pytest.fixture
def tiny(tmp_path):
    return load_model(make_model(tmp_path / "tiny.safetensors"), "cpu")


def test_the_model_is_found_beside_the_file_and_must_be_the_same(tmp_path, tiny, monkeypatch):
    made = make_recipe(tiny, "samples", (Seeds(1, 0, 2),), tiny.card.short_run, Look())
    beside = tmp_path / "a.gif"
    assert find_recipe_model(made.own, beside) == tmp_path / "tiny.safetensors"
    assert load_recipe_models(made, beside)[0].fingerprint == made.model_hash

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(DataError, match=r"tiny .* cannot be found: give its file with --model"):
        load_recipe_models(made, elsewhere / "a.gif")
    make_model(elsewhere / "tiny.safetensors", seed=5)
    with pytest.raises(DataError, match="a different model"):
        load_recipe_models(made, elsewhere / "a.gif")
    assert load_recipe_models(made, elsewhere / "a.gif", [str(tmp_path / "tiny.safetensors")])


def test_a_recipe_cannot_name_a_file_elsewhere(tmp_path, tiny, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    shutil.copy(tmp_path / "tiny.safetensors", tmp_path / "sub" / "x.safetensors")
    for name in ("sub/x.safetensors", str(tmp_path / "sub" / "x.safetensors"), "../x", "x.pt"):
        with pytest.raises(DataError, match="cannot be found"):
            find_recipe_model(recipe(model=name).own, Path("a.gif"))


def test_latents_of_seeds_and_kept_ones_run_as_themselves(tiny):
    run = tiny.card.short_run
    kept = Latent(noise(), FromPhoto("a.jpg"), "tiny", tiny.fingerprint, run)
    made = make_recipe(tiny, "samples", (Seeds(3, 1, 2), kept), run, Look())
    (frame,) = make_frames(tiny, made)
    plain = make_frames(tiny, make_recipe(tiny, "samples", (Seeds(3, 0, 3),), run, Look()))[0]
    assert frame.pixels.shape == (3, 1, 16, 16)
    assert np.array_equal(frame.pixels[:2], plain.pixels[1:])
    assert [latent.origin for latent in latents_of(tiny, made)] == [FromSeed(3, 1), FromSeed(3, 2), FromPhoto("a.jpg")]
    steps = make_frames(tiny, make_recipe(tiny, "chain", (Seeds(3, 1, 2), kept), run, Look()))
    assert len(steps) == run.steps + 1
    assert np.array_equal(steps[-1].pixels, frame.pixels)
    assert steps[2].caption.startswith(f"step 2/{run.steps}")


def test_a_comparison_keeps_the_shorter_chain_at_its_end(tiny, tmp_path):
    other = load_model(make_model(tmp_path / "colour.safetensors", NetSpec(size=16, channels=3, width=4)), "cpu")
    side = Side(model="colour", model_hash=other.fingerprint, short_run=ShortRun(steps=8))
    made = make_recipe(tiny, "chain", (Seeds(4, 0, 3),), tiny.card.short_run, Look(), other=side)
    films = make_frames(tiny, made, other=other)
    assert len(films) == 9
    assert films[8].caption.startswith("step 8/8    left: E ")
    ends = [to_pixels(tiny.sample(3, 4).numpy()), to_pixels(other.sample(3, 4, side.short_run).numpy())]
    for frame in (films[8], make_frames(tiny, replace(made, kind="samples"), other=other)[0]):
        assert np.array_equal(frame.pixels, ends[0])
        assert np.array_equal(frame.beside[0], ends[1])
    assert np.array_equal(films[6].pixels, ends[0])
    assert not np.array_equal(films[6].beside[0], ends[1])


def test_reconstructions_stand_beside_their_photos(tiny):
    made = make_recipe(
        tiny,
        "chain",
        (photo(noise(1)), photo(noise(2))),
        tiny.card.short_run,
        Look(),
        photos=(original(1), original(2)),
    )
    film, (still,) = make_frames(tiny, made), make_frames(tiny, replace(made, kind="samples"))
    assert len(film) == 6
    assert np.array_equal(film[2].pixels[1], original(2).pixels)
    ends, unknown = film[5].beside[0], original(2).unknown
    z, filled = still.beside
    assert np.array_equal(z[0], to_pixels(noise(1)))
    assert np.array_equal(filled[1][:, unknown], ends[1][:, unknown])
    assert np.array_equal(filled[1][:, ~unknown], original(2).pixels[:, ~unknown])


def test_a_path_at_a_step_is_spaced_as_at_its_end(tiny):
    made = make_recipe(
        tiny, "interpolation", (Seeds(1), Seeds(2)), tiny.card.short_run, Look(), path=Interpolation(spacing="image")
    )
    whole = tiny.interpolate(latents_of(tiny, made), made.path)
    part = tiny.interpolate(latents_of(tiny, made), made.path, step=3)
    assert part.positions == whole.positions
    *_, step = tiny.mixed(latents_of(tiny, made), part.weights, ShortRun(steps=3))
    frames = make_frames(tiny, replace(made, step=3))
    assert np.array_equal([frame.pixels[0] for frame in frames], to_pixels(step.images.numpy()))


def test_a_recipe_that_no_memory_can_hold_is_refused(tiny):
    run = ShortRun(steps=100_000)
    with pytest.raises(SettingsError, match="GB"):
        make_frames(tiny, make_recipe(tiny, "chain", (Seeds(0, 0, 4096),), run, Look()))
