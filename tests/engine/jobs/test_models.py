from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ebm_studio.core.specs import Evaluation, NetSpec
from ebm_studio.data.models.model import load_model
from ebm_studio.data.models.thumbnails import COUNT, thumbnail_file
from ebm_studio.data.pictures.pictures import to_pixels
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs import models as modeljobs
from ebm_studio.engine.jobs.models import EvaluateModel, MakeThumbnail
from tests.engine.test_engine import heard, is_end_of
from tests.making import make_model


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("cpu")
    yield engine
    engine.close()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_thumbnail_is_drawn_once_and_found_again(engine: Engine, tmp_path: Path, monkeypatch, channels):
    path = make_model(tmp_path / "m.safetensors", NetSpec(size=16, channels=channels, width=4))
    first, _ = heard(engine, is_end_of(engine.submit(MakeThumbnail(model=str(path)))))
    expected = to_pixels(load_model(path, "cpu").sample(COUNT, 0).numpy())
    assert np.array_equal(first.value.pixels, expected)

    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(path.read_bytes())
    monkeypatch.delattr(modeljobs, "to_pixels")  # nothing is run again
    again, end = heard(engine, is_end_of(engine.submit(MakeThumbnail(model=str(copy)))))
    assert end.fault is None
    assert np.array_equal(again.value.pixels, expected)
    assert again.value.card == first.value.card


def test_a_broken_thumbnail_is_drawn_anew(engine: Engine, tiny_model: Path):
    file = thumbnail_file(tiny_model)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    posted, end = heard(engine, is_end_of(engine.submit(MakeThumbnail(model=str(tiny_model)))))
    assert end.fault is None
    assert posted.value.pixels.shape == (COUNT, 1, 16, 16)


def test_an_evaluation_without_held_out_images_says_what_to_do(engine: Engine, tiny_model: Path):
    request = engine.submit(EvaluateModel(model=str(tiny_model), source="no such set", settings=Evaluation(count=16)))
    end = heard(engine, is_end_of(request))[-1]
    assert end.fault.text
    assert not end.fault.details
