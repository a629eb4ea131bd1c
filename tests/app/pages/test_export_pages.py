"""What each page offers to export: written, replayed to the same bytes, and dropped on the window again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tqdm import tqdm

from ebm_studio.cli.main import main
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.exports.recipe_files import read_recipe
from ebm_studio.data.exports.recipe_sources import Seeds
from ebm_studio.data.models.latent import FromPhoto, Latent
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import grid, save_picture, to_pixels
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.pages.test_compare import wait_for_pair
from tests.app.pages.test_export_dialog import choose, wait_for_preview
from tests.app.pages.test_interpolate_page import fill_by_seed, wait_for_path
from tests.app.shell.test_drops import drop
from tests.app.shell.test_window import type_into
from tests.conftest import STEPS
from tests.making import encoded, make_picture

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(running, tmp_path, monkeypatch):
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # the command line's bar would leave a thread behind
    running.exports.state.folder = tmp_path
    return running


def titles(window) -> list[str]:
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    found = [thing.title for thing in window.exports.state.things] if window.exports.isVisible() else []
    window.exports.close()
    return found


def write(qtbot, window, title: str = "", captions: bool = False) -> Path:
    """Export a thing by the dialog, and replay it by the command line; the file, which must be the same."""
    dialog = window.exports
    if not dialog.isVisible():
        QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    if title:
        choose(dialog.thing, title)
    if captions:
        QTest.mouseClick(dialog.caption.captions._buttons["on"], LEFT)
    wait_for_preview(qtbot, dialog)
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None and dialog.state.running is None, timeout=PATIENCE)
    file = dialog.state.exported.path
    again = file.with_name(f"again-{file.name}")
    models = (side for side in (window.state.model, window.compare_state.sides[1].model) if side is not None)
    words = [word for model in models for word in ("--model", model.name)]
    assert main(["replay", str(file), "-o", str(again), "--device", "cpu", *words]) == 0
    assert again.read_bytes() == file.read_bytes()
    dialog.close()
    return file


def test_a_reconstruction_is_waited_for_up_to_the_chain_that_follows_it(qtbot, window, tmp_path):
    page, notice = window.reconstruct, window.exporting.notice
    window.show_page(page)
    page.state.set(iterations=400, tolerance=0)
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(make_picture((24, 24), 0)))
    page.state.open_files([photo])
    qtbot.waitUntil(lambda: len(page.state.photos) == 1, timeout=PATIENCE)
    page.state.start()
    qtbot.waitUntil(lambda: window.link.progress is not None and window.link.progress.done > 0, timeout=PATIENCE)
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    QTest.mouseClick(notice.answers[0], LEFT)
    qtbot.waitUntil(lambda: window.exports.isVisible() or window.banner.isVisible(), timeout=PATIENCE)
    assert window.exports.isVisible()


def test_reconstructions(qtbot, window, tmp_path):
    page, state = window.reconstruct, window.reconstruct.state
    window.show_page(page)
    state.set(iterations=4, tolerance=0)
    photos = [tmp_path / f"photo{i}.png" for i in range(3)]
    for seed, photo in enumerate(photos):
        photo.write_bytes(encoded(make_picture((24, 24), seed)))
    state.open_files(photos)
    qtbot.waitUntil(lambda: len(state.photos) == 3, timeout=PATIENCE)
    assert not titles(window)  # before anything is found
    for number in (0, 2, 1):
        state.look_at(state.photos[number])
        state.paint((4, 4 + number), (10, 10))
    QTest.mouseClick(page.header.start, LEFT)
    qtbot.waitUntil(lambda: state.playback.store is not None and state.playback.store.finished, timeout=PATIENCE)
    assert titles(window) == ["photo1.png and its chain", "All photos and their chains", "Photos, z, reconstructions"]

    film = write(qtbot, window, "All photos and their chains")
    sheet = write(qtbot, window, "Photos, z, reconstructions")
    assert write(qtbot, window, "photo1.png and its chain", captions=True)
    recipe = read_recipe(film)
    assert [latent.origin.name for latent in recipe.sources] == [photo.name for photo in photos]
    assert np.array_equal(recipe.photos[1].unknown, state.photos[1].unknown)
    found, ends = state.results, state.playback.store.pixels(STEPS)

    state.clear()
    for file in (film, sheet):
        window.show_page(window.generate)
        assert drop(window, file)
        qtbot.waitUntil(lambda: window.page is page and len(state.results) == 3, timeout=PATIENCE)
        qtbot.waitUntil(lambda: bool(state.playback.store and state.playback.store.finished), timeout=PATIENCE)
        for result, first in zip(state.results, found, strict=True):
            assert np.array_equal(result.picture, first.picture)
            assert np.array_equal(result.photo, first.photo)
            assert (result.error, result.path.name) == (first.error, first.path.name)
        assert np.array_equal(state.playback.store.pixels(STEPS), ends)
        assert np.array_equal(state.photos[1].unknown, recipe.photos[1].unknown)
        assert not state.is_stale(state.photos[1])
    with qtbot.waitSignal(state.saved, timeout=PATIENCE):
        state.save(tmp_path / "saved")
    report = json.loads((tmp_path / "saved" / "report.json").read_text())
    assert (report["settings"], report["seed"], report["device"]) == (None, None, "cpu")
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert not state.photos


def test_photos_with_and_without_a_mask_are_exported_apart(qtbot, window, tmp_path):
    page, state = window.reconstruct, window.reconstruct.state
    window.show_page(page)
    state.set(iterations=2, tolerance=0)
    photos = [tmp_path / f"photo{i}.png" for i in range(3)]
    for seed, photo in enumerate(photos):
        photo.write_bytes(encoded(make_picture((24, 24), seed)))
    state.open_files(photos)
    qtbot.waitUntil(lambda: len(state.photos) == 3, timeout=PATIENCE)
    state.look_at(state.photos[1])
    state.paint((4, 4), (10, 10))
    QTest.mouseClick(page.header.start, LEFT)

    def is_replayed() -> bool:
        return state.selected is not None and bool(state.playback.store and state.playback.store.finished)

    qtbot.waitUntil(is_replayed, timeout=PATIENCE)
    assert titles(window) == ["photo1.png and its chain", "Photo, z, reconstruction"]
    state.look_at(state.photos[2])
    qtbot.waitUntil(is_replayed, timeout=PATIENCE)
    assert titles(window) == [
        "photo2.png and its chain",
        "Photos without a mask and their chains",
        "Photos, z, reconstructions",
    ]


def test_photo_to_photo_on_faces32(qtbot, opened, tmp_path, monkeypatch):
    """Two faces dropped, reconstructed, sent to the slots, interpolated, exported and replayed: identical frames."""
    monkeypatch.setattr(tqdm, "monitor_interval", 0)
    photos = [tmp_path / f"face{i}.png" for i in range(2)]
    for photo, face in zip(photos, load_model("faces32", "cpu").sample(2, seed=11), strict=True):
        save_picture(grid(to_pixels(face.numpy())[None], scale=4), photo)
    window = opened("faces32")
    wait_for_chain(qtbot, window)
    window.exports.state.folder = tmp_path
    page, state = window.reconstruct, window.reconstruct.state
    window.show_page(page)
    assert drop(window, *photos)
    qtbot.waitUntil(lambda: len(state.photos) == 2, timeout=PATIENCE)
    type_into(page.inspector.search.iterations.field, "6")
    QTest.mouseClick(page.header.start, LEFT)
    qtbot.waitUntil(lambda: state.playback.store is not None and state.playback.store.finished, timeout=3 * PATIENCE)
    page.setFocus()
    for photo, key in zip(state.photos, (Qt.Key.Key_A, Qt.Key.Key_B), strict=True):
        state.look_at(photo)
        QTest.keyClick(page, key)
    found = state.playback.store.pixels(state.playback.store.rows - 1)

    QTest.keyClick(window, Qt.Key.Key_3, CONTROL)
    type_into(window.interpolate.inspector.path.frames.field, "5")
    wait_for_path(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    choose(window.exports.kind, "WebP")
    QTest.mouseClick(window.exports.ping_pong._buttons["off"], LEFT)
    file = write(qtbot, window)
    with Image.open(file) as film:
        scale = film.width // 32
        assert (film.n_frames, film.size) == (5, (32 * scale, 32 * scale))
        for frame, end in ((0, found[0]), (4, found[1])):
            film.seek(frame)
            assert np.array_equal(np.asarray(film.convert("RGB"))[::scale, ::scale], end.transpose(1, 2, 0))
    origins = [latent.origin for latent in read_recipe(file).sources]
    assert [origin.name for origin in origins] == ["face0.png", "face1.png"]


def test_a_comparison(qtbot, window):
    page, state = window.compare, window.compare_state
    window.show_page(page)
    assert not titles(window)  # before both sides are there
    wait_for_pair(qtbot, state)
    type_into(page.headers[1].steps, "7")
    type_into(page.common.count, "4")
    wait_for_pair(qtbot, state)
    assert titles(window) == ["Both sides", "Both sides as a picture"]
    film = write(qtbot, window, "Both sides", captions=True)
    write(qtbot, window, "Both sides as a picture")
    recipe = read_recipe(film)
    assert [side.short_run.steps for side in recipe.sides] == [STEPS, 7]
    state.playback.go(STEPS)
    ends = [state.pixels(side) for side in state.sides]

    type_into(page.headers[1].steps, "3")
    state.change(seed=5, count=9)
    wait_for_pair(qtbot, state)
    window.show_page(window.generate)
    assert drop(window, film)
    qtbot.waitUntil(lambda: state.sides[1].run.steps == 7, timeout=PATIENCE)
    wait_for_pair(qtbot, state)
    assert window.page is page
    assert (state.parameters.seed, state.parameters.count) == (0, 4)
    state.playback.go(STEPS)
    for side, end in zip(state.sides, ends, strict=True):
        assert np.array_equal(state.pixels(side), end)


def test_the_chain_of_a_latent_that_is_of_no_seed(qtbot, window, tiny_model):
    model = load_model(tiny_model, "cpu")
    latent = Latent(model.latent(9).z, FromPhoto("p.jpg"), "tiny", model.fingerprint, ShortRun(steps=8))
    window.state.run_latent(latent)
    wait_for_chain(qtbot, window)
    assert titles(window) == ["Chain"]
    recipe = read_recipe(write(qtbot, window, captions=True))
    assert recipe.sources[0].origin == latent.origin
    assert recipe.side.short_run.steps == 8


def test_a_chain_too_long_to_be_kept_whole(qtbot, window):
    window.state.bound = 64 * 1024
    window.state.change(count=4)
    window.state.change_run(steps=50)
    wait_for_chain(qtbot, window)
    assert window.state.playback.store.stride > 1
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    type_into(window.exports.every, "2")
    assert read_recipe(write(qtbot, window)).seeds == Seeds(0, 0, 4)


def test_a_path_at_a_step(qtbot, window):
    page = window.interpolate
    window.show_page(page)
    fill_by_seed(qtbot, page, 0, "1")
    fill_by_seed(qtbot, page, 1, "2")
    page.state.change(spacing="image", frames=7)
    wait_for_path(qtbot, window)
    QTest.keyClick(page, Qt.Key.Key_Down)
    QTest.keyClick(page, Qt.Key.Key_Down)
    shown = page.state.surface.chain.pixels(STEPS - 2)
    file = write(qtbot, window, captions=True)
    assert read_recipe(file).step == STEPS - 2
    page.state.change(spacing="angle")
    page.state.go_step(STEPS)
    assert drop(window, file)
    qtbot.waitUntil(lambda: page.state.step == STEPS - 2, timeout=PATIENCE)
    wait_for_path(qtbot, window)
    assert np.array_equal(page.state.surface.chain.pixels(page.state.row), shown)
