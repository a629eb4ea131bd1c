from __future__ import annotations

from dataclasses import replace

import pytest

from ebm_studio.core.specs import Interpolation, ShortRun
from ebm_studio.data.exports.encoders import encode, export
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.exports.recipe import ComparisonRecipe, PathRecipe, side_of
from ebm_studio.data.exports.recipe_sources import sources_of
from ebm_studio.data.exports.replay import make_frames
from ebm_studio.data.models.model import load_model
from ebm_studio.engine.jobs.exports import Encoded, Export, Exported, OpenedStops, OpenRecipe, Preview
from tests.conftest import STEPS
from tests.engine.jobs.test_interpolation import answer, engine  # noqa: F401 - a fixture
from tests.making import make_model

RUN = ShortRun(steps=STEPS)
LOOK = Look(scale=2, every=2)


@pytest.fixture
def thing(tiny_model):
    model = load_model(tiny_model, "cpu")
    latents = [model.latent(seed, 0, RUN) for seed in (1, 2)]
    side, path = side_of(model, RUN), Interpolation(frames=8)
    recipe = PathRecipe(side=side, sources=sources_of(latents), path=path, look=LOOK)
    return tuple(make_frames(recipe, [model])), recipe


def test_the_preview_is_the_file(engine, thing, tmp_path):  # noqa: F811
    frames, recipe = thing
    (encoded,), _ = answer(engine, Preview(frames=frames, kind="gif", look=LOOK, recipe=recipe))
    (exported,), _ = answer(engine, Export(frames=frames, path=tmp_path / "a.gif", look=LOOK, recipe=recipe))
    assert exported == Exported(tmp_path / "a.gif", encoded.size)
    assert (tmp_path / "a.gif").read_bytes() == encoded.content == encode(frames, "gif", LOOK, recipe)


def test_the_size_of_a_folder(engine, thing, tmp_path):  # noqa: F811
    frames, recipe = thing
    (encoded,), _ = answer(engine, Preview(frames=frames, kind="folder", look=LOOK, recipe=recipe))
    assert encoded == Encoded(export(frames, tmp_path / "frames", LOOK, recipe), b"")
    assert len(list((tmp_path / "frames").iterdir())) == 5  # 0, 2, 4, 6 and the last


def test_a_recipe_is_opened_with_the_model_beside_it(engine, thing, tmp_path, tiny_model):  # noqa: F811
    frames, recipe = thing
    file = tmp_path / "a.gif"
    export(frames, file, LOOK, recipe)
    posted, ended = answer(engine, OpenRecipe(path=file))
    assert not posted
    assert "the model tiny" in ended.fault.text
    assert "open that model's file" in ended.fault.text

    (opened,), _ = answer(engine, OpenRecipe(path=file, open_models=(str(tiny_model),)))
    assert isinstance(opened, OpenedStops)
    assert (opened.recipe, opened.model) == (recipe, str(tiny_model))
    assert [stop.latent.origin.seed for stop in opened.stops] == [1, 2]
    assert (opened.stops[0].picture == frames[0].pixels[0]).all()

    make_model(tmp_path / "tiny.safetensors", seed=5)  # of the same name, with other weights
    _, ended = answer(engine, OpenRecipe(path=file))
    assert "a different model" in ended.fault.text
    (opened,), _ = answer(engine, OpenRecipe(path=file, open_models=(str(tiny_model),)))
    assert opened.model == str(tiny_model)


def test_a_hostile_recipe_is_a_fault_and_nothing_else(engine, thing, tmp_path):  # noqa: F811
    frames, recipe = thing
    file = tmp_path / "a.gif"
    export(frames, file, LOOK, recipe)
    file.write_bytes(file.read_bytes().replace(b'"frames":8', b'"frames":9e9'.replace(b"9e9", b"-")))
    posted, ended = answer(engine, OpenRecipe(path=file))
    assert not posted
    assert "a.gif cannot be replayed" in ended.fault.text
    assert not ended.fault.details
    assert replace(recipe) == recipe


def test_a_comparison_finds_both_models_among_those_that_are_open(engine, tmp_path, tiny_model):  # noqa: F811
    (tmp_path / "other").mkdir()
    other_file = make_model(tmp_path / "other" / "colour.safetensors", seed=3)
    model, other = load_model(tiny_model, "cpu"), load_model(other_file, "cpu")
    left, right = side_of(model, RUN), side_of(other, ShortRun(steps=3))
    recipe = ComparisonRecipe(sides=(left, right), seed=1, count=4, moving=False, look=LOOK)
    file = tmp_path / "a.png"
    export(make_frames(recipe, [model, other]), file, LOOK, recipe)
    _, ended = answer(engine, OpenRecipe(path=file, open_models=(str(tiny_model),)))
    assert "the model colour" in ended.fault.text
    (opened,), _ = answer(engine, OpenRecipe(path=file, open_models=(str(other_file), str(tiny_model))))
    assert opened.models == (str(tiny_model), str(other_file))
