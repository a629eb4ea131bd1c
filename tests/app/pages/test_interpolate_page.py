from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QSlider,
    QToolTip,
    QWidget,
)

from ebm_studio.app.pages.interpolate.stops import opens
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.images import SubjectMime
from ebm_studio.core.sampling.interpolation import path_weights
from ebm_studio.core.specs import PHOTO_STEP, Interpolation, ShortRun
from ebm_studio.data.exports.recipe_files import read_recipe
from ebm_studio.data.models.latent import FromPhoto, FromSeed, save_latent
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.app.conftest import PATIENCE
from tests.app.shell.test_drops import drop
from tests.app.shell.test_window import type_into
from tests.conftest import STEPS
from tests.making import make_picture

LEFT = Qt.MouseButton.LeftButton


def drop_on(widget: QWidget, data: QMimeData) -> bool:
    """Drag something over a widget and let go; False when it does not want it."""
    middle, copy, none = widget.rect().center(), Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(middle), copy, data, LEFT, none)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(widget, QDropEvent(QPointF(middle), copy, data, LEFT, none))
    return True


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def wait_for_path(qtbot, window) -> None:
    state = window.path

    def whole() -> bool:
        return (
            state.surface is not None
            and state.surface.chain.whole
            and state.surface.chain.finished
            and not state.making
            and not state._pause.isActive()
            and not window.link.engine.busy
        )

    qtbot.waitUntil(whole, timeout=PATIENCE)


def fill_by_seed(qtbot, page, index: int, text: str) -> None:
    tile = page.stops.tiles[index]
    QTest.mouseClick(tile, LEFT)
    QTest.keyClicks(tile.menu.seed, text)
    QTest.keyClick(tile.menu.seed, Qt.Key.Key_Return)
    state = page.state
    qtbot.waitUntil(lambda: index not in state.making and state.stops[index] is not None, timeout=PATIENCE)


@pytest.fixture
def page(running, tmp_path):
    """The Interpolate page of a window, reached by its key, with empty slots."""
    QTest.keyClick(running, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert running.page is running.interpolate
    running.exports.state.folder = tmp_path
    return running.interpolate


@pytest.fixture
def between(qtbot, running, page):
    """The page with a whole path between two seeds."""
    fill_by_seed(qtbot, page, 0, "1")
    fill_by_seed(qtbot, page, 1, "2:3")
    wait_for_path(qtbot, running)
    return page


def test_a_path_between_typed_seeds_ends_at_their_samples(running, between, tiny_model):
    model, state = load_model(tiny_model, "cpu"), between.state
    assert [kept.latent.origin for kept in state.stops] == [FromSeed(1), FromSeed(2, 3)]
    QTest.keyClick(between, Qt.Key.Key_Home)
    assert np.array_equal(between.picture.pixels(), to_pixels(model.sample(1, 1).numpy())[0])
    QTest.keyClick(between, Qt.Key.Key_End)
    assert np.array_equal(between.picture.pixels(), to_pixels(model.sample(4, 2).numpy())[3])
    assert between.timeline.rho.value() == 0
    assert between.timeline.leg.text() == "A → B"
    assert float(between.inspector.smoothness.unevenness.text()) >= 1


def test_the_slider_answers_between_the_frames_while_it_is_dragged(qtbot, running, between, tiny_model):
    state, along = between.state, between.timeline.along
    y = along.height() // 2
    QTest.mousePress(along, LEFT, pos=QPoint(along.x_of(0), y))
    for value in range(5, 340, 12):
        QTest.mouseMove(along, QPoint(along.x_of(value), y))
        assert between.picture.pixels() is not None  # at once, the nearest frame
    place = state.position
    assert 0 < place < 1
    qtbot.waitUntil(lambda: state.exact, timeout=PATIENCE)  # and then the very picture, the button still held
    QTest.mouseRelease(along, LEFT)
    model = load_model(tiny_model, "cpu")
    latents = [kept.latent for kept in state.stops]
    stops = torch.from_numpy(np.stack([latent.z for latent in latents]))
    *_, step = model.mixed(latents, path_weights([place], stops))
    assert np.array_equal(between.picture.pixels(), to_pixels(step.images.numpy())[0])
    assert state.energy() == pytest.approx(float(step.energy[0]))


def ask_for_tip(widget: QWidget, at: QPoint) -> None:
    QTest.mouseMove(widget, at)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at)))
    assert QToolTip.isVisible()


def test_open_tips_follow_the_path_and_the_step(between):
    state = between.state
    chain = state.surface.chain
    ask_for_tip(between.picture, between.picture.rect().center())
    for frame in (3, 20):
        state.go_frame(frame)
        energy = signed(chain.energy()[-1, frame])
        assert QToolTip.text() == f"Frame {frame}, ρ = {state.rho:.3f}, step {STEPS}, energy E = {energy}."
    ask_for_tip(between.strip, between.strip.frame_box(5).center().toPoint())
    for step in (STEPS - 1, 0):
        state.go_step(step)
        energy = signed(chain.energy()[step, 5])
        assert QToolTip.text().startswith(f"Frame 5, step {step}, energy E = {energy}. The frames of the path.")
    QToolTip.hideText()


