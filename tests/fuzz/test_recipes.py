"""Recipes in exported files of every kind, and beside them."""

import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ebm_studio.core.specs import Interpolation
from ebm_studio.data.exports.encoders import export
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.exports.mp4 import can_write
from ebm_studio.data.exports.recipe import (
    MARK,
    ChainRecipe,
    ComparisonRecipe,
    LandscapeRecipe,
    LatentRecipe,
    PathRecipe,
    ReconstructionRecipe,
    side_of,
)
from ebm_studio.data.exports.recipe_files import find_recipe_model, holds_recipe, read_recipe
from ebm_studio.data.exports.recipe_sources import Original, Seeds, sources_of
from ebm_studio.data.exports.replay import make_frames
from ebm_studio.data.models.model import Model, load_model
from tests.fuzz.mutations import odd_json, spoilt
from tests.fuzz.test_models import latents
from tests.making import make_model


@pytest.fixture
def model(tmp_path) -> Model:
    return load_model(make_model(tmp_path / "tiny.safetensors"), "cpu", "fp32")


def recipe_of(model: Model):
    side = side_of(model, model.card.short_run)
    return ChainRecipe(side=side, seeds=Seeds(3, 0, 2), moving=True, look=Look(every=3))


def look_at(path) -> None:
    holds_recipe(path)
    recipe = read_recipe(path)
    assert recipe.to_json()
    for side in () if isinstance(recipe, LandscapeRecipe) else recipe.sides:
        find_recipe_model(side, path)


KINDS = ("png", "gif", "webp", "apng", *(("mp4",) if can_write() else ()))


@pytest.mark.parametrize("kind", KINDS)
def test_exported_files(tmp_path, monkeypatch, outcome, many, model, kind):
    monkeypatch.chdir(tmp_path)
    whole = tmp_path / f"whole.{kind}"
    recipe = recipe_of(model)
    export(make_frames(recipe, [model]), whole, recipe.look, recipe)
    assert read_recipe(whole) == recipe
    path = tmp_path / f"x.{kind}"
    for number, content in enumerate(spoilt([whole.read_bytes()], 21, many)):
        path.write_bytes(content)
        outcome.of(lambda: look_at(path), f"{kind} {number}", f"x.{kind}")


def texts(model: Model) -> list[dict]:
    side, look = side_of(model, model.card.short_run), Look()
    photo = Original(np.zeros((1, 16, 16), np.uint8), np.eye(16, dtype=bool))
    kept = tuple(latents()[1:2])
    return [
        json.loads(recipe.to_json())
        for recipe in (
            recipe_of(model),
            LatentRecipe(side=side, sources=sources_of(latents()), moving=False, look=look),
            ReconstructionRecipe(side=side, sources=kept, photos=(photo,), moving=False, look=look),
            PathRecipe(side=side, sources=(Seeds(1), *kept), path=Interpolation(), step=2, look=look),
            ComparisonRecipe(sides=(side, side), seed=1, count=2, moving=True, look=look),
            LandscapeRecipe(file="AAAA", look=look),
        )
    ]


@pytest.mark.parametrize("which", range(6))
def test_texts_of_recipes(tmp_path, monkeypatch, outcome, many, model, which):
    monkeypatch.chdir(tmp_path)
    data = texts(model)[which]
    for number, text in enumerate(odd_json(data, 22 + which, many // 2)):
        path = tmp_path / ("x.png" if number % 2 else "x.recipe.json")
        if number % 2:
            about = PngInfo()
            about.add_itxt(MARK, text[:900_000].replace("\0", " "))
            Image.new("L", (4, 4)).save(path, pnginfo=about)
        else:
            path.write_bytes(text.encode("utf-8", "replace"))
        outcome.of(lambda path=path: look_at(path), f"recipe {number}", path.name)
