"""The jobs of the Reconstruct page, on a small real model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from ebm_studio.cli.main import main
from ebm_studio.core.specs import Reconstruction
from ebm_studio.data.models.latent import read_latent
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import fit, to_images, to_pixels
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs.chains import RunChain
from ebm_studio.engine.jobs.photos import KEPT_SIDE, PhotoFault, PhotoRead, ReadPhotos
from ebm_studio.engine.jobs.reconstruction import Found, Reconstruct, Saved, SaveResults, Search
from ebm_studio.engine.requests import Ended, Posted, Request
from tests.engine.test_engine import heard, is_end_of
from tests.making import encoded, make_picture


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("cpu")
    yield engine
    engine.close()


def photos(count: int) -> np.ndarray:
    return np.stack([fit(make_picture(seed=i), 16, 1) for i in range(count)])


def request_of(model: Path, count: int = 2, **changes: object) -> Reconstruct:
    own = load_model(model, "cpu").card.short_run
    names = tuple(Path(f"{i}.png") for i in range(count))
    settings = changes.pop("settings", Reconstruction(iterations=6, tolerance=0))
    return Reconstruct(model=str(model), names=names, photos=photos(count), settings=settings, run=own, **changes)


def values(items: list[Posted | Ended], kind: type) -> list:
    return [item.value for item in items if isinstance(item, Posted) and isinstance(item.value, kind)]


def done(engine: Engine, request: Request) -> list[Posted | Ended]:
    request = engine.submit(request)
    items = heard(engine, is_end_of(request))
    assert items[-1].fault is None
    return items


def test_a_search_is_that_of_the_command_line(engine: Engine, tiny_model: Path):
    request = request_of(tiny_model)
    items = done(engine, request)
    [search], [found] = values(items, Search), values(items, Found)
    model = load_model(tiny_model, "cpu")
    *_, end = model.reconstruct(torch.from_numpy(to_images(request.photos)), request.settings, run=request.run)
    assert search.finished
    assert search.best.shape == (6, 2)
    assert np.allclose(search.best[-1], end.best_error.numpy(), rtol=1e-4)
    assert (np.diff(search.best, axis=0) <= 0).all()
    assert np.array_equal(search.look.best, to_pixels(end.best_images.numpy()))
    for result, z, error in zip(found.results, end.best_z, end.best_error, strict=True):
        assert np.array_equal(result.latent.z, z)
        assert result.error == pytest.approx(error.item())
        assert result.latent.model_hash == model.fingerprint


def test_a_cancelled_search_keeps_the_best_so_far(engine: Engine, tiny_model: Path):
    settings = Reconstruction(iterations=10_000, tolerance=0)
    request = engine.submit(request_of(tiny_model, settings=settings))
    seen: list[Search] = []

    def has_gone_on(item: Posted | Ended) -> bool:
        return isinstance(item, Posted) and isinstance(item.value, Search)

    seen += values(heard(engine, has_gone_on), Search)
    while seen[0].done < 3:
        pass
    engine.cancel()
    items = heard(engine, is_end_of(request))
    assert items[-1].cancelled
    [found] = values(items, Found)
    assert 3 <= seen[0].done < 10_000
    assert seen[0].finished
    assert found.account.stopped
    assert [result.error for result in found.results] == pytest.approx(seen[0].best[-1].tolist())


def test_a_hole_changes_only_the_photo_that_has_it(engine: Engine, tiny_model: Path):
    known = np.ones((2, 16, 16), bool)
    known[1, 4:12, 4:12] = False
    request = request_of(tiny_model, known=known)
    [found] = values(done(engine, request), Found)
    [plain] = values(done(engine, request_of(tiny_model)), Found)
    whole, holed = found.results
    assert np.abs(whole.latent.z - plain.results[0].latent.z).max() < 1e-3
    assert not np.array_equal(whole.picture, request.photos[0])
    assert np.array_equal(holed.picture[:, known[1]], request.photos[1][:, known[1]])
    assert not np.array_equal(holed.picture[:, ~known[1]], request.photos[1][:, ~known[1]])


def test_the_replay_runs_from_z_to_the_reconstruction(engine: Engine, tiny_model: Path):
    request = request_of(tiny_model)
    [found] = values(done(engine, request), Found)
    latents = tuple(result.latent for result in found.results)
    [store] = values(done(engine, RunChain(model=str(tiny_model), latents=latents, run=request.run)), ChainStore)
    assert store.whole
    assert store.finished
    assert np.array_equal(store.start(1), latents[1].z)
    assert np.array_equal(store.pixels(store.rows - 1), np.stack([result.picture for result in found.results]))


def test_results_are_saved_with_latents_and_report(engine: Engine, tiny_model: Path, tmp_path: Path):
    request = request_of(tiny_model, seed=3)
    [found] = values(done(engine, request), Found)
    folder = tmp_path / "out"
    save = SaveResults(folder=folder, results=found.results, account=found.account)
    assert values(done(engine, save), Saved) == [Saved(folder, 2)]
    report = json.loads((folder / "report.json").read_text())
    assert [row["error"] for row in report["photos"]] == [result.error for result in found.results]
    assert (report["settings"], report["seed"]) == (request.settings.to_dict(), 3)
    assert (report["device"], report["skipped"], report["stopped"]) == ("cpu", [], False)
    assert report["seconds"] > 0
    make_picture().save(tmp_path / "a.png")
    words = ["reconstruct", tiny_model, tmp_path / "a.png", "-o", tmp_path / "cli", "--iterations", "1"]
    assert main([str(word) for word in words]) == 0
    assert report.keys() == json.loads((tmp_path / "cli" / "report.json").read_text()).keys()
    assert np.array_equal(read_latent(folder / "1.safetensors").z, found.results[1].latent.z)
    assert (folder / "0.png").exists()
    assert (folder / "overview.png").exists()


def test_photos_and_faults_come_in_order(engine: Engine, tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for i in range(4):
        (folder / f"{i}.png").write_bytes(encoded(make_picture(seed=i)))
    large, broken = tmp_path / "large.jpg", tmp_path / "broken.jpg"
    large.write_bytes(encoded(make_picture((3000, 1500)), "JPEG"))
    broken.write_bytes(b"\xff\xd8\xff nothing")
    items = done(engine, ReadPhotos(paths=(broken, large, folder, tmp_path / "none.png"), limit=4))
    limit, fault, *read = [item.value for item in items if isinstance(item, Posted)]
    assert limit == PhotoFault("Only the first 4 of 7 photos are used.")
    assert "broken.jpg" in fault.text
    assert [photo.path.name for photo in read] == ["large.jpg", "0.png", "1.png"]
    assert max(read[0].picture.size) <= KEPT_SIDE
    assert all(isinstance(photo, PhotoRead) for photo in read)


def test_two_reads_do_not_supersede_each_other(engine: Engine, tmp_path: Path):
    file = tmp_path / "a.png"
    file.write_bytes(encoded(make_picture()))
    first = engine.submit(ReadPhotos(paths=(file,), limit=9))
    second = engine.submit(ReadPhotos(content=file.read_bytes(), name="pasted.png", limit=9))
    wanted: Callable[[Posted | Ended], bool] = is_end_of(second)
    items = heard(engine, wanted)
    assert [item.value.path.name for item in items if isinstance(item, Posted)] == ["a.png", "pasted.png"]
    assert any(is_end_of(first)(item) for item in items)
