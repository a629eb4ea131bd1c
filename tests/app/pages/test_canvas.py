"""The canvas: one chain large, zoom and pan; the timeline's ways to play; noise for a part of the steps."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QHelpEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.viewport import Viewport, next_zoom
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.shell.test_window import type_into
from tests.conftest import SIZE, STEPS


def wheel(widget, point: QPointF, notches: int) -> None:
    event = QWheelEvent(
        point,
        QPointF(widget.mapToGlobal(point.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_a_double_click_enlarges_a_chain_and_goes_back(running):
    canvas, state = running.generate.canvas, running.state
    small = canvas.tile(6).width()
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.tile(6).center())
    assert (state.enlarged, state.selected) == (6, 6)
    assert canvas.tile(6).width() > 3 * small
    state.playback.go(STEPS)
    shown = canvas.grab().toImage().pixelColor(canvas.tile(6).topLeft() + QPoint(2, 2))
    assert shown.red() == canvas.pixels()[6, 0, 0, 0]
    QTest.keyClick(running.generate, Qt.Key.Key_Down)
    assert state.enlarged == 7
    QTest.mouseClick(canvas.back, Qt.MouseButton.LeftButton)
    assert state.enlarged is None
    QTest.keyClick(running.generate, Qt.Key.Key_Return)
    assert state.enlarged == 7
    QTest.keyClick(running.generate, Qt.Key.Key_Escape)
    assert state.enlarged is None


def test_an_enlarged_chain_that_is_no_more_makes_way(qtbot, running):
    running.state.enlarge(12)
    running.state.change(count=4)
    wait_for_chain(qtbot, running)
    assert running.state.enlarged is None
    assert running.generate.canvas.tile(3).isValid()


def test_the_wheel_zooms_at_the_pointer_in_whole_steps(running):
    canvas = running.generate.canvas
    point = QPointF(canvas.tile(5).center())
    before = canvas.arrangement().zoom
    wheel(canvas, point, 2)
    zoom = canvas.arrangement().zoom
    assert zoom > before
    assert zoom == int(zoom)
    assert canvas.chain_at(point) == 5
    assert canvas.whole.isVisible()
    place = canvas.tile(5).topLeft()
    QTest.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(200, 200))
    QTest.mouseMove(canvas, QPoint(170, 220))
    QTest.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(170, 220))
    assert canvas.tile(5).topLeft() != place
    QTest.mouseClick(canvas.whole, Qt.MouseButton.LeftButton)
    assert canvas.arrangement().zoom == before
    assert not canvas.whole.isVisible()


def test_smooth_pictures_fill_the_room(running):
    canvas = running.generate.canvas
    crisp = canvas.arrangement().zoom
    option = running.generate.inspector.settings.view.pixels._buttons["smooth"]
    QTest.mouseClick(option, Qt.MouseButton.LeftButton)
    assert running.state.smooth
    assert canvas.arrangement().zoom > crisp


@pytest.mark.parametrize(("zoom", "notches", "expected"), [(4, 1, 5), (8, 2, 12), (12, -1, 10), (4, -9, 3)])
def test_crisp_zooms(zoom, notches, expected):
    assert next_zoom(zoom, notches, 3, smooth=False) == expected


def test_what_is_zoomed_cannot_be_lost():
    viewport = Viewport()
    size = QSizeF(400, 300)
    viewport.zoom_by(6, QPointF(0, 0), viewport.arrange(size, 1, 4, (32, 32)), 4, False)
    viewport.pan(QPointF(10_000, -10_000), viewport.arrange(size, 1, 4, (32, 32)))
    now = viewport.arrange(size, 1, 4, (32, 32))
    assert 0 <= now.left <= 16
    assert now.top + now.extent[1] >= 284


def test_ping_pong_plays_back(qtbot, running):
    playback, timeline = running.state.playback, running.generate.timeline
    QTest.mouseClick(timeline.transport.pingpong, Qt.MouseButton.LeftButton)
    assert playback.mode == "pingpong"
    timeline.speed.setCurrentIndex(timeline.speed.findData(100))
    timeline.speed.activated.emit(timeline.speed.currentIndex())
    assert playback.speed == 100
    playback.go(STEPS)
    playback.play()
    seen = []
    playback.position_changed.connect(lambda: seen.append(playback.position))
    qtbot.waitUntil(lambda: 0 in seen, timeout=PATIENCE)
    qtbot.waitUntil(lambda: seen[-1] == STEPS, timeout=PATIENCE)
    assert STEPS - 1 in seen or STEPS - 2 in seen  # step by step, not a jump
    QTest.mouseClick(timeline.transport.loop, Qt.MouseButton.LeftButton)
    assert (playback.mode, timeline.transport.pingpong.isChecked()) == ("loop", False)
    playback.pause()


def test_one_pointer_over_all_plots(qtbot, running):
    running.state.playback.go(STEPS)
    plots = running.generate.timeline.plots
    view = plots.path.plot.viewport()

    x = next(x for x in range(view.width()) if plots.path.place_at(x) == 4)
    point, none = QPointF(x, view.height() // 2), Qt.MouseButton.NoButton
    move = QMouseEvent(
        QEvent.Type.MouseMove, point, view.mapToGlobal(point), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(view, move)
    assert all(curve.pointer.isVisible() and curve.pointer.value() == 4 for curve in plots.curves)
    assert plots.energy.value.text().startswith("step 4:")
    assert running.state.playback.position == STEPS  # looking is not going
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(x, view.height() // 2))
    assert running.state.playback.position == 4
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(x, view.height() // 2))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert not any(curve.pointer.isVisible() for curve in plots.curves)


def test_noise_ends_after_step_n(qtbot, running, tiny_model):
    parameter = running.generate.inspector.settings.short_run.noise_steps
    type_into(parameter.field, "5")
    wait_for_chain(qtbot, running)
    run = ShortRun(steps=STEPS, noise_steps=5)
    store = running.state.playback.store
    assert store.run == run
    assert np.array_equal(store.pixels(5), store.pixels(5, "state"))
    assert not np.array_equal(store.pixels(5), store.pixels(5, "mean"))
    assert np.array_equal(store.pixels(6), store.pixels(6, "mean"))  # no noise was added
    expected = to_pixels(load_model(tiny_model, "cpu").sample(16, 0, run).numpy())
    assert np.array_equal(store.pixels(STEPS), expected)  # as the command line makes it
    QTest.mouseClick(parameter.reset, Qt.MouseButton.LeftButton)
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.run.noise_steps is None


def test_the_last_steps_are_shorter_and_a_longer_run_of_them_begins_anew(qtbot, running, tiny_model):
    parameter = running.generate.inspector.settings.short_run.settle
    type_into(parameter.field, "4")
    wait_for_chain(qtbot, running)
    for steps in (STEPS, 2 * STEPS):
        store = running.state.playback.store
        assert store.run == ShortRun(steps=steps, settle=4)
        expected = to_pixels(load_model(tiny_model, "cpu").sample(16, 0, store.run).numpy())
        assert np.array_equal(store.pixels(steps), expected)
        QTest.keyClick(running.generate, Qt.Key.Key_L)
        wait_for_chain(qtbot, running)
    QTest.mouseClick(parameter.reset, Qt.MouseButton.LeftButton)
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.run.settle == 0


def test_a_longer_run_marks_the_trained_k_and_states_its_memory(qtbot, running):
    QTest.keyClick(running.generate, Qt.Key.Key_L)
    wait_for_chain(qtbot, running)
    timeline = running.generate.timeline
    assert timeline.scrub._trained == STEPS < timeline.scrub.maximum() == 2 * STEPS
    assert all(curve._trained.isVisible() and curve._trained.value() == STEPS for curve in timeline.plots.curves)
    assert "of 512 MB" in timeline.memory.text()
    assert running.state.playback.store.shape == (1, SIZE, SIZE)


def test_the_start_distribution_can_be_reset(qtbot, running):
    panel = running.generate.inspector.settings.start
    assert not panel.reset.isVisible()
    QTest.mouseClick(panel.start._buttons["gaussian"], Qt.MouseButton.LeftButton)
    assert running.state.parameters.run.start == "gaussian"
    QTest.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    assert running.state.parameters.run.start == "uniform"
    wait_for_chain(qtbot, running)


def test_chains_run_on_far_past_k_with_a_log_axis_and_a_way_to_the_diagnosis(qtbot, running):
    past, timeline = running.generate.inspector.settings.past, running.generate.timeline
    first = running.state.playback.store.pixels(STEPS)
    assert not past.text.isVisible()
    assert not past.buttons[1].isEnabled()
    assert not timeline.log.isVisible()
    qtbot.mouseClick(past.buttons[10], Qt.MouseButton.LeftButton)
    wait_for_chain(qtbot, running)
    store = running.state.playback.store
    assert store.run.steps == 10 * STEPS
    assert np.array_equal(store.pixels(STEPS), first)  # the same chains, which go on
    assert past.text.isVisible()

    even = timeline.scrub.x_of(STEPS)
    qtbot.mouseClick(timeline.log, Qt.MouseButton.LeftButton)
    assert timeline.scrub.x_of(STEPS) - timeline.scrub.x_of(0) > 3 * (even - timeline.scrub.x_of(0))
    curve = timeline.plots.energy
    assert curve._trained.value() == pytest.approx(np.log10(1 + STEPS))
    for step in (0, STEPS, 10 * STEPS):
        middle = timeline.scrub.rect().center().y()
        qtbot.mouseClick(timeline.scrub, Qt.MouseButton.LeftButton, pos=QPoint(timeline.scrub.x_of(step), middle))
        assert abs(running.state.playback.position - step) <= 1
        assert curve.line.value() == pytest.approx(np.log10(1 + running.state.playback.position))
        view = curve.plot.getPlotItem().vb.mapViewToScene(QPointF(curve.to_axis(step), 0))
        assert abs(curve.place_at(view.x()) - step) <= 1
    qtbot.mouseClick(timeline.log, Qt.MouseButton.LeftButton)
    assert timeline.scrub.x_of(STEPS) == even

    qtbot.mouseClick(past.diagnose, Qt.MouseButton.LeftButton)
    assert running.page.key == "diagnose"
    running.show_page(running.generate)
    qtbot.mouseClick(past.buttons[1], Qt.MouseButton.LeftButton)
    wait_for_chain(qtbot, running)
    assert running.state.parameters.run.steps == STEPS


def test_an_open_tip_follows_the_chain_while_it_plays(qtbot, running):
    canvas, playback = running.generate.canvas, running.state.playback
    playback.go(0)
    at = canvas.tile(2).center()
    QTest.mouseMove(canvas, at)
    QApplication.sendEvent(canvas, QHelpEvent(QEvent.Type.ToolTip, at, canvas.mapToGlobal(at)))
    assert QToolTip.isVisible()
    before = QToolTip.text()
    playback.go(STEPS)
    energy = playback.store.energy()[-1, 2]
    assert before != QToolTip.text()
    assert f"Chain 2, energy E = {signed(energy)}." in QToolTip.text()
    QToolTip.hideText()
