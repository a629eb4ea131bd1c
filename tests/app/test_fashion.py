"""Every part of the studio on the bundled fashion32 model itself, with few chains and steps."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from ebm_studio.core.specs import Interpolation
from ebm_studio.data.models.latent import FromSeed
from ebm_studio.data.models.model import Model, load_model
from ebm_studio.data.models.reconstruction import drawn_again, on_path
from ebm_studio.data.pictures.pictures import Pixels, cut, to_pixels
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.pages.test_compare import wait_for_pair
from tests.app.pages.test_interpolate_page import wait_for_path
from tests.app.pages.test_reconstruct_page import wait_for_replay
from tests.app.shell.test_drops import drop
from tests.app.shell.test_window import type_into
from tests.app.studio.test_studio import choose, right_click
from tests.app.test_journey import click_step

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
COUNT = 3
STEPS = 8


@pytest.fixture(scope="module")
def fashion() -> Model:
    return load_model("fashion32", "cpu")


@pytest.fixture
def window(qtbot, opened, settings, fashion):
    """A restored session: the bundled model, with a few chains of a few steps."""
    run = replace(fashion.card.short_run, steps=STEPS, settle=0)  # so that a longer run continues
    parameters = {"model": "fashion32", "seed": 0, "count": COUNT, "run": run.to_dict()}
    session = settings.path.parent / "session" / "session.json"
    session.parent.mkdir()
    look = {"view": "state", "smooth": False, "selected": None, "mode": "once", "speed": 250}
    session.write_text(json.dumps({"format": 1, "generate": {"parameters": parameters, **look}}))
    window = opened(None)
    wait_for_chain(qtbot, window)
    return window


def samples(fashion: Model, seed: int = 0, count: int = COUNT, **changes: object) -> Pixels:
    run = replace(replace(fashion.card.short_run, steps=STEPS, settle=0), **changes)
    return to_pixels(fashion.sample(count, seed, run).numpy())


def go_to(window, page) -> None:
    QTest.mouseClick(window.rail.pages[window.stack.indexOf(page)], LEFT)
    assert window.page is page


def test_frame(window, fashion):
    assert window.status.where.text().startswith(f"fashion32  ·  CPU {fashion.backend}")
    for number in range(window.stack.count()):
        QTest.mouseClick(window.rail.pages[number], LEFT)
        assert window.stack.currentIndex() == number
        assert window.page.isVisible()
    assert window.shelf.isVisible()


def test_generate(qtbot, window, fashion):
    page, state = window.generate, window.state
    type_into(page.header.seed, "7")
    type_into(page.inspector.settings.short_run.noise_scale.field, "0.005")
    wait_for_chain(qtbot, window)
    QTest.keyClick(page, Qt.Key.Key_End)
    assert np.array_equal(page.canvas.pixels(), samples(fashion, 7, noise_scale=0.005))
    QTest.mouseClick(page.inspector.settings.short_run.noise_scale.reset, LEFT)
    wait_for_chain(qtbot, window)
    QTest.mouseDClick(page.canvas, LEFT, pos=page.canvas.tile(1).center())
    assert state.enlarged == 1
    QTest.keyClick(page, Qt.Key.Key_Escape)
    QTest.keyClick(page, Qt.Key.Key_End)
    assert np.array_equal(page.canvas.pixels(), samples(fashion, 7))


def test_the_canvas_shows_what_the_command_writes(qtbot, window, tmp_path):
    page, backend = window.generate, window.state.model.backend
    type_into(page.header.seed, "7")
    for start in ("uniform", "gaussian"):
        QTest.mouseClick(page.inspector.settings.start.start._buttons[start], LEFT)
        wait_for_chain(qtbot, window)
        QTest.keyClick(page, Qt.Key.Key_End)
        picture = tmp_path / f"{start}.png"
        words = ["--seed", "7", "--count", str(COUNT), "--steps", str(STEPS), "--settle", "0", "--start", start]
        words += ["--device", "cpu", "--backend", backend]
        command = [sys.executable, "-m", "ebm_studio", "sample", "fashion32", "-o", str(picture), *words]
        subprocess.run(command, check=True)
        with Image.open(picture) as sheet:
            assert np.array_equal(page.canvas.pixels(), cut(sheet, 32))


def test_timeline(window, fashion):
    page, playback = window.generate, window.state.playback
    steps = [to_pixels(step.images.numpy()) for step in fashion.chain(COUNT, 0, playback.store.run)]
    click_step(window, 5)
    assert np.array_equal(page.canvas.pixels(), steps[5])
    QTest.keyClick(page, Qt.Key.Key_Left)
    assert np.array_equal(page.canvas.pixels(), steps[4])
    assert all(curve.line.value() == 4 for curve in page.timeline.plots.curves)
    QTest.keyClick(page, Qt.Key.Key_Home)
    assert np.array_equal(page.canvas.pixels(), steps[0])


def test_run_longer(qtbot, window, fashion):
    canvas = window.generate.canvas
    choose(right_click(canvas, canvas.tile(2).center()), "Run longer")
    wait_for_chain(qtbot, window)
    assert window.state.playback.store.begins == STEPS
    QTest.keyClick(window.generate, Qt.Key.Key_End)
    assert np.array_equal(canvas.pixels(), samples(fashion, steps=2 * STEPS))


def test_shelf(qtbot, window, fashion):
    page, shelf = window.generate, window.studio.shelf
    window.state.select(2)
    for key in (Qt.Key.Key_K, Qt.Key.Key_A):
        QTest.keyClick(page, key)
    [kept] = shelf.items
    assert shelf.slot("A") == kept
    assert kept.latent.origin == FromSeed(0, 2)
    assert np.array_equal(kept.picture, samples(fashion)[2])
    QTest.keyClick(window.shelf.tile(kept), Qt.Key.Key_Delete)
    assert not shelf.items
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert shelf.items == (kept,)


def test_models_and_compare(qtbot, window, fashion):
    go_to(window, window.models)
    qtbot.waitUntil(lambda: "fashion32" in window.zoo.thumbnails, timeout=PATIENCE)
    card = window.models.cards["fashion32"]
    assert card.current.isVisible()
    assert np.array_equal(window.zoo.thumbnails["fashion32"], to_pixels(fashion.sample(8, 0).numpy()))
    QTest.mouseClick(card.compare, LEFT)
    page = window.compare
    assert window.page is page
    type_into(page.common.count, "2")
    type_into(page.headers[1].steps, "4")
    wait_for_pair(qtbot, page.state)
    QTest.keyClick(page, Qt.Key.Key_End)
    a, b = (page.state.pixels(side) for side in page.state.sides)
    assert np.array_equal(a, samples(fashion, count=2))
    assert np.array_equal(b, samples(fashion, count=2, steps=4))


def test_history_undo_and_session(qtbot, opened, window):
    state, history = window.state, window.generate.history
    type_into(window.generate.header.seed, "3")
    wait_for_chain(qtbot, window)
    QTest.keyClick(window.generate, Qt.Key.Key_H)
    row = window.generate.inspector.history.rows[history.runs[1].key]
    qtbot.waitUntil(row.isVisible, timeout=PATIENCE)
    QTest.mouseDClick(row, LEFT, pos=QPoint(20, 20))
    wait_for_chain(qtbot, window)
    assert state.parameters.seed == 0
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    wait_for_chain(qtbot, window)
    assert state.parameters.seed == 3
    go_to(window, window.interpolate)
    runs, pixels = history.runs, state.playback.store.pixels(STEPS)
    window.close()

    again = opened(None)
    wait_for_chain(qtbot, again)
    assert again.page is again.interpolate
    assert [run.parameters for run in again.generate.history.runs] == [run.parameters for run in runs]
    assert np.array_equal(again.state.playback.store.pixels(STEPS), pixels)


def test_help_and_settings(qtbot, window):
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    QTest.keyClicks(window.palette_of_commands.field, "rnd seed")
    QTest.keyClick(window.palette_of_commands.field, Qt.Key.Key_Return)
    wait_for_chain(qtbot, window)
    assert window.state.parameters.seed != 0
    QTest.keyClick(window.page, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert window.page is window.help
    go_to(window, window.settings)
    box = window.settings.boxes["threads"]
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: window.state.model.threads == 1, timeout=PATIENCE)
    wait_for_chain(qtbot, window)
    assert "1 thread" in window.status.where.text()


def test_a_fault_leaves_the_picture(qtbot, window, tmp_path):
    QTest.keyClick(window.generate, Qt.Key.Key_End)
    before = window.generate.canvas.pixels()
    notes = tmp_path / "notes.txt"
    notes.write_text("no picture")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights")
    assert drop(window, notes)
    assert "notes.txt" in window.banner.text.text()
    assert drop(window, broken)
    qtbot.waitUntil(window.generate.banner.isVisible, timeout=PATIENCE)
    assert np.array_equal(window.generate.canvas.pixels(), before)
    assert window.state.model.card.name == "fashion32"


def test_reconstruct_then_interpolate(qtbot, window, fashion):
    page, state = window.reconstruct, window.reconstruct.state
    go_to(window, page)
    QTest.mouseClick(page.welcome.samples[0], LEFT)
    qtbot.waitUntil(lambda: bool(state.photos), timeout=PATIENCE)
    state.set(iterations=2)
    QTest.mouseClick(page.header.start, LEFT)
    wait_for_replay(qtbot, page)
    [result] = state.results
    assert result.error == pytest.approx(state.search.best[-1, 0])
    QTest.mouseClick(page.inspector.send.a, LEFT)
    window.studio.shelf.set_slot("B", window.state.subject(1).on(window.studio.shelf))

    path = window.interpolate
    path.state.change_run(steps=STEPS)
    path.state.change(frames=3)
    go_to(window, path)
    wait_for_path(qtbot, window)
    run = replace(fashion.card.short_run.for_photos(), steps=STEPS)  # a path takes the photo's step
    drawn = fashion.latent(0, 1, replace(fashion.card.short_run, steps=STEPS, settle=0))  # and finds B's picture in it
    found = on_path(fashion, "0:1", drawn_again(fashion, drawn), result.latent.short_run).latent
    end = fashion.interpolate([result.latent, found], Interpolation(frames=3), run)
    QTest.keyClick(path, Qt.Key.Key_End)
    assert np.array_equal(path.picture.pixels(), to_pixels(end.images.numpy())[-1])
    QTest.keyClick(path, Qt.Key.Key_Home)
    assert np.array_equal(path.picture.pixels(), to_pixels(end.images.numpy())[0])