def test_a_typed_rho(qtbot, between):
    type_into(between.timeline.rho, "0.6")
    assert between.state.rho == pytest.approx(0.6)
    qtbot.waitUntil(lambda: between.state.exact, timeout=PATIENCE)


def test_the_surface_scrubs_both_at_once(between, tiny_model):
    QTest.mouseClick(between.view._buttons["surface"], LEFT)
    assert between.surface.isVisible()
    row, frame = between.surface.rows()[-3], between.surface.frames()[3]
    assert 0 < frame < 32
    QTest.mouseClick(between.surface, LEFT, pos=between.surface.cell(frame, row).center().toPoint())
    assert (between.state.frame, between.state.row) == (frame, row)
    assert (between.timeline.at_step.value(), between.timeline.plots.distance.line.value()) == (row, frame)
    latents = [kept.latent for kept in between.state.stops]
    path = load_model(tiny_model, "cpu").interpolate(latents, run=ShortRun(steps=row))
    assert np.array_equal(between.picture.pixels(), to_pixels(path.images.numpy())[frame])


def test_the_filmstrip_and_the_keys(between):
    state = between.state
    QTest.mouseClick(between.strip, LEFT, pos=between.strip.frame_box(20).center().toPoint())
    assert state.frame == 20
    QTest.keyClick(between, Qt.Key.Key_Left)
    assert state.frame == 19
    QTest.keyClick(between, Qt.Key.Key_Down)
    assert state.row == STEPS - 1
    QTest.keyClick(between, Qt.Key.Key_Up)
    assert state.step is None


def test_it_plays_there_and_back(qtbot, between, monkeypatch):
    clock = itertools.count(step=0.02)  # seconds from tick to tick, however late they come
    monkeypatch.setattr(
        "ebm_studio.app.pages.interpolate.film_playback.time", SimpleNamespace(perf_counter=clock.__next__)
    )
    state, seen = between.state, []
    type_into(between.inspector.path.frames.field, "3")
    wait_for_path(qtbot, between.window())
    state.playback.fps = 10
    state.moved.connect(lambda: seen.append(state.frame))
    QTest.keyClick(between, Qt.Key.Key_Home)
    QTest.keyClick(between, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: seen[-8:] and seen.count(0) > 2 and seen.count(2) > 1, timeout=PATIENCE)
    QTest.keyClick(between, Qt.Key.Key_Space)
    assert not state.playback.playing
    order = [a for a, b in zip(seen, [None, *seen], strict=False) if a != b]
    assert all(abs(a - b) == 1 for a, b in itertools.pairwise(order))


def test_a_path_that_was_cancelled_is_marked_and_goes_on(qtbot, running, between):
    state, timeline = between.state, between.timeline
    assert not timeline.go_on.isVisible()
    state.change_run(steps=3000)
    state.run()
    qtbot.waitUntil(lambda: state.surface.chain.run.steps == 3000 and state.surface.chain.newest > 5, timeout=PATIENCE)
    QTest.keyClick(between, Qt.Key.Key_Escape)
    qtbot.waitUntil(timeline.go_on.isVisible, timeout=PATIENCE)
    stopped = state.surface.chain.newest
    assert f"stopped at step {stopped} of 3000" in timeline.go_on.toolTip()
    assert f"ends at step {stopped}," in timeline.step.toolTip()
    before = state.surface
    QTest.mouseClick(timeline.go_on, LEFT)
    qtbot.waitUntil(lambda: state.surface is not before, timeout=PATIENCE)
    assert not timeline.go_on.isVisible()
    assert "stopped" not in timeline.step.toolTip()
    QTest.keyClick(between, Qt.Key.Key_Escape)
    qtbot.waitUntil(timeline.go_on.isVisible, timeout=PATIENCE)


