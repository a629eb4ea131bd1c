"""The Landscape page, from the window down, by the mouse and the keys a person uses."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tqdm import tqdm

from ebm_studio.app.pages.landscape.setup import READY, Setup
from ebm_studio.cli.main import main
from ebm_studio.core.specs import ShortRun, point_net
from ebm_studio.data.exports.encoders import export
from ebm_studio.data.points.files import load_landscape
from ebm_studio.data.points.scene import TRAINING, Scene
from ebm_studio.data.points.shapes import SHAPES
from ebm_studio.data.points.sources import of_points
from tests.app.conftest import PATIENCE
from tests.app.driver import Window
from tests.app.shell.test_drops import drop

LEFT = Qt.MouseButton.LeftButton
SMALL = Scene(
    data=SHAPES["moons"],
    net=point_net(8, 2),
    short_run=ShortRun(steps=6, step_size=0.01, noise_scale=0.05),
    learning=replace(TRAINING, chains=20, images=30),
)
SETUP = Setup(scene=SMALL, count=30)


def rests(state) -> bool:
    """Whether all that is to be seen is seen."""
    counted, cloud = state.counted, state.cloud
    return (
        not state.is_training
        and not state.is_waiting
        and cloud is not None
        and cloud.whole
        and counted is not None
        and state.sight is not None
        and counted.updates == state.sight.updates
        and counted.steps[-1] == cloud.run.steps == state.setup.scene.past(state.setup.past).steps
        and not state.link.engine.busy
    )


@pytest.fixture
def window(qtbot, opened) -> Window:
    window = opened()
    qtbot.waitUntil(lambda: window.state.model is not None, timeout=PATIENCE)
    window.landscape.state.from_dict(
        {**SETUP.to_dict(), "file": "", "curves": window.landscape.state.work.curves.to_dict()}
    )
    window.show_page(window.landscape)
    qtbot.waitUntil(lambda: rests(window.landscape.state), timeout=PATIENCE)
    return window


def drag(view, *points: tuple[float, float]) -> None:
    """Press at the first point of the plane, move over the others, and let go."""
    places = [view.place(*point).toPoint() for point in points]
    QTest.mousePress(view, LEFT, Qt.KeyboardModifier.NoModifier, places[0])
    for place in places[1:]:
        QTest.mouseMove(view, place)
    QTest.mouseRelease(view, LEFT, Qt.KeyboardModifier.NoModifier, places[-1])


def write(page, number: int, path: Path) -> None:
    thing = page.exportables()[number]
    export(thing.frames, path, thing.recipe.look, thing.recipe)


def test_a_journey(qtbot, window, tmp_path):
    page, state = window.landscape, window.landscape.state
    data, views = page.inspector.data, page.views

    # Draw data.
    QTest.mouseClick(data.clear, LEFT)
    drag(views.energy, *[(-0.5 + 0.05 * i, 0.4) for i in range(20)])
    assert state.setup.scene.data.name == "drawn"
    assert len(state.setup.scene.data.points) > 10
    QTest.mouseClick(data.tool._buttons["erase"], LEFT)
    before = len(state.setup.scene.data.points)
    drag(views.energy, (-0.5, 0.4), (-0.45, 0.4))
    assert 2 <= len(state.setup.scene.data.points) < before
    QTest.mouseClick(data.tool._buttons["look"], LEFT)

    # Train, and pause.
    QTest.mouseClick(page.header.train, LEFT)
    qtbot.waitUntil(lambda: state.sight.updates > 10, timeout=PATIENCE)
    QTest.mouseClick(page.header.train, LEFT)
    qtbot.waitUntil(lambda: rests(state), timeout=PATIENCE)
    updates = state.sight.updates
    assert page.header.train.text() == "Train"
    assert len(state.work.curves.updates) == updates

    # Scrub.
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_Home)
    assert state.playback.position == 0
    QTest.keyClick(page, Qt.Key.Key_Right)
    assert (state.playback.position, views.energy.position) == (1, 1)

    # Run past K.
    slider = page.inspector.run.past.slider
    slider.setFocus()
    for _ in range(300):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: state.setup.past > 1.5 and rests(state), timeout=PATIENCE)
    assert state.cloud.run.steps > 6

    # Export, and drop the export back.
    write(page, 0, tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == state.cloud.run.steps + 1
    ends = state.cloud.points(state.cloud.rows - 1, state.cloud.rows - 1)[0].copy()
    past, scene = state.setup.past, state.setup.scene
    QTest.mouseClick(page.header.over, LEFT)
    qtbot.waitUntil(lambda: rests(state) and state.sight.updates == 0, timeout=PATIENCE)
    assert drop(window, tmp_path / "film.gif")
    qtbot.waitUntil(lambda: rests(state) and state.sight.updates == updates, timeout=PATIENCE)
    assert state.setup.past == past
    assert np.array_equal(state.setup.scene.data.points, scene.data.points)
    assert np.array_equal(state.cloud.points(state.cloud.rows - 1, state.cloud.rows - 1)[0], ends)
    write(page, 0, tmp_path / "again.gif")
    assert (tmp_path / "again.gif").read_bytes() == (tmp_path / "film.gif").read_bytes()
    assert main(["replay", str(tmp_path / "film.gif"), "-o", str(tmp_path / "replayed.gif")]) == 0
    assert (tmp_path / "replayed.gif").read_bytes() == (tmp_path / "film.gif").read_bytes()


def test_page_and_command_have_the_same_chains(qtbot, window, tmp_path, monkeypatch):
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # of the command's progress bar: it would keep a thread
    page, state = window.landscape, window.landscape.state
    for _ in range(2):
        QTest.keyClick(page, Qt.Key.Key_U)
        qtbot.waitUntil(lambda: rests(state), timeout=PATIENCE)
    file = tmp_path / "moons.safetensors"
    small = ["--steps", "6", "--step-size", "0.01", "--noise-scale", "0.05", "--batch", "20", "--data-batch", "30"]
    net = ["--width", "8", "--depth", "2"]
    assert main(["landscape", "moons", "--updates", "2", "-o", str(file), *small, *net]) == 0
    command = list(load_landscape(file).chain(30, 0))
    ours = state.cloud.points(0, 6)
    assert np.array_equal(ours, np.stack([step.images.numpy() for step in command]))


def test_the_pointer_tells_what_is_there(qtbot, window):
    views, state = window.landscape.views, window.landscape.state
    state.playback.go(6)
    x, y = state.cloud.points(6, 6)[0][3].tolist()
    QTest.mouseMove(views.energy, views.energy.place(x, y).toPoint())
    qtbot.waitUntil(lambda: "chain" in views.readout.text())
    for word in ("E ", "exp(−E / T)", "q "):
        assert word in views.readout.text()
    assert state.selected is not None
    QTest.mouseMove(views.readout)
    qtbot.waitUntil(lambda: state.selected is None)


def test_changes_can_be_undone_and_a_trained_energy_comes_back(qtbot, window):
    page, state = window.landscape, window.landscape.state
    QTest.keyClick(page, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: rests(state) and state.sight.updates == 1, timeout=PATIENCE)
    QTest.mouseClick(page.inspector.net.layers._buttons["3"], LEFT)
    qtbot.waitUntil(lambda: rests(state) and state.sight.updates == 0, timeout=PATIENCE)
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: rests(state) and state.sight.updates == 1, timeout=PATIENCE)
    assert state.setup == SETUP


def test_the_session_brings_it_back(qtbot, window, opened):
    page, state = window.landscape, window.landscape.state
    QTest.keyClick(page, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: rests(state) and state.sight.updates == 1, timeout=PATIENCE)
    ends = state.cloud.points(6, 6).copy()
    window.close()
    again = opened()
    state = again.landscape.state
    qtbot.waitUntil(lambda: state.setup.count == SETUP.count, timeout=PATIENCE)
    again.show_page(again.landscape)
    qtbot.waitUntil(lambda: rests(state), timeout=PATIENCE)
    assert state.sight.updates == 1
    assert state.setup.scene.to_dict() == SMALL.to_dict()
    assert np.array_equal(state.cloud.points(6, 6), ends)
    assert state.work.curves.updates == [1]


def test_what_explodes_is_said_and_nothing_is_lost(qtbot, window):
    page, state = window.landscape, window.landscape.state
    wild = replace(SMALL, short_run=ShortRun(steps=50, step_size=1000.0, noise_scale=10.0))
    state.change("wild", replace(SETUP, scene=wild))
    QTest.mouseClick(page.header.train, LEFT)
    qtbot.waitUntil(lambda: state.fault is not None, timeout=PATIENCE)
    assert "step size" in state.fault.text
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: rests(state), timeout=PATIENCE)
    assert np.isfinite(state.sight.energy).all()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("a.csv", b"x,y\n1,two\n", "text in row"), ("b.csv", b"1\n2\n", "1 column"), ("c.npy", b"no", "NumPy")],
)
def test_bad_data_are_said_and_change_nothing(qtbot, window, tmp_path, name, content, says):
    state = window.landscape.state
    (tmp_path / name).write_bytes(content)
    assert drop(window, tmp_path / name)
    qtbot.waitUntil(lambda: state.fault is not None, timeout=PATIENCE)
    assert says in state.fault.text
    assert state.setup == SETUP


def test_points_and_pictures_are_dropped_as_data(qtbot, window, tmp_path):
    state = window.landscape.state
    np.save(tmp_path / "p.npy", np.eye(2, dtype=np.float32))
    assert drop(window, tmp_path / "p.npy")
    qtbot.waitUntil(lambda: state.setup.scene.data.name == "p", timeout=PATIENCE)
    picture = Image.new("L", (20, 20), "white")
    picture.paste(0, (5, 5, 10, 10))
    picture.save(tmp_path / "q.png")
    assert drop(window, tmp_path / "q.png")
    qtbot.waitUntil(lambda: state.setup.scene.data.name == "q", timeout=PATIENCE)
    qtbot.waitUntil(lambda: rests(state), timeout=PATIENCE)


def test_a_scene_is_one_click(qtbot, window):
    page, state = window.landscape, window.landscape.state
    assert len(READY) == 6
    QTest.mouseClick(page.inspector.scenes.buttons["K too small"], LEFT)
    assert state.is_training
    assert state.setup.run.steps == 5
    assert "square of noise" in page.inspector.scenes.text.text()
    qtbot.waitUntil(lambda: state.sight.updates > 0, timeout=PATIENCE)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not state.is_training, timeout=PATIENCE)
    qtbot.waitUntil(lambda: rests(state), timeout=PATIENCE)


def test_arrows_and_trails_are_drawn(qtbot, window):
    page, state = window.landscape, window.landscape.state
    state.playback.go(3)
    for box in page.inspector.view.boxes.values():
        before = page.views.energy.grab().toImage()
        box.click()
        assert page.views.energy.grab().toImage() != before
        box.click()
        assert page.views.energy.grab().toImage() == before


def test_letters_are_data(qtbot, window):
    field = window.landscape.inspector.data.text
    field.setFocus()
    QTest.keyClicks(field, "EBM")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.landscape.state.setup.scene.data.name == "EBM"
    qtbot.waitUntil(lambda: rests(window.landscape.state), timeout=PATIENCE)


def test_the_views_point_is_where_it_is_drawn(window):
    view = window.landscape.views.energy
    assert view.point(view.place(0.3, -0.7)) == pytest.approx((0.3, -0.7))
    assert view.point(QPointF(-5, -5)) is None


def test_the_page_is_copied_as_a_command_that_trains_the_same(window, tmp_path, monkeypatch):
    state, clipboard = window.landscape.state, QApplication.clipboard()
    state.open_data("text:ABC")
    state.change_part("learning", "Few updates", updates=3, seed=5)
    scene = state.setup.scene
    QTest.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # no thread of its own in the window's process
    assert clipboard.text().startswith("ebm-studio landscape text:ABC ")
    assert main([*shlex.split(clipboard.text())[1:], "--side", "64", "-o", "made.safetensors"]) == 0
    made = load_landscape(Path("made.safetensors"))
    assert (made.scene.data.origin, made.scene.to_dict()) == (scene.data.origin, scene.to_dict())
    assert made.updates == 3

    state.set_data(of_points(np.array([[0.0, 0.0], [0.5, 0.5]]), "mine"))
    QTest.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert "No command can draw this data" in window.banner.text.text()


@pytest.mark.parametrize(("grey", "says"), [(0, "equally dark everywhere"), (255, "completely white")])
def test_a_blank_picture_is_refused_and_loses_nothing(qtbot, window, tmp_path, grey, says):
    state = window.landscape.state
    before, sight = state.setup, state.sight
    Image.new("L", (40, 30), grey).save(tmp_path / "blank.png")
    assert drop(window, tmp_path / "blank.png")
    qtbot.waitUntil(lambda: state.fault is not None, timeout=PATIENCE)
    assert says in state.fault.text
    assert "blank" in state.fault.text
    assert (state.setup, state.sight) == (before, sight)
