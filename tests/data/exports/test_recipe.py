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
from ebm_studio.data.exports.recipe import (
    MARK,
    ChainRecipe,
    ComparisonRecipe,
    LatentRecipe,
    PathRecipe,
    ReconstructionRecipe,
    Side,
    Versions,
    recipe_from_json,
    side_of,
)
from ebm_studio.data.exports.recipe_files import find_recipe_model, read_recipe, side_file
from ebm_studio.data.exports.recipe_frames import expected
from ebm_studio.data.exports.recipe_sources import Original, Seeds, sources_of
from ebm_studio.data.exports.replay import latents_of, load_recipe_models, make_frames
from ebm_studio.data.models.latent import FromPhoto, FromSeed, Latent
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from ebm_studio.data.storage.packed_arrays import pack_floats, unpack_floats
from tests.making import make_model


def noise(seed=0, size=16, channels=1):
    return np.random.default_rng(seed).uniform(-1, 1, (channels, size, size)).astype(np.float32)


def photo(z=None, name="my photo.jpg"):
    return Latent(noise() if z is None else z, FromPhoto(name), "tiny", "00ff", ShortRun(steps=5))


SIDE = Side(model="tiny", model_hash="00ff", short_run=ShortRun(steps=5))
OTHER = Side(model="colour", model_hash="11", short_run=ShortRun(steps=9), device="cuda", backend="tf32")
SHOWN = {"look": Look(scale=2, captions=True, hold_last=1.5), "made_with": Versions(ebm_studio="0.1.0", torch="2")}


def recipe(**changes):
    fields = {
        "side": SIDE,
        "sources": (Seeds(3), photo(), Seeds(2**63 - 1, 7)),
        "path": Interpolation(frames=4, closed=True, path="slerp"),
        **SHOWN,
    }
    return PathRecipe(**{**fields, **changes})


def frames(count=4):
    pixels = np.random.default_rng(0).integers(0, 256, (count, 1, 3, 16, 16), dtype=np.uint8)
    return [Frame(picture, f"step {i}") for i, picture in enumerate(pixels)]


def same(a, b):
    """Equal, latents included, whose arrays have no == of their own."""
    return a.to_json() == b.to_json()


def original(seed=0, masked=True):
    random = np.random.default_rng(seed)
    unknown = random.random((16, 16)) < 0.3 if masked else None
    return Original(random.integers(0, 256, (1, 16, 16), dtype=np.uint8), unknown)


def of_each_kind():
    return [
        recipe(step=4),
        ChainRecipe(side=OTHER, seeds=Seeds(3, 5, 2), moving=True, **SHOWN),
        LatentRecipe(side=SIDE, sources=(photo(), Seeds(3)), moving=False, **SHOWN),
        ComparisonRecipe(sides=(SIDE, OTHER), seed=3, count=9, moving=False, **SHOWN),
        ReconstructionRecipe(
            side=SIDE, sources=(photo(), photo()), photos=(original(1), original(2, False)), moving=True, **SHOWN
        ),
    ]


@pytest.mark.parametrize("made", of_each_kind(), ids=lambda made: made.kind)
def test_a_recipe_survives_its_text_which_names_its_kind(made):
    text = made.to_json()
    assert text.isascii()
    assert json.loads(text)["kind"] == made.kind
    again = recipe_from_json(text)
    assert type(again) is type(made)
    assert again.to_json() == text
    assert (again.sides, again.look, again.made_with) == (made.sides, made.look, made.made_with)


def test_latents_photos_and_masks_survive_it_to_the_bit():
    path, _, _, _, shown = (recipe_from_json(made.to_json()) for made in of_each_kind())
    assert np.array_equal(path.sources[1].z, noise())
    assert np.array_equal(shown.photos[0].pixels, original(1).pixels)
    assert np.array_equal(shown.photos[0].unknown, original(1).unknown)
    assert shown.photos[1].unknown is None


@pytest.mark.parametrize("made", of_each_kind(), ids=lambda made: made.kind)
def test_a_field_of_another_kind_is_refused(made):
    data = json.loads(made.to_json())
    for other in of_each_kind():
        for name, value in json.loads(other.to_json()).items():
            if name not in data:
                with pytest.raises(DataError, match=f"does not know {name} of the recipe"):
                    recipe_from_json(json.dumps({**data, name: value}))
    for name in data.keys() - {MARK, "kind", "step", "made_with"}:
        with pytest.raises(DataError, match=f"the recipe has no {name}"):
            recipe_from_json(json.dumps({key: value for key, value in data.items() if key != name}))


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
    assert np.array_equal(unpack_floats(pack_floats(z), z.shape, "latent").view(np.uint32), z.view(np.uint32))
    import base64

    bomb = base64.b64encode(zlib.compress(bytes(10**7))).decode()
    for text, shape in (
        (bomb, (1, 16, 16)),
        (pack_floats(z), (1, 16, 16)),
        ("!", (1, 1, 1)),
        (pack_floats(z)[:-8], z.shape),
    ):
        with pytest.raises(DataError, match="latent is"):
            unpack_floats(text, shape, "latent")


