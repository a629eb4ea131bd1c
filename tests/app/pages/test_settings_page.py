from __future__ import annotations

from shutil import copyfile

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ebm_studio.app.studio.playback import SPEEDS
from ebm_studio.app.studio.preferences import Preferences, PreferenceStore
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.making import encoded


def choose(box, value) -> None:
    """By keys, as a person would."""
    box.setFocus()
    steps = box.findData(value) - box.currentIndex()
    for _ in range(abs(steps)):
        QTest.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)


@pytest.fixture
def page(running):
    running.show_page(running.settings)
    return running.settings


def test_the_look_is_applied_at_once(page, theme, settings):
    choose(page.boxes["scheme"], "light")
    assert theme.scheme == "light"
    assert settings.text("scheme") == "light"


def test_speed_and_loop_reach_every_timeline(running, page):
    choose(page.boxes["speed"], 100)
    choose(page.boxes["loop"], True)
    for other in (running.generate, running.compare):
        assert other.timeline._playback.speed == 100
        assert other.timeline._playback.mode == "loop"
    choose(page.boxes["loop"], False)
    assert running.state.playback.mode == "once"


def test_the_background_is_that_of_photos_opened_from_then_on(qtbot, opened, running, page, tmp_path):
    clear = tmp_path / "clear.png"
    clear.write_bytes(encoded(Image.new("RGBA", (20, 20))))
    state = running.reconstruct.state

    def open_again() -> None:
        count = len(state.photos)
        state.open_files([clear])
        qtbot.waitUntil(lambda: len(state.photos) > count, timeout=PATIENCE)

    open_again()
    choose(page.boxes["background"], "grey")
    open_again()
    assert running.path.paper == "grey"
    assert [photo.picture.getpixel((0, 0)) for photo in state.photos] == [(255,) * 3, (128,) * 3]

    choose(page.boxes["background"], "black")
    running.close()
    again = opened(None).reconstruct.state
    qtbot.waitUntil(lambda: len(again.photos) == 2 and not again.reading, timeout=PATIENCE)
    assert [photo.picture.getpixel((0, 0)) for photo in again.photos] == [(255,) * 3, (128,) * 3]
    assert again.paper == "black"


def test_threads_start_the_engine_anew_and_the_model_comes_back(qtbot, running, page):
    choose(page.boxes["threads"], 1)
    qtbot.waitUntil(lambda: running.state.model.threads == 1, timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    model = running.state.model
    assert running.status.where.text().startswith(f"tiny  ·  CPU {model.backend}, 1 thread")
    assert f"Backend {model.backend}: {model.backend_reason}." in running.status.where.toolTip()


def test_less_memory_keeps_fewer_steps(qtbot, running, page, monkeypatch):
    choose(page.boxes["memory"], 64)
    assert running.state.bound == running.compare_state.bound == 64 * 2**20
    running.state.change(count=4096)
    running.state.change_run(steps=60)
    qtbot.waitUntil(lambda: running.state.playback.store.count == 4096, timeout=PATIENCE)
    store = running.state.playback.store
    assert store.nbytes <= 64 * 2**20
    assert len(store.indices) < 61
    running.state.cancel()


def test_settings_are_remembered_and_broken_ones_are_the_defaults(settings):
    PreferenceStore(settings).set("memory", 128)
    PreferenceStore(settings).set("loop", True)
    assert PreferenceStore(settings).values == Preferences(memory=128, loop=True)
    settings.set("memory", "lots")
    settings.set("device", "abacus")
    assert PreferenceStore(settings).values == Preferences(loop=True)


def test_the_speed_leaves_the_way_of_playing_as_it_is(running):
    playback = running.state.playback
    QTest.mouseClick(running.generate.timeline.transport.pingpong, Qt.MouseButton.LeftButton)
    running.preferences.set("speed", 50)
    assert (playback.speed, playback.mode) == (50, "pingpong")
    running.preferences.set("loop", True)
    running.generate.timeline.speed.activated.emit(0)
    running.preferences.set("loop", False)
    assert (playback.speed, playback.mode) == (SPEEDS[0], "once")


def test_the_rate_of_another_model_is_forgotten(qtbot, running, tiny_model, tmp_path):
    running.state.change_run(steps=400)
    wait_for_chain(qtbot, running)
    assert "steps/s" in running.status.where.text()
    said = []
    running.studio.open.model_changed.connect(lambda: said.append(running.status.where.text()))
    running.studio.open.open_model(str(copyfile(tiny_model, tmp_path / "other.safetensors")))
    qtbot.waitUntil(lambda: bool(said), timeout=PATIENCE)
    assert "steps/s" not in said[0]
    wait_for_chain(qtbot, running)
