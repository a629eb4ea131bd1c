from __future__ import annotations

import math
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from ebm_studio.app.studio.playback import Playback
from ebm_studio.app.widgets.formatting import figure
from ebm_studio.app.widgets.viewport import best_grid
from ebm_studio.core.specs import ShortRun
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.requests import Fault
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.conftest import STEPS


def type_into(field, text: str) -> None:
    field.lineEdit().selectAll()
    QTest.keyClicks(field.lineEdit(), text)
    QTest.keyClick(field.lineEdit(), Qt.Key.Key_Return)


def test_importing_the_window_imports_no_torch():
    code = "import sys, ebm_studio.app.shell.window; sys.exit('torch' in sys.modules or 'pyqtgraph' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_model_is_a_banner(qtbot, opened):
    window = opened("nowhere.safetensors")
    qtbot.waitUntil(window.generate.banner.isVisible, timeout=PATIENCE)
    assert "There is no model file nowhere.safetensors" in window.generate.banner.text.text()
    assert not window.generate.banner.copy.isVisible()


def test_a_broken_file_leaves_the_last_picture(qtbot, running, tmp_path: Path):
    running.state.playback.go(STEPS)  # the playhead stands still
    before = running.generate.canvas.pixels()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights here")
    running.studio.open.open_model(str(broken))
    qtbot.waitUntil(running.generate.banner.isVisible, timeout=PATIENCE)
    assert running.generate.canvas.pixels() is before or np.array_equal(running.generate.canvas.pixels(), before)
    QTest.mouseClick(running.generate.banner.dismiss, Qt.MouseButton.LeftButton)
    assert not running.generate.banner.isVisible()


def test_a_bug_can_be_copied(running, qapp):
    running.state.show(Fault("It broke.", "Traceback: here"))
    QTest.mouseClick(running.generate.banner.copy, Qt.MouseButton.LeftButton)
    assert qapp.clipboard().text() == "It broke.\n\nTraceback: here"


def test_too_many_chains_says_what_to_do(qtbot, running):
    running.state.change(count=4096)
    running.state.change_run(steps=1)
    wait_for_chain(qtbot, running)  # 4096 tiny chains still fit
    assert running.state.playback.store.count == 4096
    assert not running.generate.banner.isVisible()


def test_edits_in_quick_succession_are_one_run(qtbot, running):
    stores = []
    running.state.playback.chain_changed.connect(lambda: stores.append(running.state.playback.store))
    for seed in range(1, 6):
        running.state.change(seed=seed)
    wait_for_chain(qtbot, running)
    assert len(stores) == 1


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("steps", "20", ShortRun(steps=20)),
        ("step_size", "1.5", ShortRun(steps=STEPS, step_size=1.5)),
        ("noise_scale", "5e-3", ShortRun(steps=STEPS, noise_scale=0.005)),
    ],
)
def test_a_typed_parameter_runs_and_can_be_reset(qtbot, running, name, text, expected):
    parameter = getattr(running.generate.inspector.settings.short_run, name)
    assert not parameter.reset.isVisible()
    type_into(parameter.field, text)
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.run == expected
    assert parameter.reset.isVisible()
    QTest.mouseClick(parameter.reset, Qt.MouseButton.LeftButton)
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.run == running.state.model.card.short_run


def test_the_slider_and_the_temperature_follow(qtbot, running):
    panel = running.generate.inspector.settings.short_run
    panel.noise_scale.slider.setFocus()
    QTest.keyClick(panel.noise_scale.slider, Qt.Key.Key_Home)
    assert running.state.parameters.run.noise_scale == 0
    assert panel.temperature.text() == "0"
    wait_for_chain(qtbot, running)


def test_keys(qtbot, running):
    page, playback = running.generate, running.state.playback
    QTest.keyClick(page, Qt.Key.Key_Home)
    assert (playback.position, playback.playing) == (0, False)
    QTest.keyClick(page, Qt.Key.Key_Right)
    assert playback.position == 1
    QTest.keyClick(page, Qt.Key.Key_Left)
    assert playback.position == 0
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert playback.playing
    QTest.keyClick(page, Qt.Key.Key_End)
    assert (playback.position, playback.playing) == (STEPS, False)
    seed = running.state.parameters.seed
    QTest.keyClick(page, Qt.Key.Key_R)
    assert running.state.parameters.seed != seed
    wait_for_chain(qtbot, running)


def test_the_view_without_noise(running):
    running.state.playback.go(STEPS)
    state = running.generate.canvas.pixels()
    running.state.set_view("mean")
    mean = running.generate.canvas.pixels()
    assert not np.array_equal(state, mean)
    assert np.array_equal(mean, running.state.playback.store.pixels(STEPS, "mean"))