def broken(**changes):
    return json.dumps({**json.loads(recipe().to_json()), **changes})


def of_kind(kind, **changes):
    made = next(made for made in of_each_kind() if made.kind == kind)
    return json.dumps({**json.loads(made.to_json()), **changes})


def with_photo(**changes):
    shown = {**original().to_dict(), **changes}
    return of_kind("reconstructions", photos=[shown] * 2)


def test_that_photo_is_sound_as_it_is():
    assert recipe_from_json(with_photo()).photos[0].pixels.shape == (1, 16, 16)


def side(**changes):
    return {**json.loads(recipe().to_json())["side"], **changes}


SEED = {"kind": "seeds", "seed": 1}


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
        broken(**{MARK: [1]}),
        broken(kind="shell"),
        broken(kind="chains"),
        broken(kind=["path"]),
        broken(side=side(model=1)),
        broken(side=side(model="x" * 10_000)),
        broken(side=side(short_run={"steps": 10**9})),
        broken(side=side(short_run={"steps": 5, "step_size": float("nan")})),
        broken(side=side(short_run={"__class__": "os.system"})),
        broken(side=side(backend="x" * 10_000)),
        broken(side={}),
        broken(side="tiny"),
        broken(sources=[]),
        broken(sources="seed"),
        broken(sources=[{"seed": 1}]),
        broken(sources=[{"kind": "chains", "seed": 1}]),
        broken(sources=[SEED] * 10_000),
        broken(sources=[{**SEED, "seed": -1}]),
        broken(sources=[{**SEED, "first": 0, "count": 10**9}]),
        broken(sources=[{**SEED, "seed": True, "first": [], "count": 1}]),
        broken(sources=[{"kind": "latent", "z": "AAAA", "shape": [10**6, 10**6, 1]}]),
        broken(sources=[{"kind": "latent", "z": 1, "shape": [1, 16, 16]}]),
        broken(sources=[{"kind": "latent"}]),
        broken(path={"frames": 10**9}),
        broken(path=[1]),
        broken(path=None),
        broken(look={"scale": 10**6}),
        broken(look={"evil": 1}),
        broken(made_with=[1]),
        broken(made_with={"ebm_studio": "1", "torch": "x" * 10_000}),
        broken(command="rm -rf /"),
        broken(sources=[{**SEED, "seed": 10**400}]),
        broken(step=6),
        broken(step=True),
        of_kind("chains", moving=1),
        of_kind("comparison", right={}),
        of_kind("comparison", right=side(model="")),
        of_kind("comparison", count=10**6),
        of_kind("comparison", seed=-1),
        of_kind("reconstructions", photos={}),
        of_kind("reconstructions", photos=[]),
        of_kind("reconstructions", photos=[original().to_dict()] * 3),
        of_kind("reconstructions", sources=[SEED, SEED]),
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


def chains(model, seeds, run=None, moving=False):
    return ChainRecipe(side=side_of(model, run or model.card.short_run), seeds=seeds, moving=moving, look=Look())


def test_the_model_is_found_beside_the_file_and_must_be_the_same(tmp_path, tiny, monkeypatch):
    made = chains(tiny, Seeds(1, 0, 2))
    beside = tmp_path / "a.gif"
    assert find_recipe_model(made.side, beside) == tmp_path / "tiny.safetensors"
    assert load_recipe_models(made, beside)[0].fingerprint == made.side.model_hash

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
            find_recipe_model(replace(SIDE, model=name), Path("a.gif"))


def test_latents_of_seeds_and_kept_ones_run_as_themselves(tiny):
    run = tiny.card.short_run
    kept = Latent(noise(), FromPhoto("a.jpg"), "tiny", tiny.fingerprint, run)
    made = LatentRecipe(side=side_of(tiny, run), sources=(Seeds(3, 1, 2), kept), moving=False, look=Look())
    (frame,) = make_frames(made, [tiny])
    plain = make_frames(chains(tiny, Seeds(3, 0, 3)), [tiny])[0]
    assert frame.pixels.shape == (3, 1, 16, 16)
    assert np.array_equal(frame.pixels[:2], plain.pixels[1:])
    origins = [latent.origin for latent in latents_of(tiny, made.sources, run)]
    assert origins == [FromSeed(3, 1), FromSeed(3, 2), FromPhoto("a.jpg")]
    steps = make_frames(replace(made, moving=True), [tiny])
    assert len(steps) == run.steps + 1
    assert np.array_equal(steps[-1].pixels, frame.pixels)
    assert steps[2].caption.startswith(f"step 2/{run.steps}")
    later = make_frames(chains(tiny, Seeds(3, 1, 2)), [tiny])[0]
    assert np.array_equal(later.pixels, frame.pixels[:2])


