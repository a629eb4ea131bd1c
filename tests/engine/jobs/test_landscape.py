"""The jobs of the Landscape page, run by a real engine."""

import dataclasses
import time

import numpy as np
import pytest
import torch

from ebm_studio.core.specs import Learning, ShortRun, point_net
from ebm_studio.data.points.files import load_landscape
from ebm_studio.data.points.landscape import Landscape
from ebm_studio.data.points.scene import Scene
from ebm_studio.data.points.shapes import SHAPES
from ebm_studio.engine.cloud_store import CloudStore
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs.landscape import (
    Bench,
    Counted,
    LandscapeOpened,
    LookAtLandscape,
    MeasureLandscape,
    OpenLandscape,
    SaveLandscape,
    Sight,
    TrainLandscape,
)
from ebm_studio.engine.requests import Ended

SCENE = Scene(
    data=SHAPES["moons"],
    net=point_net(8, 2),
    short_run=ShortRun(steps=6, step_size=0.01, noise_scale=0.05),
    learning=Learning(updates=10, chains=20, images=30, learning_rate=1e-2),
)


@pytest.fixture
def engine():
    engine = Engine("cpu", threads=1)
    yield engine
    engine.close()


def wait(engine, request, until=lambda value: False):
    """What comes of a request, until it ends or `until` is true of something posted."""
    engine.submit(request)
    values, deadline = [], time.monotonic() + 120
    while time.monotonic() < deadline:
        for item in engine.news():
            if isinstance(item, Ended):
                return values, item
            values.append(item.value)
            if until(item.value):
                return values, None
        time.sleep(0.005)
    raise AssertionError("nothing came")


def one(values, kind):
    return [value for value in values if isinstance(value, kind)][-1]


def test_it_trains_so_many_updates_and_is_seen(engine):
    bench = Bench()
    values, ended = wait(engine, TrainLandscape(bench=bench, scene=SCENE, updates=3, count=40, seed=1))
    assert ended.fault is None
    sight, cloud = one(values, Sight), one(values, CloudStore)
    assert sight.updates == 3
    assert [m.update for value in values if isinstance(value, Sight) for m in value.metrics] == [1, 2, 3]
    assert sight.energy_picture.dtype == np.uint8
    landscape = Landscape(SCENE)
    for _ in range(3):
        landscape.update()
    ends = list(landscape.chain(40, 1))[-1].images.numpy()
    assert np.array_equal(cloud.points(6, 6)[0], ends)


def test_it_trains_until_it_is_cancelled(engine):
    bench = Bench()
    request = TrainLandscape(bench=bench, scene=SCENE)
    wait(engine, request, lambda value: isinstance(value, Sight) and value.updates > 5)
    engine.cancel(engine.submit(dataclasses.replace(request, updates=1)))
    trained = bench.landscape.updates
    values, _ = wait(engine, dataclasses.replace(request, updates=2))
    assert one(values, Sight).updates >= trained + 2


def test_chains_run_past_k_while_it_trains(engine):
    bench = Bench()
    wait(engine, TrainLandscape(bench=bench, scene=SCENE), lambda value: isinstance(value, Sight))
    values, ended = wait(engine, LookAtLandscape(bench=bench, scene=SCENE, past=3.0, count=10))
    assert ended.fault is None
    store = one(values, CloudStore)
    assert store.whole
    assert store.run.steps == 18


def test_it_is_measured(engine):
    values, _ = wait(engine, MeasureLandscape(bench=Bench(), scene=SCENE))
    counted = one(values, Counted)
    assert counted.steps == tuple(range(7))
    assert counted.samples[-1].sum() == pytest.approx(1, abs=0.2)
    assert 0 < counted.distances.tv_short_run < 1


def test_what_explodes_ends_with_a_sentence_and_can_be_seen_still(engine):
    bench = Bench()
    wild = dataclasses.replace(SCENE, short_run=ShortRun(steps=50, step_size=1000.0, noise_scale=10.0))
    _, ended = wait(engine, TrainLandscape(bench=bench, scene=wild))
    assert "step size" in ended.fault.text
    assert not ended.fault.details
    values, ended = wait(engine, LookAtLandscape(bench=bench, scene=SCENE))
    assert ended.fault is None
    assert np.isfinite(one(values, Sight).energy).all()


def test_it_is_saved_and_opened(engine, tmp_path):
    bench = Bench()
    wait(engine, TrainLandscape(bench=bench, scene=SCENE, updates=2))
    values, _ = wait(engine, SaveLandscape(bench=bench, scene=SCENE, path=tmp_path / "l.safetensors"))
    assert values == [tmp_path / "l.safetensors"]
    values, _ = wait(engine, OpenLandscape(path=tmp_path / "l.safetensors"))
    opened = one(values, LandscapeOpened)
    assert opened.updates == 2
    again = opened.bench.landscape.learner.net.state_dict()
    for name, tensor in load_landscape(tmp_path / "l.safetensors").learner.net.state_dict().items():
        assert torch.equal(tensor, again[name])