def test_three_stops_make_a_loop_and_undo_takes_it_back(qtbot, running, between):
    fill = between.stops.more
    QTest.mouseClick(fill, LEFT)
    QTest.keyClicks(between.stops.menu.seed, "5")
    QTest.keyClick(between.stops.menu.seed, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(between.state.stops) == 3, timeout=PATIENCE)
    QTest.mouseClick(between.inspector.path.closed._buttons["closed"], LEFT)
    wait_for_path(qtbot, running)
    assert between.state.surface.spec == Interpolation(closed=True)
    assert between.state.surface.stops == 3
    for _ in range(2):
        QTest.keyClick(running, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_for_path(qtbot, running)
    assert (len(between.state.stops), between.state.surface.stops) == (2, 2)


def test_a_loop_of_two_says_what_to_do(qtbot, running, between):
    between.state.change(closed=True)
    qtbot.waitUntil(between.banner.isVisible, timeout=PATIENCE)
    assert "3 to 16 latents" in between.banner.text.text()


def test_the_pad_mixes_four(qtbot, running, between, tiny_model):
    QTest.mouseClick(between.view._buttons["pad"], LEFT)
    assert between.fill.isVisible()
    QTest.mouseClick(between.fill, LEFT)
    qtbot.waitUntil(lambda: len(between.state.stops) == 4 and not between.state.making, timeout=PATIENCE)
    assert not between.fill.isVisible()
    wait_for_path(qtbot, running)
    square = between.pad.square
    QTest.mousePress(between.pad, LEFT, pos=square.center().toPoint())
    for share in (0.6, 0.8, 1.0):
        QTest.mouseMove(between.pad, (square.topLeft() + QPointF(square.width() * share, 0)).toPoint())
    QTest.mouseRelease(between.pad, LEFT)
    type_into(between.timeline.at_step, str(STEPS))
    between.state.go_point(1.0, 0.0)
    qtbot.waitUntil(lambda: between.state.exact, timeout=PATIENCE)
    expected = load_model(tiny_model, "cpu").sample(4, 2)
    assert np.array_equal(between.picture.pixels(), to_pixels(expected.numpy())[3])  # the corner of B


def test_a_latent_file_and_something_kept_are_stops(qtbot, running, page, tiny_model, tmp_path):
    file = tmp_path / "kept.safetensors"
    save_latent(file, load_model(tiny_model, "cpu").latent(9))
    assert drop_on(page.stops.tiles[0], files(file))
    qtbot.waitUntil(lambda: page.state.stops[0] is not None, timeout=PATIENCE)
    assert page.state.stops[0].latent.origin == FromSeed(9)
    assert drop_on(page.stops.tiles[1], SubjectMime(running.state.subject(4)))
    assert page.state.stops[1].latent.origin == FromSeed(0, 4)
    wait_for_path(qtbot, running)
    QTest.keyClick(page.stops.tiles[0], Qt.Key.Key_Delete)
    assert page.state.stops[0] is None


def test_a_bad_photo_is_a_banner_and_the_slot_stays_empty(qtbot, running, page, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    assert drop_on(page.stops.tiles[0], files(broken))
    qtbot.waitUntil(page.banner.isVisible, timeout=PATIENCE)
    assert "broken.png" in page.banner.text.text()
    assert page.state.stops[0] is None
    assert not page.state.making
    assert not opens(tmp_path / "song.mp3")


def test_nothing_runs_while_another_page_is_shown(running):
    state = running.path
    state.shelf.set_slot("A", state.shelf.made(*_subject(running, 0)))
    state.shelf.set_slot("B", state.shelf.made(*_subject(running, 1)))
    assert not state._pause.isActive()


def _subject(window, chain):
    subject = window.state.subject(chain)
    return subject.latent, subject.picture


def test_photo_to_photo_exported_and_dropped_again(qtbot, running, page, tmp_path, tiny_model):
    """Two photos dropped on the slots, reconstructed, interpolated, exported as a GIF, read back, dropped."""
    photos = []
    for number in range(2):
        photos.append(tmp_path / f"photo{number}.jpg")
        make_picture(seed=number).save(photos[-1])
    for tile, photo in zip(page.stops.tiles, photos, strict=True):
        assert drop_on(tile, files(photo))
    qtbot.waitUntil(lambda: None not in page.state.stops, timeout=PATIENCE)
    assert all(isinstance(kept.latent.origin, FromPhoto) for kept in page.state.stops)
    assert page.state.parameters.run.step_size == PHOTO_STEP  # they were found for it
    type_into(page.inspector.path.frames.field, "9")
    wait_for_path(qtbot, running)

    QTest.keyClick(running, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog, target = running.exports, tmp_path / "out" / "between.gif"
    assert dialog.isVisible()
    dialog.place.setFocus()
    dialog.place.selectAll()
    QTest.keyClicks(dialog.place, str(target))
    type_into(dialog.scale, "2")
    QTest.mouseClick(dialog.ping_pong._buttons["off"], LEFT)
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None and dialog.state.running is None, timeout=PATIENCE)
    assert dialog.handle.mime().urls() == [QUrl.fromLocalFile(str(target))]

    film = Image.open(target)
    assert (film.n_frames, film.size) == (9, (32, 32))
    surface = page.state.surface
    first = np.asarray(film.convert("L"))[::2, ::2]
    assert np.abs(first.astype(int) - surface.chain.pixels(STEPS)[0, 0]).max() <= 3  # 256 greys of one palette
    recipe = read_recipe(target)
    assert (recipe.kind, recipe.path.frames, recipe.look.scale) == ("path", 9, 2)
    dialog.close()

    # Everything is changed, then the file is dropped on the window.
    kept = page.state.stops
    fill_by_seed(qtbot, page, 0, "5")
    type_into(page.inspector.path.frames.field, "4")
    running.show_page(running.generate)
    assert drop(running, target)
    qtbot.waitUntil(lambda: running.page is page, timeout=PATIENCE)
    wait_for_path(qtbot, running)
    assert page.state.parameters.spec.frames == 9
    assert [stop.latent.origin for stop in page.state.stops] == [stop.latent.origin for stop in kept]
    assert np.array_equal(page.state.surface.chain.pixels(STEPS), surface.chain.pixels(STEPS))
    assert not running.banner.isVisible()

    # Without photos the path takes the model's own short run.
    fill_by_seed(qtbot, page, 0, "5")
    fill_by_seed(qtbot, page, 1, "6")
    assert page.state.parameters.run.step_size == 1.0


def test_a_seed_beside_a_photo_is_found_in_the_photos_short_run(qtbot, running, page, tmp_path):
    running.state.open.open_model("faces32")  # whose pictures are but noise after half of the way
    qtbot.waitUntil(lambda: page.state.model.card.name == "faces32", timeout=PATIENCE)
    own = page.state.model.card.short_run
    fill_by_seed(qtbot, page, 0, "5")
    wanted = page.state.stops[0].picture
    make_picture(seed=1).save(tmp_path / "photo.png")
    assert drop_on(page.stops.tiles[1], files(tmp_path / "photo.png"))
    qtbot.waitUntil(lambda: page.state.stops[1] is not None, timeout=PATIENCE)
    wait_for_path(qtbot, running)
    kept, latent = page.state.stops[0], page.state.latents[0]
    assert (kept.latent.origin, latent.origin.name) == (FromSeed(5), kept.name)
    assert latent.short_run == page.state.stops[1].latent.short_run == page.state.parameters.run
    first = page.state.surface.chain.pixels(own.steps)[0]
    assert np.abs(first.astype(int) - wanted).mean() < 4

    page.state.make_stop(2, FromSeed(6))  # by the model's own short run, then found as well
    qtbot.waitUntil(lambda: len(page.state.stops) == 3, timeout=PATIENCE)
    wait_for_path(qtbot, running)
    assert page.state.stops[2].latent.short_run == own
    assert page.state.latents[2].short_run.step_size == PHOTO_STEP * own.step_size
    fill_by_seed(qtbot, page, 1, "7")  # no photo any more
    wait_for_path(qtbot, running)
    assert [latent.origin for latent in page.state.latents] == [FromSeed(5), FromSeed(7), FromSeed(6)]


def test_a_cancelled_search_of_a_path_does_not_begin_again(qtbot, running, page, tmp_path):
    fill_by_seed(qtbot, page, 0, "5")
    make_picture(seed=1).save(tmp_path / "photo.png")
    page.state.make_stop(1, tmp_path / "photo.png")
    qtbot.waitUntil(lambda: bool(page.state.to_find) and 0 in page.state.making, timeout=PATIENCE)
    running.state.open.cancel()
    qtbot.waitUntil(lambda: not page.state.making and not running.link.engine.busy, timeout=PATIENCE)
    assert page.state.to_find == [0]
    assert not page.state._pause.isActive()
    page.state.change(frames=5)  # the next edit searches again
    wait_for_path(qtbot, running)
    assert page.state.to_find == []


def test_the_path_is_remembered(qtbot, opened, running, between):
    between.state.change(frames=7, path="slerp")
    running.close()
    window = opened(None)
    qtbot.waitUntil(lambda: window.state.model is not None, timeout=PATIENCE)
    assert window.path.parameters.spec == Interpolation(frames=7, path="slerp")
    assert [kept.latent.origin for kept in window.path.stops] == [FromSeed(1), FromSeed(2, 3)]


def test_everything_has_a_name_for_a_screen_reader(between):
    nameless = [
        widget
        for kind in (QAbstractButton, QSlider, QAbstractSpinBox, QComboBox)
        for widget in between.findChildren(kind)
        if widget.isVisible() and not widget.accessibleName() and not getattr(widget, "text", str)()
    ]
    assert not nameless


def test_plots_and_strip_are_empty_until_there_is_a_path(qtbot, running, page):
    items = [chart.plot.getPlotItem() for chart in page.timeline.plots.charts]
    assert not any(item.isVisible() for item in items)
    assert not page.strip.isVisible()
    fill_by_seed(qtbot, page, 0, "1")
    fill_by_seed(qtbot, page, 1, "2")
    wait_for_path(qtbot, running)
    assert all(item.isVisible() for item in items)
    assert page.strip.isVisible()
