"""The shelf, the slots, the history, undo and the session, as a person uses them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from ebm_studio.app.shell.shelf_tiles import subject_of_kept
from ebm_studio.app.shell.undo_button import UndoButton
from ebm_studio.app.widgets.images import SubjectMime
from ebm_studio.app.widgets.picture_menu import PictureMenu
from ebm_studio.data.models.latent import FromPhoto, FromSeed, Latent, read_latent, save_latent
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.conftest import SIZE, STEPS


def keep_by_key(window, *chains: int) -> None:
    for chain in chains:
        window.state.select(chain)
        QTest.keyClick(window.generate, Qt.Key.Key_K)


def drop(target, subject, at: QPoint | None = None) -> None:
    mime = SubjectMime(subject)
    point = at or target.rect().center()
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(point, Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(target, QDropEvent(QPointF(point), Qt.DropAction.CopyAction, mime, buttons, keys))


def choose(menu: PictureMenu, text: str) -> None:
    action = next(action for action in menu.actions() if action.text() == text)
    menu.popup(QPoint(10, 10))
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def right_click(widget, point: QPoint) -> PictureMenu:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, point, widget.mapToGlobal(point))
    QApplication.sendEvent(widget, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, PictureMenu)
    return menu


def names(shelf) -> list[str]:
    return [kept.name for kept in shelf.items]


def test_a_key_keeps_the_very_noise_of_a_chain(running, tiny_model):
    shelf = running.studio.shelf
    keep_by_key(running, 3)
    assert names(shelf) == ["0:3"]
    kept = shelf.items[0]
    start = next(iter(load_model(tiny_model, "cpu").chain(16, 0))).images[3].numpy()
    assert np.array_equal(kept.latent.z, start)
    assert kept.latent.origin == FromSeed(0, 3)
    assert kept.latent.model_hash == load_model(tiny_model, "cpu").fingerprint
    assert np.array_equal(kept.picture, running.state.playback.store.pixels(STEPS)[3])
    keep_by_key(running, 3)  # it is there
    assert len(shelf.items) == 1


def test_drags_fill_the_shelf_and_the_slots(running):
    shelf, strip = running.studio.shelf, running.shelf
    drop(strip, running.state.subject(1))
    drop(strip.slots["A"], running.state.subject(2))
    assert names(shelf) == ["0:1"]
    assert shelf.slot("A").name == "0:2"
    assert shelf.slot("B") is None
    drop(strip, running.state.subject(4))
    QTest.mouseClick(strip.swap, Qt.MouseButton.LeftButton)
    assert (shelf.slot("A"), shelf.slot("B").name) == (None, "0:2")
    first = strip.tile(shelf.items[0])
    drop(strip, subject_of_kept(shelf.items[1], shelf), first.mapTo(strip, QPoint(2, 10)))
    assert names(shelf) == ["0:4", "0:1"]


def test_the_shelf_folds_and_stays_so(qtbot, opened, running):
    strip, canvas = running.shelf, running.generate.canvas
    keep_by_key(running, 1)
    running.studio.shelf.set_slot("A", running.studio.shelf.items[0])
    height, room = strip.height(), canvas.height()
    QTest.mouseClick(strip.fold, Qt.MouseButton.LeftButton)
    assert strip.summary.text() == "Shelf  1   ·   A  0:1"
    assert not any(widget.isVisible() for widget in (strip.area, strip.slots["A"], strip.open))
    qtbot.waitUntil(lambda: canvas.height() == room + height - strip.height() > room, timeout=PATIENCE)
    drop(strip, running.state.subject(2))  # it still takes what is dropped
    assert strip.summary.text().startswith("Shelf  2")
    running.close()
    again = opened()
    assert again.shelf.folded
    QTest.keyClick(again, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert again.shelf.height() == height
    assert again.shelf.slots["A"].isVisible()


def test_a_drag_from_the_canvas_begins_at_the_picture(running, monkeypatch):
    carried = []
    monkeypatch.setattr("ebm_studio.app.pages.generate.canvas.carry", lambda source, subject: carried.append(subject))
    canvas = running.generate.canvas
    start = canvas.tile(6).center()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, start + QPoint(40, 0))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + QPoint(40, 0))
    assert [subject.latent.origin for subject in carried] == [FromSeed(0, 6)]
    assert running.state.selected is None


def test_tiles_obey_keys_and_everything_can_be_undone(qtbot, running):
    shelf, strip = running.studio.shelf, running.shelf
    keep_by_key(running, 0, 1, 2)
    tile = strip.tile(shelf.items[1])
    QTest.keyClick(tile, Qt.Key.Key_F)
    assert shelf.items[1].favourite
    QTest.keyClick(tile, Qt.Key.Key_B)
    assert shelf.slot("B").name == "0:1"
    QTest.keyClick(tile, Qt.Key.Key_F2)
    editor = tile.findChild(QLineEdit, "rename")
    QTest.keyClicks(editor, "coat")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert names(shelf) == ["0:0", "coat", "0:2"]
    assert shelf.slot("B").name == "coat"
    QTest.mouseClick(strip.starred, Qt.MouseButton.LeftButton)
    assert [strip.tile(kept).isVisible() for kept in shelf.items] == [False, True, False]
    QTest.mouseClick(strip.starred, Qt.MouseButton.LeftButton)
    QTest.keyClick(tile, Qt.Key.Key_Delete)
    assert names(shelf) == ["0:0", "0:2"]
    assert shelf.slot("B").name == "coat"

    undo = running.studio.undo
    assert undo.undo_text == "Remove coat"
    whole = undo.stack.count()
    QTest.keyClick(running, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert names(shelf) == ["0:0", "coat", "0:2"]
    for _ in range(whole - 1):
        QTest.keyClick(running, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert names(shelf) == []
    assert shelf.slot("B") is None
    for _ in range(whole):
        QTest.keyClick(running, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert names(shelf) == ["0:0", "0:2"]
    assert shelf.slot("B").favourite


def test_the_menu_of_a_chain(qtbot, running, tmp_path: Path, monkeypatch, qapp):
    canvas, shelf = running.generate.canvas, running.studio.shelf
    choose(right_click(canvas, canvas.tile(5).center()), "Keep")
    QApplication.processEvents()  # the shelf takes its room, now that it holds something
    point = canvas.tile(5).center()
    choose(right_click(canvas, point), "Use as A")
    choose(right_click(canvas, point), "Copy seed")
    assert names(shelf) == ["0:5"]
    assert shelf.slot("A") == shelf.items[0]
    assert qapp.clipboard().text() == "0:5"
    running.state.playback.go(STEPS)
    choose(right_click(canvas, point), "Copy image")
    image = qapp.clipboard().image()
    assert image.width() == 256
    assert image.pixelColor(8, 8).red() == canvas.pixels()[5, 0, 0, 0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "saved"), ""))
    choose(right_click(canvas, point), "Save image…")
    assert (tmp_path / "saved.png").is_file()
    choose(right_click(canvas, point), "Save latent…")
    assert read_latent(tmp_path / "saved.safetensors").origin == FromSeed(0, 5)


def test_run_longer_goes_on_where_the_chain_has_ended(qtbot, running, tiny_model):
    state, canvas = running.state, running.generate.canvas
    state.playback.go(STEPS)
    shown = []
    state.playback.position_changed.connect(lambda: shown.append(state.playback.position))
    choose(right_click(canvas, canvas.tile(5).center()), "Run longer")
    wait_for_chain(qtbot, running)
    assert state.playback.store.begins == STEPS
    qtbot.waitUntil(lambda: state.playback.position == 2 * STEPS, timeout=PATIENCE)
    assert min(shown) == STEPS  # what is known is not played again
    run = replace(load_model(tiny_model, "cpu").card.short_run, steps=2 * STEPS)
    assert np.array_equal(canvas.pixels(), to_pixels(load_model(tiny_model, "cpu").sample(16, 0, run).numpy()))
    QTest.keyClick(running.generate, Qt.Key.Key_L)
    wait_for_chain(qtbot, running)
    assert (state.playback.store.begins, state.playback.store.run.steps) == (2 * STEPS, 4 * STEPS)
    state.change(seed=1)
    wait_for_chain(qtbot, running)
    assert state.playback.store.begins == 0


def test_latents_open_from_files(qtbot, running, tmp_path: Path, monkeypatch):
    save_latent(tmp_path / "one.safetensors", running.state.subject(9).latent)
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    files = [str(tmp_path / "one.safetensors"), str(tmp_path / "broken.safetensors")]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (files, ""))
    QTest.mouseClick(running.shelf.open, Qt.MouseButton.LeftButton)
    assert names(running.studio.shelf) == ["0:9"]
    assert "broken.safetensors is not a latent file" in running.banner.text.text()
    running.studio.shelf.remove(running.studio.shelf.items[0])
    running.files.open([tmp_path / "one.safetensors"])  # as dropped anywhere
    assert names(running.studio.shelf) == ["0:9"]


def test_what_was_kept_is_found_again(qtbot, running):
    keep_by_key(running, 7)
    kept = running.studio.shelf.items[0]
    running.state.change(seed=5, count=2)
    wait_for_chain(qtbot, running)
    tile = running.shelf.tile(kept)
    QTest.mouseDClick(tile, Qt.MouseButton.LeftButton, pos=tile.rect().center())
    wait_for_chain(qtbot, running)
    assert (running.state.parameters.seed, running.state.enlarged) == (0, 7)
    assert np.array_equal(running.state.playback.store.pixels(STEPS)[7], kept.picture)


def test_parameters_can_be_undone(qtbot, running):
    undo, state = running.studio.undo, running.state
    state.change(seed=7)
    state.change_run(steps=20)
    assert undo.undo_text == "Steps K 20"
    button = next(b for b in running.rail.findChildren(UndoButton) if b.accessibleName() == "Undo: Steps K 20")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert state.parameters.run.steps == STEPS
    assert state.parameters.seed == 7
    QTest.keyClick(running.generate, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert state.parameters.seed == 0
    wait_for_chain(qtbot, running)
    assert state.shown[0] == state.parameters


def test_a_slider_in_one_go_is_one_change(qtbot, running, monkeypatch):
    monkeypatch.setattr("ebm_studio.app.studio.undo.MERGE", 600.0)  # a busy machine makes slow keys
    slider = running.generate.inspector.settings.short_run.noise_scale.slider
    count = running.studio.undo.stack.count()
    slider.setFocus()
    for _ in range(5):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert running.studio.undo.stack.count() == count + 1
    running.studio.undo.undo()
    assert running.state.parameters.run == running.state.model.card.short_run
    wait_for_chain(qtbot, running)


def test_every_run_is_in_the_history(qtbot, running):
    state, history = running.state, running.generate.history
    panel = running.generate.inspector.history
    state.change(seed=11)
    wait_for_chain(qtbot, running)
    state.change_run(noise_steps=3)
    wait_for_chain(qtbot, running)
    assert [run.parameters.seed for run in history.runs] == [11, 11, 0]
    QTest.keyClick(running.generate, Qt.Key.Key_H)
    first = panel.rows[history.runs[2].key]
    qtbot.waitUntil(first.isVisible, timeout=PATIENCE)
    QTest.mouseDClick(first, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    wait_for_chain(qtbot, running)
    assert (state.parameters.seed, state.parameters.run.noise_steps) == (0, None)
    assert [run.parameters.seed for run in history.runs] == [0, 11, 11]  # the same run is not there twice
    QTest.mouseClick(panel.rows[history.runs[1].key].star, Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.clear, Qt.MouseButton.LeftButton)
    assert [(run.parameters.seed, run.starred) for run in history.runs] == [(11, True)]
    running.studio.undo.undo()
    assert len(history.runs) == 3


def test_the_session_is_there_again(qtbot, opened, running):
    keep_by_key(running, 2, 4)
    running.studio.shelf.favourite(running.studio.shelf.items[0], True)
    running.studio.shelf.set_slot("B", running.studio.shelf.items[1])
    running.studio.shelf.remove(running.studio.shelf.items[1])
    running.state.change(seed=12, count=3)
    running.state.change_run(steps=6, noise_steps=2)
    running.state.set_smooth(True)
    running.state.playback.set_mode("pingpong")
    wait_for_chain(qtbot, running)
    kept, parameters = running.studio.shelf.contents, running.state.parameters
    running.close()

    again = opened(None)
    wait_for_chain(qtbot, again)
    assert again.state.parameters == parameters
    assert again.studio.shelf.contents == kept
    assert np.array_equal(again.studio.shelf.slot("B").latent.z, kept.B.latent.z)
    assert np.array_equal(again.studio.shelf.items[0].picture, kept.items[0].picture)
    assert (again.state.smooth, again.state.playback.mode) == (True, "pingpong")
    assert again.generate.history.runs[0].parameters == parameters
    again.state.playback.pause()


def test_a_crash_loses_no_more_than_seconds(qtbot, running):
    keep_by_key(running, 2)
    session = running.studio.session
    qtbot.waitUntil(lambda: session.path.exists() and "0:2" in session.path.read_text(), timeout=PATIENCE)
    data = json.loads(session.path.read_text())
    assert data["generate"]["parameters"]["seed"] == 0
    assert (session.folder / "shelf" / f"{data['shelf']['shelf'][0]}.safetensors").is_file()
    QTest.keyClick(running, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)


def damage(data: dict, how: str) -> str:
    if how == "seed":
        data["generate"]["parameters"]["seed"] = -1
    elif how == "shelf":
        data["shelf"]["shelf"] = 7
    elif how == "history":
        data["history"] = [{"key": "../x"}]
    else:
        return how
    return json.dumps(data)


@pytest.mark.parametrize("how", ["seed", "shelf", "history", "[]", "{", '{"format": 99}', ""])
def test_a_damaged_session_is_set_aside(qtbot, opened, running, how):
    keep_by_key(running, 2)
    running.close()
    path = running.studio.session.path
    path.write_text(damage(json.loads(path.read_text()), how))
    again = opened()
    wait_for_chain(qtbot, again)
    assert "was damaged" in again.banner.text.text()
    assert len(list(path.parent.glob("session-damaged-*.json"))) == 1
    sound = {"seed": 1, "shelf": 1, "history": 1}.get(how, 0)  # what is sound in it is used
    assert len(again.studio.shelf.items) == sound
    again.close()
    assert json.loads(path.read_text())["format"] == 1


def test_a_lost_latent_is_named_and_the_rest_is_there(qtbot, opened, running):
    keep_by_key(running, 1, 2)
    running.close()
    (running.studio.session.folder / "shelf" / f"{running.studio.shelf.items[0].key}.safetensors").unlink()
    again = opened()
    wait_for_chain(qtbot, again)
    assert names(again.studio.shelf) == ["0:2"]
    assert "cannot be read" in again.banner.text.text()


def test_files_of_what_is_gone_are_thrown_away(running):
    keep_by_key(running, 1, 2)
    running.studio.session.save()
    folder = running.studio.session.folder / "shelf"
    assert len(list(folder.iterdir())) == 4
    running.studio.shelf.remove(running.studio.shelf.items[0])
    running.close()
    assert sorted(path.stem for path in folder.iterdir()) == [running.studio.shelf.items[0].key] * 2


def test_a_latent_of_a_photo_is_drawn_and_its_chain_can_be_seen(qtbot, running, tmp_path: Path, tiny_model):
    z = np.random.default_rng(0).uniform(-1, 1, (1, SIZE, SIZE)).astype(np.float32)
    card = running.state.model.card
    latent = Latent(z, FromPhoto("boot.png"), card.name, running.state.model.fingerprint, card.short_run)
    save_latent(tmp_path / "boot.safetensors", latent)
    running.files.open([tmp_path / "boot.safetensors"])
    shelf = running.studio.shelf
    assert names(shelf) == ["boot"]
    end = list(load_model(tiny_model, "cpu").mixed([latent]))[-1].images
    expected = to_pixels(end.numpy())
    qtbot.waitUntil(lambda: np.array_equal(shelf.items[0].picture, expected[0]), timeout=PATIENCE)
    assert running.state.playback.store.count == 16  # what is shown stays

    QTest.keyClick(running.shelf.tile(shelf.items[0]), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: running.state.playback.store.count == 1, timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert np.array_equal(running.state.playback.store.pixels(STEPS), expected)
    assert running.state.subject(0).latent.origin == latent.origin
    running.state.change(seed=3)
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.count == 16


LONG = 400


def run_long(qtbot, window) -> None:
    """Chains that take their time, and have begun."""
    window.state.change_run(steps=LONG)
    window.state.run()

    def has_begun() -> bool:
        store = window.state.playback.store
        return store is not None and store.run.steps == LONG and store.newest >= 5

    qtbot.waitUntil(has_begun, timeout=PATIENCE)


def test_a_latent_that_is_kept_while_its_chain_runs_gets_the_picture_at_its_end(qtbot, opened, running, tiny_model):
    running.state.select(1)
    run_long(qtbot, running)
    QTest.keyClick(running.generate.canvas, Qt.Key.Key_K)
    [kept] = running.studio.shelf.items
    assert kept.is_sketch
    running.close()  # before it is drawn

    again = opened()
    qtbot.waitUntil(lambda: bool(again.studio.shelf.items), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not again.studio.shelf.items[0].is_sketch, timeout=PATIENCE)
    [kept] = again.studio.shelf.items
    *_, end = load_model(tiny_model, "cpu").mixed([kept.latent], None, kept.latent.short_run)
    assert np.array_equal(kept.picture, to_pixels(end.images.numpy())[0])


def test_a_chain_that_was_cancelled_is_marked_and_goes_on(qtbot, running):
    run_long(qtbot, running)
    timeline = running.generate.timeline
    assert not timeline.go_on.isVisible()
    QTest.keyClick(running.generate, Qt.Key.Key_Escape)
    qtbot.waitUntil(timeline.go_on.isVisible, timeout=PATIENCE)
    store = running.state.playback.store
    assert f"stopped at step {store.newest} of {LONG}" in timeline.go_on.toolTip()
    assert f"ends at step {store.newest}," in timeline.scrub.toolTip()
    timeline.grab()
    QTest.mouseClick(timeline.go_on, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: running.state.playback.store is not store, timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.begins == store.newest
    assert not timeline.go_on.isVisible()
    assert "stopped" not in timeline.scrub.toolTip()
