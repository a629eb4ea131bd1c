"""A landscape: trained, looked at, kept in a file and brought back."""

import dataclasses
import json
import math

import numpy as np
import pytest
import safetensors.torch
import torch

from ebm_studio.core.errors import CheckpointError, DataError, DivergedError
from ebm_studio.core.specs import Learning, ShortRun, point_net
from ebm_studio.data.exports.recipe import recipe_from_json
from ebm_studio.data.points.files import (
    from_bytes,
    is_landscape_file,
    load_landscape,
    save_landscape,
    to_bytes,
    unpacked,
)
from ebm_studio.data.points.landscape import Landscape
from ebm_studio.data.points.scene import GRID, Scene
from ebm_studio.data.points.shapes import SHAPES
from ebm_studio.data.points.shooting import frames_of, recipe_of

RUN = ShortRun(steps=6, step_size=0.01, noise_scale=0.05)
TRAINING = Learning(updates=10, chains=20, images=30, learning_rate=1e-2, ema=0.5)
SCENE = Scene(data=SHAPES["moons"], net=point_net(8, 2), short_run=RUN, learning=TRAINING)


def trained(scene=SCENE, updates=5):
    landscape = Landscape(scene)
    train(landscape, updates)
    return landscape


def train(landscape, updates):
    for _ in range(updates):
        landscape.update()


def end_of(landscape, run=None):
    return list(landscape.chain(50, 3, run))[-1].images


def changed(**learning):
    return dataclasses.replace(SCENE, learning=dataclasses.replace(TRAINING, **learning))


def test_the_same_scene_is_the_same_landscape():
    assert torch.equal(end_of(trained()), end_of(trained()))
    assert not torch.equal(end_of(trained()), end_of(trained(changed(seed=1))))


def test_a_longer_run_goes_on_from_the_short_one():
    landscape = trained()
    longer = list(landscape.chain(50, 3, SCENE.past(2.0)))
    assert len(longer) == 13
    assert torch.equal(longer[6].images, end_of(landscape))


def test_p0_has_the_width_it_is_given():
    wide = dataclasses.replace(SCENE, short_run=dataclasses.replace(RUN, start_range=2.5))
    start = next(Landscape(wide).chain(500, 0)).images
    assert 2.2 < start.abs().max() <= 2.5
    landscape = trained(dataclasses.replace(wide, short_run=dataclasses.replace(wide.short_run, step_size=1e-6)), 1)
    assert landscape.learner.samples.abs().max() > 2


@pytest.mark.parametrize("chains_from", ["noise", "data", "chains"])
def test_a_file_goes_on_where_it_was(tmp_path, chains_from):
    scene = changed(chains_from=chains_from)
    half = trained(scene, 3)
    save_landscape(tmp_path / "l.safetensors", half)
    assert is_landscape_file(tmp_path / "l.safetensors")
    again = load_landscape(tmp_path / "l.safetensors")
    assert again.updates == 3
    again.update(), again.update()
    assert torch.equal(end_of(again), end_of(trained(scene, 5)))


def test_chains_may_start_at_the_data_or_where_they_ended():
    still = dataclasses.replace(SCENE, short_run=ShortRun(steps=1, step_size=1e-6, noise_scale=0))
    of_data = Landscape(dataclasses.replace(still, learning=changed(chains_from="data", data_noise=0).learning))
    of_data.update()
    points = torch.from_numpy(SHAPES["moons"].draw(50_000, 0))
    nearest = torch.cdist(of_data.learner.samples, points).min(1).values
    assert nearest.max() < 1e-3

    persistent = Landscape(dataclasses.replace(still, learning=changed(chains_from="chains").learning))
    persistent.update()
    first = persistent.learner.samples.clone()
    persistent.update()
    assert torch.allclose(persistent.learner.samples, first, atol=1e-4)


def test_settings_change_while_it_trains():
    landscape = trained()
    weights = {k: v.clone() for k, v in landscape.learner.net.state_dict().items()}
    other = dataclasses.replace(
        SCENE, data=SHAPES["eight"], short_run=dataclasses.replace(RUN, steps=9), learning=changed(chains=7).learning
    )
    landscape.change(other)
    assert landscape.updates == 5
    assert all(torch.equal(weights[k], v) for k, v in landscape.learner.net.state_dict().items())
    landscape.update()
    landscape.change(dataclasses.replace(other, net=point_net(9)))
    assert landscape.updates == 0


def test_distances_are_what_they_say():
    found = trained().distances(chains=5000)
    assert 0 < found.tv_floor < 0.1 < found.tv_short_run <= 1
    assert 0 < found.tv_energy <= 1
    assert found.temperature == pytest.approx(0.05**2 / 0.02)
    assert found.moment_gap > 0
    assert all(map(math.isfinite, dataclasses.astuple(found)))


def test_data_as_samples_leave_only_the_cost_of_counting():
    landscape = Landscape(SCENE)
    points = torch.from_numpy(SHAPES["moons"].draw(20_000, 9))
    others = torch.rand(20_000, 2) * 2 - 1
    assert landscape.moment_gap(points, points) < landscape.moment_gap(points, others) / 5


def test_what_explodes_says_so_and_keeps_its_weights():
    wild = dataclasses.replace(SCENE, short_run=ShortRun(steps=50, step_size=1000.0, noise_scale=10.0))
    landscape = Landscape(wild)
    with pytest.raises(DivergedError, match="step size"):
        train(landscape, 200)
    assert all(parameter.isfinite().all() for parameter in landscape.learner.net.parameters())


def test_a_recipe_brings_back_the_same_frames():
    recipe = recipe_of(trained(), count=40, past=1.5, side=48)
    again = recipe_from_json(recipe.to_json())
    assert again == recipe
    frames = frames_of(unpacked(again.file), again)
    assert len(frames) == 10
    assert frames[0].shape == ((1, 3, 48, 48),) * 3
    for one, other in zip(frames, frames_of(trained(), recipe), strict=True):
        assert all(map(np.array_equal, one.panels, other.panels))


@pytest.mark.parametrize("wrong", [{"count": 0}, {"past": -1}, {"view": "x"}, {"file": "AAAA"}, {"more": 1}])
def test_another_recipe_is_refused(wrong):
    data = {**json.loads(recipe_of(trained(updates=1)).to_json()), **wrong}
    with pytest.raises((DataError, CheckpointError)):
        unpacked(recipe_from_json(json.dumps(data)).file)


def test_damaged_landscapes_are_refused():
    content = to_bytes(trained(), "l")
    for bad in (b"", b"\0" * 8, content[:50], content[:-9], content[:9] + b"[" + content[10:]):
        with pytest.raises(CheckpointError):
            from_bytes(bad)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("net.f.0.weight", torch.full((8, 2), torch.nan)),
        ("net.f.0.weight", torch.zeros(9, 2)),
        ("other", torch.zeros(3)),
        ("chains", torch.zeros(3, 2)),
        ("adam.exp_avg.f.0.bias", torch.zeros(1)),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, name, tensor):
    content = to_bytes(trained(), "l")
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    state = {**safetensors.torch.load(content), name: tensor}
    with pytest.raises(CheckpointError, match="weights"):
        from_bytes(safetensors.torch.save(state, header))


def test_the_grid_shows_all_of_the_square():
    assert GRID.extent > 1
