"""What a person does in the first minutes, from launch to closing in the middle of work."""

from __future__ import annotations

import threading

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.conftest import STEPS


def click_step(window, step: int) -> None:
    scrub = window.generate.timeline.scrub
    QTest.mouseClick(scrub, Qt.MouseButton.LeftButton, pos=QPoint(scrub.x_of(step), scrub.height() // 2))


def test_from_launch_to_closing_during_work(qtbot, opened, tiny_model):
    model = load_model(tiny_model, "cpu")
    window = opened()
    state, canvas = window.state, window.generate.canvas
    assert canvas.pixels() is None

    # The chain starts by itself and plays to its end.
    wait_for_chain(qtbot, window)
    qtbot.waitUntil(lambda: state.playback.position == STEPS and not state.playback.playing, timeout=PATIENCE)
    assert window.generate.header.model.text() == "tiny"
    steps = list(model.chain(16, 0))

    # Scrub to the start noise, and to the image.
    click_step(window, 0)
    assert state.playback.position == 0
    assert np.array_equal(canvas.pixels(), to_pixels(steps[0].images.numpy()))
    click_step(window, STEPS)
    assert np.array_equal(canvas.pixels(), to_pixels(steps[STEPS].images.numpy()))
    shown = canvas.grab().toImage().pixelColor(canvas.tile(5).topLeft() + QPoint(1, 1))
    assert shown.red() == canvas.pixels()[5, 0, 0, 0]

    # Another seed is typed.
    before, old = canvas.pixels().copy(), state.playback.store
    seed = window.generate.header.seed
    seed.lineEdit().selectAll()
    QTest.keyClicks(seed.lineEdit(), "7")
    QTest.keyClick(seed.lineEdit(), Qt.Key.Key_Return)
    assert state.waiting
    qtbot.waitUntil(lambda: state.playback.store is not old, timeout=PATIENCE)
    wait_for_chain(qtbot, window)
    click_step(window, STEPS)
    assert not np.array_equal(canvas.pixels(), before)
    assert np.array_equal(canvas.pixels(), to_pixels(model.sample(16, 7).numpy()))

    # A long run is cancelled; the steps so far stay and can be scrubbed.
    old = state.playback.store
    steps_field = window.generate.inspector.settings.short_run.steps.field
    steps_field.lineEdit().selectAll()
    QTest.keyClicks(steps_field.lineEdit(), "50000")
    QTest.keyClick(steps_field.lineEdit(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: state.playback.store is not old and state.playback.store.rows > 3, timeout=PATIENCE)
    qtbot.waitUntil(window.status.cancel.isVisible, timeout=PATIENCE)
    QTest.mouseClick(window.status.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.link.engine.busy, timeout=PATIENCE)
    assert not state.playback.store.whole
    QTest.keyClick(window.generate, Qt.Key.Key_Home)
    assert state.playback.position == 0
    assert np.array_equal(canvas.pixels(), to_pixels(next(iter(model.chain(16, 7))).images.numpy()))
    qtbot.waitUntil(lambda: not window.status.cancel.isVisible(), timeout=PATIENCE)

    # And once more, closed in the middle of work.
    old = state.playback.store
    state.run()
    qtbot.waitUntil(lambda: state.playback.store is not old, timeout=PATIENCE)
    assert window.link.engine.busy
    window.close()
    assert not any(thread.name.startswith("engine") for thread in threading.enumerate())
