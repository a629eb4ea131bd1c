import json

import numpy as np
import pytest
import safetensors.numpy

from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.models.latent import KEY, FromPath, FromPhoto, FromSeed, Latent, read_latent, save_latent

ORIGINS = [FromSeed(7, 3), FromPhoto("sea.jpg", "support", 0.001), FromPath(("seed:1", "sea.jpg"), "paper", 0.25)]


def make_latent(origin=ORIGINS[0]):
    z = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32)).astype(np.float32)
    return Latent(z=z, origin=origin, model="faces32", model_hash="00ff", short_run=ShortRun(steps=7))


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda origin: origin.kind)
def test_a_latent_comes_back_from_its_file_bit_for_bit(tmp_path, origin):
    latent = make_latent(origin)
    save_latent(tmp_path / "a.safetensors", latent)
    back = read_latent(tmp_path / "a.safetensors")
    assert np.array_equal(back.z, latent.z)
    assert back.to_dict() == latent.to_dict()
    assert back.origin == origin
    with pytest.raises(ValueError, match="read-only"):
        back.z[0, 0, 0] = 1


def test_a_latent_does_not_change_with_the_array_it_was_made_of():
    z = np.zeros((1, 16, 16), dtype=np.float32)
    latent = Latent(z=z, origin=FromSeed(0), model="m", model_hash="h", short_run=ShortRun())
    z += 1
    assert not latent.z.any()


GOOD = make_latent().to_dict()


@pytest.mark.parametrize(
    "description",
    [
        None,
        [],
        {},
        {**GOOD, "format": 99},
        {**GOOD, "origin": {"kind": "nowhere"}},
        {**GOOD, "origin": {"kind": "seed", "seed": -1}},
        {**GOOD, "origin": {"kind": "seed", "seed": 1, "chain": True}},
        {**GOOD, "origin": {"kind": "photo", "name": "x" * 5000}},
        {**GOOD, "origin": {"kind": "photo", "name": "x", "error": "much"}},
        {**GOOD, "origin": {"kind": "interpolation", "ends": 5}},
        {**GOOD, "origin": {"kind": ["seed"]}},
        {**GOOD, "origin": "seed"},
        {**GOOD, "model": 5},
        {**GOOD, "short_run": {"steps": 10**9}},
        {key: GOOD[key] for key in GOOD if key != "model_hash"},
    ],
)
def test_a_bad_description_is_refused_with_the_files_name(tmp_path, description):
    path = tmp_path / "bad.safetensors"
    safetensors.numpy.save_file({"z": make_latent().z}, path, {KEY: json.dumps(description)})
    with pytest.raises(StudioError, match=r"bad\.safetensors"):
        read_latent(path)


@pytest.mark.parametrize(
    "tensors",
    [
        {"z": np.zeros((3, 32, 16), np.float32)},
        {"z": np.zeros((3, 33, 33), np.float32)},
        {"z": np.zeros((2, 32, 32), np.float32)},
        {"z": np.zeros((32, 32), np.float32)},
        {"z": np.zeros((3, 32, 32), np.float64)},
        {"z": np.full((3, 32, 32), np.nan, np.float32)},
        {"z": np.full((3, 32, 32), 1e9, np.float32)},
        {"z": np.zeros((3, 32, 32), np.float32), "more": np.zeros(1, np.float32)},
        {"w": np.zeros((3, 32, 32), np.float32)},
        {"z": np.zeros((3, 512, 512), np.float32)},
    ],
)
def test_bad_tensors_are_refused(tmp_path, tensors):
    path = tmp_path / "bad.safetensors"
    safetensors.numpy.save_file(tensors, path, {KEY: json.dumps(GOOD)})
    with pytest.raises(StudioError, match=r"bad\.safetensors"):
        read_latent(path)


def test_other_files_are_not_latents(tmp_path):
    good = tmp_path / "good.safetensors"
    save_latent(good, make_latent())
    for name, content in {"text": b"hello", "empty": b"", "cut": good.read_bytes()[:-50]}.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(content)
        with pytest.raises(StudioError, match=name):
            read_latent(path)
    foreign = tmp_path / "foreign.safetensors"
    safetensors.numpy.save_file({"z": make_latent().z}, foreign)
    with pytest.raises(StudioError, match="foreign"):
        read_latent(foreign)
    deep = tmp_path / "deep.safetensors"
    safetensors.numpy.save_file({"z": make_latent().z}, deep, {KEY: "[" * 100_000})
    with pytest.raises(StudioError, match="deep"):
        read_latent(deep)
    for missing in (tmp_path / "gone.safetensors", tmp_path):
        with pytest.raises(StudioError):
            read_latent(missing)