def test_a_click_in_a_plot_goes_there(qtbot, running):
    curve = running.generate.timeline.plots.energy
    qtbot.waitUntil(lambda: not running.state.playback.playing, timeout=PATIENCE)
    point = curve.plot.mapFromScene(curve.plot.getPlotItem().vb.mapViewToScene(QPointF(5, 0)))
    point.setY(curve.plot.height() // 2)
    QTest.mouseClick(curve.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(point.x(), point.y()))
    qtbot.waitUntil(lambda: running.state.playback.position == 5, timeout=PATIENCE)
    assert all(c.line.value() == 5 for c in running.generate.timeline.plots.curves)


def test_a_click_selects_a_chain(running):
    canvas = running.generate.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.tile(3).center())
    assert running.state.selected == 3
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.tile(3).center())
    assert running.state.selected is None


def test_seed_and_count_and_place_are_remembered(qtbot, opened, running):
    running.state.change(seed=12, count=3)
    running.resize(running.width(), 700)
    running.generate.splitters["left"].setSizes([300, 220])
    timeline = running.generate.timeline.height()
    running.close()
    again = opened()
    wait_for_chain(qtbot, again)
    assert (again.state.parameters.seed, again.state.parameters.count) == (12, 3)
    assert again.height() == 700
    assert again.generate.timeline.height() == timeline


def test_a_page_that_was_never_shown_keeps_its_shares(qtbot, opened, running, settings):
    running.close()
    assert settings.sizes("generate/whole", 2)
    assert not settings.sizes("interpolate/whole", 2)
    again = opened()
    again.show_page(again.interpolate)
    inspector = again.interpolate.splitters["whole"].widget(1)
    assert inspector.width() >= inspector.sizeHint().width()


def test_closing_before_anything_is_loaded(opened):
    window = opened()
    window.close()
    assert not any(thread.name.startswith("engine") for thread in threading.enumerate())


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_look_is_chosen_at_once_and_kept(running, theme, settings, scheme):
    theme.choose(scheme)
    corner = running.generate.canvas.grab().toImage().pixelColor(1, 1)
    assert corner.name() == theme.tokens.canvas
    assert settings.text("scheme") == scheme


def test_everything_has_a_name_for_a_screen_reader(running):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QScrollBar

    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox)
    unnamed = [
        widget
        for widget in running.findChildren(object)
        if isinstance(widget, kinds)
        and not isinstance(widget, QScrollBar)
        and widget.isVisible()
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert unnamed == []


def test_a_loop_starts_again(qtbot):
    playback = Playback()
    run = ShortRun(steps=3)
    store = ChainStore(1, (1, 2, 2), run)
    zero = np.zeros((1, 1, 2, 2), np.float32)
    for index in range(4):
        store.add(index, zero, zero, np.zeros(1, np.float32), np.zeros(1, np.float32))
    store.finished = True
    playback.mode, playback.speed = "loop", 100
    playback.show_chain(store)
    qtbot.waitUntil(lambda: playback.position == 3, timeout=PATIENCE)
    qtbot.waitUntil(lambda: playback.position < 3, timeout=PATIENCE)
    playback.pause()


@pytest.mark.parametrize(
    ("count", "room", "columns", "zoom"),
    [
        (16, (920, 520), 4, 4),
        (16, (1600, 520), 8, 6),
        (1, (330, 700), 1, 10),
        (7, (920, 520), 4, 7),
        (64, (900, 120), 22, 38 / 32),
        (16, (918, 388), 8, 113 / 32),
        (16, (553, 253), 6, 83 / 32),
    ],
)
def test_the_grid_fills_the_room_to_the_pixel(count, room, columns, zoom):
    assert best_grid(count, 32, 32, room, 2) == (columns, zoom)


def test_a_grid_that_is_too_large_is_shown_smaller():
    columns, zoom = best_grid(4096, 32, 32, (900, 500), 0)
    rows = math.ceil(4096 / columns)
    assert 0 < zoom < 1
    assert columns * 32 * zoom <= 900
    assert rows * 32 * zoom <= 500


@pytest.mark.parametrize(("value", "text"), [(5e-5, "5 × 10⁻⁵"), (0.25, "0.25"), (0, "0"), (1.25e-12, "1.2 × 10⁻¹²")])
def test_figures(value, text):
    assert figure(value) == text


def test_a_banner_lies_over_the_picture_and_pushes_nothing(qtbot, running):
    canvas = running.generate.canvas
    before = canvas.geometry()
    running.open_model("nowhere.safetensors")
    qtbot.waitUntil(running.generate.banner.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: running.generate.banner.width() == canvas.width(), timeout=PATIENCE)
    text = running.generate.banner.text
    assert text.height() >= text.heightForWidth(text.width())
    assert canvas.geometry() == before
