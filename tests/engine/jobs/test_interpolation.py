from __future__ import annotations

import numpy as np
import pytest
import torch

from ebm_studio.core.sampling.interpolation import pad_weights
from ebm_studio.core.specs import Interpolation, ShortRun
from ebm_studio.data.models.latent import FromPhoto, FromSeed
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs.chains import RunChain
from ebm_studio.engine.jobs.interpolation import Interpolate, MakeStop, Mix
from ebm_studio.engine.requests import Ended, Posted
from tests.conftest import STEPS
from tests.making import make_picture

RUN = ShortRun(steps=STEPS)


@pytest.fixture
def engine():
    engine = Engine("cpu")
    yield engine
    engine.close()


@pytest.fixture
def latents(tiny_model):
    model = load_model(tiny_model, "cpu")
    return tuple(model.latent(seed, 0, RUN) for seed in range(4))


def answer(engine, request):
    """What a request posts, all of it, and how it ends."""
    engine.submit(request)
    posted = []
    while True:
        for item in engine.news():
            if isinstance(item, Posted):
                posted.append(item.value)
            elif isinstance(item, Ended):
                return posted, item


@pytest.mark.parametrize("spacing", ["angle", "image"])
def test_a_surface_is_the_path_at_every_step(engine, tiny_model, latents, spacing):
    spec = Interpolation(frames=7, spacing=spacing)
    (surface,), ended = answer(engine, Interpolate(model=str(tiny_model), latents=latents[:3], spec=spec, run=RUN))
    assert ended.fault is None
    assert surface.chain.whole
    path = load_model(tiny_model, "cpu").interpolate(latents[:3], spec, RUN)
    assert np.array_equal(surface.chain.pixels(STEPS), to_pixels(path.images.numpy()))
    assert surface.positions == path.positions
    assert surface.rho == path.rho
    assert np.array_equal(surface.chain.energy()[-1], path.energy.numpy())
    assert surface.distances(STEPS) == pytest.approx(np.array(path.smoothness.distances))
    assert surface.unevenness(STEPS) == pytest.approx(path.smoothness.unevenness)


def test_the_ends_of_a_path_are_the_plain_chains_bit_for_bit(engine, tiny_model):
    model = load_model(tiny_model, "cpu")
    request = Interpolate(
        model=str(tiny_model),
        latents=(model.latent(1, 0, RUN), model.latent(2, 3, RUN)),
        spec=Interpolation(frames=6),
        run=RUN,
    )
    (surface,), _ = answer(engine, request)
    for frame, seed, chain in ((0, 1, 0), (-1, 2, 3)):
        (plain,), _ = answer(engine, RunChain(model=str(tiny_model), count=5, seed=seed, run=RUN))
        assert np.array_equal(surface.chain.start(frame), plain.start(chain))
        assert np.array_equal(surface.chain.energy()[:, frame], plain.energy()[:, chain])
        for row in range(STEPS + 1):
            assert np.array_equal(surface.chain.pixels(row)[frame], plain.pixels(row)[chain])


def test_a_surface_keeps_to_its_bound(engine, tiny_model, latents):
    bound = 5 * 9 * (4 + 2) * 256
    request = Interpolate(
        model=str(tiny_model), latents=latents[:2], spec=Interpolation(frames=9), run=RUN, bound=bound
    )
    (surface,), _ = answer(engine, request)
    assert surface.chain.nbytes <= bound
    assert surface.chain.indices[-1] == STEPS
    assert (surface.distances(surface.chain.rows - 1) > 0).all()


def test_a_path_of_one_latent_is_a_fault(engine, tiny_model, latents):
    posted, ended = answer(
        engine, Interpolate(model=str(tiny_model), latents=latents[:1], spec=Interpolation(), run=RUN)
    )
    assert not posted
    assert "2 to 16 latents" in ended.fault.text


def test_a_mixture_on_the_path_and_on_the_pad(engine, tiny_model, latents):
    model = load_model(tiny_model, "cpu")
    (end,), _ = answer(engine, Mix(model=str(tiny_model), latents=latents, at=3.0, run=RUN))
    assert np.array_equal(end.pixels(STEPS)[0], to_pixels(model.sample(1, 3, RUN).numpy())[0])
    (middle,), _ = answer(engine, Mix(model=str(tiny_model), latents=latents, at=(0.3, 0.8), run=RUN))
    *_, step = model.mixed(latents, pad_weights([(0.3, 0.8)]), RUN)
    assert np.array_equal(middle.pixels(STEPS), to_pixels(step.images.numpy()))


def test_a_stop_from_a_seed_a_file_and_a_photo(engine, tiny_model, latents, tmp_path):
    from ebm_studio.data.models.latent import save_latent

    model = load_model(tiny_model, "cpu")
    (stop,), _ = answer(engine, MakeStop(model=str(tiny_model), source=FromSeed(7, 2), run=RUN))
    assert stop.latent.origin == FromSeed(7, 2)
    assert np.array_equal(stop.picture, to_pixels(model.sample(3, 7, RUN).numpy())[2])

    file = tmp_path / "kept.safetensors"
    save_latent(file, latents[1])
    (stop,), _ = answer(engine, MakeStop(model=str(tiny_model), source=file, run=RUN))
    assert np.array_equal(stop.latent.z, latents[1].z)

    photo = tmp_path / "photo.png"
    make_picture().save(photo)
    (stop,), _ = answer(engine, MakeStop(model=str(tiny_model), source=photo, run=RUN))
    assert isinstance(stop.latent.origin, FromPhoto)
    assert stop.latent.short_run == model.card.short_run.for_photos()
    assert np.abs(stop.latent.z).max() <= 1  # within the range of p0: between such latents there are pictures
    *_, step = model.mixed([stop.latent], None, stop.latent.short_run)
    assert torch.allclose(step.images.clamp(-1, 1), torch.from_numpy(stop.picture / 127.5 - 1).float(), atol=0.01)


def test_a_latent_of_another_size_says_so(engine, tiny_model, tmp_path):
    from ebm_studio.core.specs import NetSpec
    from ebm_studio.data.models.latent import save_latent
    from tests.making import make_model

    other = make_model(tmp_path / "other.safetensors", NetSpec(size=32, channels=3, width=2))
    file = tmp_path / "large.safetensors"
    save_latent(file, load_model(other, "cpu").latent(1))
    posted, ended = answer(engine, MakeStop(model=str(tiny_model), source=file, run=RUN))
    assert not posted
    assert "32 x 32 in colour" in ended.fault.text


def test_latents_of_two_sizes_are_a_fault_that_says_what_to_do(engine, tiny_model, latents, tmp_path):
    from ebm_studio.core.specs import NetSpec
    from tests.making import make_model

    other = load_model(make_model(tmp_path / "other.safetensors", NetSpec(size=32, channels=3, width=2)), "cpu")
    mixed = (latents[0], other.latent(1))
    for request in (
        Interpolate(model=str(tiny_model), latents=mixed, spec=Interpolation(), run=RUN),
        Mix(model=str(tiny_model), latents=mixed, at=0.5, run=RUN),
    ):
        posted, ended = answer(engine, request)
        assert not posted
        assert "open other, or use other latents" in ended.fault.text