def test_a_comparison_keeps_the_shorter_chain_at_its_end(tiny, tmp_path):
    other = load_model(make_model(tmp_path / "colour.safetensors", NetSpec(size=16, channels=3, width=4)), "cpu")
    right = side_of(other, ShortRun(steps=8))
    made = ComparisonRecipe(
        sides=(side_of(tiny, tiny.card.short_run), right), seed=4, count=3, moving=True, look=Look()
    )
    films = make_frames(made, [tiny, other])
    assert len(films) == 9
    assert films[8].caption.startswith("step 8/8    tiny: E ")
    ends = [to_pixels(tiny.sample(3, 4).numpy()), to_pixels(other.sample(3, 4, right.short_run).numpy())]
    for frame in (films[8], make_frames(replace(made, moving=False), [tiny, other])[0]):
        assert np.array_equal(frame.pixels, ends[0])
        assert np.array_equal(frame.beside[0], ends[1])
    assert np.array_equal(films[6].pixels, ends[0])
    assert not np.array_equal(films[6].beside[0], ends[1])


def reconstructions(model, *photos):
    sources = tuple(photo(noise(number)) for number, _ in enumerate(photos, 1))
    return ReconstructionRecipe(
        side=side_of(model, model.card.short_run), sources=sources, photos=photos, moving=True, look=Look()
    )


def test_reconstructions_stand_beside_their_photos(tiny):
    made = reconstructions(tiny, original(1), original(2))
    film, (still,) = make_frames(made, [tiny]), make_frames(replace(made, moving=False), [tiny])
    assert len(film) == 6
    assert np.array_equal(film[2].pixels[1], original(2).pixels)
    ends, unknown = film[5].beside[0], original(2).unknown
    z, filled = still.beside
    assert np.array_equal(z[0], to_pixels(noise(1)))
    assert np.array_equal(filled[1][:, unknown], ends[1][:, unknown])
    assert np.array_equal(filled[1][:, ~unknown], original(2).pixels[:, ~unknown])


@pytest.mark.parametrize("moving", [True, False])
def test_photos_of_another_size_are_refused_before_the_work(tiny, moving):
    made = replace(reconstructions(tiny, Original(np.zeros((3, 32, 32), np.uint8))), moving=moving)
    with pytest.raises(DataError, match="do not have the model's size"):
        expected(made, tiny.card.net.shape)


def test_what_is_expected_is_what_comes(tiny, tmp_path):
    other = load_model(make_model(tmp_path / "colour.safetensors", NetSpec(size=16, channels=3, width=4)), "cpu")
    run = tiny.card.short_run
    pair = ComparisonRecipe(
        sides=(side_of(tiny, run), side_of(other, ShortRun(steps=8))), seed=4, count=3, moving=True, look=Look()
    )
    path = PathRecipe(side=side_of(tiny, run), sources=(Seeds(1), Seeds(2)), path=Interpolation(frames=4), look=Look())
    films = (chains(tiny, Seeds(3, 1, 2), moving=True), pair, reconstructions(tiny, original(1)))
    for made in (path, *films, *(replace(film, moving=False) for film in films)):
        models = [tiny, other][: len(made.sides)]
        frame, count = expected(made, *(model.card.net.shape for model in models))
        frames = make_frames(made, models)
        assert (frame.shape, count) == (frames[0].shape, len(frames))
        assert bool(frame.caption) == bool(frames[0].caption)


def test_a_path_at_a_step_is_spaced_as_at_its_end(tiny):
    run = tiny.card.short_run
    made = PathRecipe(
        side=side_of(tiny, run), sources=(Seeds(1), Seeds(2)), path=Interpolation(spacing="image"), look=Look()
    )
    latents = latents_of(tiny, made.sources, run)
    whole = tiny.interpolate(latents, made.path)
    part = tiny.interpolate(latents, made.path, step=3)
    assert part.positions == whole.positions
    *_, step = tiny.mixed(latents, part.weights, ShortRun(steps=3))
    frames = make_frames(replace(made, step=3), [tiny])
    assert np.array_equal([frame.pixels[0] for frame in frames], to_pixels(step.images.numpy()))


def test_a_recipe_that_no_memory_can_hold_is_refused(tiny):
    with pytest.raises(SettingsError, match="GB"):
        make_frames(chains(tiny, Seeds(0, 0, 4096), ShortRun(steps=100_000), moving=True), [tiny])
