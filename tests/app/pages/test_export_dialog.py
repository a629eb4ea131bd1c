from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest

from ebm_studio.data.exports import mp4
from ebm_studio.data.exports.encoders import export
from ebm_studio.data.exports.frames import MAX_SIDE, Look, film
from ebm_studio.data.exports.recipe import ChainRecipe, side_of
from ebm_studio.data.exports.recipe_files import read_recipe
from ebm_studio.data.exports.recipe_sources import Seeds
from ebm_studio.data.exports.replay import make_frames
from ebm_studio.data.models.model import load_model
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.shell.test_drops import drop
from tests.app.shell.test_window import type_into
from tests.conftest import STEPS
from tests.making import make_model

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


def choose(box, text: str) -> None:
    """Choose by keys, as a person does."""
    box.setFocus()
    for _ in range(box.count()):
        if box.currentText() == text:
            break
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == text


def wait_for_preview(qtbot, dialog) -> None:
    qtbot.waitUntil(lambda: dialog.state.encoded is not None and not dialog.state._pause.isActive(), timeout=PATIENCE)


@pytest.fixture
def dialog(qtbot, running, tmp_path):
    """The dialog over the Generate page, opened by its key."""
    dialog = running.exports
    dialog.state.folder = tmp_path
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    assert dialog.isVisible()
    wait_for_preview(qtbot, dialog)
    return dialog


def test_the_size_shown_is_that_of_the_file(qtbot, dialog, tmp_path):
    assert [dialog.thing.itemText(i) for i in range(dialog.thing.count())] == ["All chains", "Grid"]
    size = dialog.state.encoded.size
    assert dialog.size_of_file.toolTip() == f"{size:,} bytes"
    assert dialog.player.image is not None
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.handle.isVisible(), timeout=PATIENCE)
    file = tmp_path / "tiny-0.gif"
    assert file.stat().st_size == size
    assert dialog.handle.name.text() == "tiny-0.gif"
    film = Image.open(file)
    assert film.n_frames == STEPS + 1
    assert film.info["duration"] == 50


def test_the_file_replays_to_the_same_bytes(qtbot, dialog, running, tmp_path, tiny_model):
    running.state.select(5)
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    assert dialog.thing.currentText() == "Chain 5"
    type_into(dialog.every, "3")
    QTest.mouseClick(dialog.caption.captions._buttons["on"], LEFT)
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)
    file = dialog.state.exported.path
    recipe = read_recipe(file)
    assert recipe.seeds == Seeds(0, 5, 1)
    assert Image.open(file).n_frames == len([0, 3, 6, 9, 12])
    again = tmp_path / "again.gif"
    export(make_frames(recipe, [load_model(tiny_model, "cpu")]), again, recipe.look, recipe)
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("title", "suffix", "frames"),
    [("WebP", ".webp", STEPS + 1), ("APNG", ".apng", STEPS + 1), ("Contact sheet", ".png", 1)],
)
def test_formats(qtbot, dialog, title, suffix, frames):
    choose(dialog.kind, title)
    wait_for_preview(qtbot, dialog)
    assert dialog.place.text().endswith(suffix)
    assert not dialog.colours.palette_.isVisible()
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)
    picture = Image.open(dialog.state.exported.path)
    assert getattr(picture, "n_frames", 1) == frames
    assert dialog.state.exported.size == dialog.state.encoded.size


def test_a_png_sequence_is_a_new_folder(qtbot, dialog):
    choose(dialog.kind, "PNG sequence")
    wait_for_preview(qtbot, dialog)
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)
    files = sorted(dialog.state.exported.path.iterdir())
    assert len(files) == STEPS + 1
    assert sum(file.stat().st_size for file in files) == dialog.state.encoded.size


@pytest.mark.skipif(mp4.can_write(), reason="PyAV is installed")
def test_mp4_says_what_to_install(dialog):
    choose(dialog.kind, "MP4")
    assert "pip install" in dialog.missing.text()
    assert not dialog.start.isEnabled()


def test_a_grid_is_a_picture(qtbot, dialog, running):
    choose(dialog.thing, "Grid")
    wait_for_preview(qtbot, dialog)
    assert dialog.kind.currentText() == "Picture"
    assert not dialog.fps.isVisible()
    type_into(dialog.scale, "3")
    QTest.mouseClick(dialog.smooth._buttons["smooth"], LEFT)
    wait_for_preview(qtbot, dialog)
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)
    assert Image.open(dialog.state.exported.path).size == (4 * 16 * 3, 4 * 16 * 3)


def test_cancel_leaves_no_file(qtbot, dialog, running, tmp_path):
    running.state.change_run(steps=400)
    wait_for_chain(qtbot, running)
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    choose(dialog.kind, "APNG")
    type_into(dialog.scale, "16")
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: (dialog.state.share or 0) > 0, timeout=PATIENCE)
    assert dialog.progress.isVisible()
    QTest.mouseClick(dialog.cancel, LEFT)
    qtbot.waitUntil(lambda: dialog.state.running is None, timeout=PATIENCE)
    assert dialog.state.exported is None
    assert not dialog.handle.isVisible()
    dialog.close()
    qtbot.waitUntil(lambda: not running.link.engine.busy, timeout=PATIENCE)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".apng" or path.name.startswith(".")]


def test_chains_run_while_a_file_is_written(qtbot, dialog, running):
    running.state.change_run(steps=400)
    wait_for_chain(qtbot, running)
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    choose(dialog.kind, "APNG")
    type_into(dialog.scale, "16")
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: (dialog.state.share or 0) > 0, timeout=PATIENCE)
    before = running.state.playback.store
    running.state.change_run(steps=STEPS)
    qtbot.waitUntil(
        lambda: running.state.playback.store is not before and running.state.playback.store.whole, timeout=PATIENCE
    )
    assert dialog.state.running is not None
    QTest.mouseClick(dialog.cancel, LEFT)
    qtbot.waitUntil(lambda: dialog.state.running is None, timeout=PATIENCE)


def test_a_place_that_cannot_be_written_is_a_banner(qtbot, dialog, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    dialog.place.selectAll()
    QTest.keyClicks(dialog.place, str(tmp_path / "file" / "a.gif"))
    QTest.mouseClick(dialog.start, LEFT)
    assert dialog.state.running is None  # refused before the work
    assert dialog.banner.isVisible()
    assert "Cannot write" in dialog.banner.text.text()


def test_a_typed_ending_chooses_the_format(dialog, tmp_path):
    dialog.place.selectAll()
    QTest.keyClicks(dialog.place, "mine.webp")
    QTest.keyClick(dialog.place, Qt.Key.Key_Tab)
    dialog.place.editingFinished.emit()
    assert dialog.kind.currentText() == "WebP"
    assert dialog.state.path == tmp_path / "mine.webp"


def test_copy(qtbot, dialog, qapp):
    QTest.mouseClick(dialog.copy, LEFT)
    data = qapp.clipboard().mimeData()
    assert bytes(data.data("image/gif")) == dialog.state.encoded.content
    assert data.hasImage()


def test_a_typed_name_that_is_there_is_not_replaced_by_its_own_enter(qtbot, dialog, tmp_path):
    old = tmp_path / "old.gif"
    old.write_bytes(b"old")
    dialog.place.setFocus()
    dialog.place.selectAll()
    QTest.keyClicks(dialog.place, str(old))
    QTest.keyClick(dialog.place, Qt.Key.Key_Return)
    assert dialog.start.text() == "Replace"
    assert dialog.state.running is None
    assert old.read_bytes() == b"old"
    QTest.keyClick(dialog.start, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)
    assert old.read_bytes() == dialog.state.encoded.content


def test_a_click_on_export_replaces_nothing_unannounced(qtbot, dialog, tmp_path):
    late = dialog.state.path
    late.write_bytes(b"from elsewhere")  # after the dialog had looked
    QTest.mouseClick(dialog.start, LEFT)
    assert late.read_bytes() == b"from elsewhere"
    assert dialog.start.text() == "Replace"
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)
    assert late.read_bytes() == dialog.state.encoded.content


def test_choices_are_kept_for_the_next_time(qtbot, dialog, running, opened):
    QTest.mouseClick(dialog.caption.captions._buttons["on"], LEFT)
    type_into(dialog.scale, "3")
    choose(dialog.kind, "WebP")
    dialog.close()
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    look = dialog.state.look
    assert (look.captions, look.scale, dialog.kind.currentText()) == (True, 3, "WebP")
    choose(dialog.thing, "Grid")
    assert dialog.state.look.scale != 3  # of another sort of thing
    running.close()
    window = opened()
    wait_for_chain(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    assert (window.exports.state.look.captions, window.exports.kind.currentText()) == (True, "WebP")


@pytest.mark.parametrize("damaged", ["{", {"captions": 7}, {"evil": 1}, [], {"loop": True, "scale": 10**400}])
def test_damaged_choices_are_forgotten(qtbot, settings, opened, damaged):
    settings.set("export/look", damaged)
    settings.set("export/kind", "exe")
    state = opened().exports.state
    assert (state._habits, state.kind) == ({}, "gif")
    qtbot.waitUntil(lambda: not state.link.engine.busy, timeout=PATIENCE)


def test_a_picture_too_large_says_so(qtbot, dialog):
    QTest.mouseClick(dialog.caption.captions._buttons["on"], LEFT)
    type_into(dialog.columns_, "1")
    type_into(dialog.scale, "32")
    assert "Lower the scale" in dialog.missing.text()
    assert (dialog.facts.text(), dialog.size_of_file.text(), dialog.player.image) == ("", "", None)
    assert not dialog.start.isEnabled()
    type_into(dialog.scale, "2")
    wait_for_preview(qtbot, dialog)
    assert not dialog.banner.isVisible()  # it is said once, where it can be mended
    assert not dialog.missing.isVisible()
    assert dialog.player.image is not None


def test_a_sheet_that_is_too_large_is_rearranged_and_export_is_off_when_a_person_makes_it_so(qtbot, dialog, running):
    running.state.change(count=64)
    running.state.change_run(steps=400)
    wait_for_chain(qtbot, running)
    dialog.hide()
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    choose(dialog.kind, "Contact sheet")
    assert dialog.start.isEnabled()
    assert max(dialog.state.facts[0]) <= MAX_SIDE
    type_into(dialog.columns_, "256")
    type_into(dialog.scale, "32")
    assert not dialog.start.isEnabled()
    assert dialog.start.toolTip()
    assert dialog.missing.text() == dialog.start.toolTip()
    QTest.mouseClick(dialog.fit, LEFT)
    assert dialog.start.isEnabled()
    assert max(dialog.state.facts[0]) <= MAX_SIDE
    assert not dialog.fit.isVisible()


def test_a_film_that_is_too_large_is_made_smaller(qtbot, dialog):
    QTest.mouseClick(dialog.caption.captions._buttons["on"], LEFT)
    type_into(dialog.columns_, "1")
    type_into(dialog.scale, "32")
    assert not dialog.start.isEnabled()
    QTest.mouseClick(dialog.fit, LEFT)
    assert dialog.start.isEnabled()
    assert dialog.columns_.value() == 1  # only a sheet has rows of its own


@pytest.mark.parametrize(("number", "suffix", "side"), [(0, ".gif", 1080), (1, ".webp", 512)])
def test_presets(qtbot, dialog, number, suffix, side):
    QTest.mouseClick(dialog.presets.buttons[number], LEFT)
    wait_for_preview(qtbot, dialog)
    assert dialog.state.path.suffix == suffix
    width, height = dialog.state.facts[0]
    assert max(width, height) <= side < 2 * max(width, height)


def test_the_folder_of_a_finished_file_is_shown(qtbot, dialog, monkeypatch):
    shown = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(Path(url.toLocalFile())))
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(dialog.show_folder.isVisible, timeout=PATIENCE)
    dialog.state.set_path(dialog.state.folder / "elsewhere" / "film.gif")
    QTest.mouseClick(dialog.show_folder, LEFT)
    assert shown == [dialog.state.exported.path.parent]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
@pytest.mark.parametrize("title", ["GIF", "MP4", "PNG sequence"])
def test_a_full_disk_leaves_nothing_and_says_so(qtbot, dialog, tmp_path, title):
    import resource

    if title == "MP4" and not mp4.can_write():
        pytest.skip("PyAV is not installed")
    folder = tmp_path / "out"
    folder.mkdir()
    dialog.state.set_path(folder / "film")
    choose(dialog.kind, title)
    wait_for_preview(qtbot, dialog)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))  # what is written beyond fails, as on a full disk
    try:
        QTest.mouseClick(dialog.start, LEFT)
        qtbot.waitUntil(dialog.banner.isVisible, timeout=PATIENCE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "Cannot write" in dialog.banner.text.text()
    qtbot.waitUntil(lambda: dialog.state.running is None, timeout=PATIENCE)
    assert not list(folder.iterdir())
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)


def test_it_closes_by_its_key_and_by_its_button(dialog, running):
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    assert dialog.isVisible()
    assert dialog.close()  # as the window's frame does
    assert not dialog.isVisible()


def test_nothing_to_export_says_so(qtbot, opened):
    window = opened("nowhere.safetensors")
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    assert not window.exports.isVisible()
    assert "nothing to export" in window.banner.text.text()
    qtbot.waitUntil(window.generate.banner.isVisible, timeout=PATIENCE)


def made(tiny_model, file: Path, *, moving: bool = True, **more) -> Path:
    model = load_model(tiny_model, "cpu")
    side = side_of(model, model.card.short_run)
    recipe = ChainRecipe(side=side, seeds=Seeds(**more), moving=moving, look=Look())
    export(make_frames(recipe, [model]), file, Look(), recipe)
    return file


def test_a_dropped_chain_is_run_again(qtbot, running, tiny_model, tmp_path):
    file = made(tiny_model, tmp_path / "a.gif", seed=77, count=4)
    running.show_page(running.interpolate)
    assert drop(running, file)
    qtbot.waitUntil(lambda: running.state.parameters.seed == 77, timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert running.page is running.generate
    assert running.state.playback.store.count == 4
    expected = np.asarray(load_model(tiny_model, "cpu").chain(4, 77).__next__().images)
    assert np.array_equal(running.state.playback.store.start(2), expected[2])
    QTest.keyClick(running, Qt.Key.Key_Z, CONTROL)
    wait_for_chain(qtbot, running)
    assert running.state.parameters.seed == 0


def test_a_dropped_picture_of_another_model_opens_it_when_it_is_there(qtbot, running, tmp_path):
    other = make_model(tmp_path / "other.safetensors", seed=3)
    file = made(other, tmp_path / "a.png", moving=False, seed=5, count=9)
    assert drop(running, file)
    qtbot.waitUntil(lambda: running.state.model.card.name == "other", timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert (running.state.parameters.seed, running.state.parameters.count) == (5, 9)


@pytest.mark.parametrize("name", ["missing", "hostile", "different"])
def test_what_cannot_be_brought_back_is_a_banner_and_nothing_else(qtbot, running, tmp_path, name):
    folder = tmp_path / "made"
    folder.mkdir()
    other = make_model(folder / "other.safetensors", seed=3)
    file = made(other, tmp_path / "a.gif", seed=5)
    words = "open that model's file"
    if name == "hostile":
        file.write_bytes(file.read_bytes().replace(b'"steps":5', b'"steps":-'))
        words = "a.gif cannot be replayed"
    elif name == "different":
        make_model(tmp_path / "other.safetensors", seed=4)
        words = "a different model"
    before = (running.state.parameters, running.path.parameters, running.studio.shelf.contents)
    assert drop(running, file)
    qtbot.waitUntil(running.banner.isVisible, timeout=PATIENCE)
    assert words in running.banner.text.text()
    qtbot.waitUntil(lambda: not running.link.engine.busy, timeout=PATIENCE)
    assert (running.state.parameters, running.path.parameters, running.studio.shelf.contents) == before
    assert running.state.model.card.name == "tiny"


def test_a_fast_gif_says_which_frames_are_left_out(qtbot, dialog):
    state = dialog.state
    state.change(fps=100)
    assert "at most 50 frames a second" in dialog.missing.text()
    assert dialog.missing.isVisible()
    (_, frames, seconds), count = state.facts, len(state.thing.frames)
    assert frames < count
    assert seconds == pytest.approx(sum(shot.seconds for shot in film(count, state.look)), abs=0.02)
    state.change(fps=50)
    assert not dialog.missing.isVisible()


def test_a_caption_of_ones_own_with_the_models_name_is_in_the_file(qtbot, dialog, tiny_model):
    height = dialog.state.facts[0][1]
    QTest.keyClicks(dialog.caption.text, "Figure 2")
    assert dialog.state.look.text == "Figure 2"
    assert dialog.state.facts[0][1] > height
    QTest.mouseClick(dialog.caption.named._buttons["on"], LEFT)
    choose(dialog.thing, "Grid")
    assert dialog.state.look.text == "tiny: Figure 2"  # also of another thing
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None, timeout=PATIENCE)
    file = dialog.state.exported.path
    recipe = read_recipe(file)
    assert recipe.look.text == "tiny: Figure 2"
    again = file.with_name("again.png")
    export(make_frames(recipe, [load_model(tiny_model, "cpu")]), again, recipe.look, recipe)
    assert again.read_bytes() == file.read_bytes()


def test_gaps_and_the_energy_curve_are_kept_for_the_next_thing(qtbot, dialog):
    width = dialog.state.facts[0][0]
    type_into(dialog.gap, "2")
    assert dialog.state.facts[0][0] == width + 3 * 2 * dialog.state.look.scale
    height = dialog.state.facts[0][1]
    QTest.mouseClick(dialog.curve._buttons["on"], LEFT)
    assert dialog.state.facts[0][1] > height
    wait_for_preview(qtbot, dialog)
    choose(dialog.thing, "Grid")
    assert dialog.state.look.gap == 2
    assert dialog.curve.isHidden()  # a single picture has no curve


def test_the_preview_is_never_that_of_another_thing(qtbot, dialog, running):
    assert dialog.player.image is not None
    choose(dialog.thing, "Grid")
    assert dialog.player.image is None
    wait_for_preview(qtbot, dialog)
    assert dialog.player.image is not None
    running.show_page(running.compare)
    qtbot.waitUntil(
        lambda: running.compare_state.group is not None and running.compare_state.group.whole, timeout=PATIENCE
    )
    running.export()
    assert dialog.player.image is None


def test_what_still_computes_is_exported_when_it_is_finished(qtbot, running):
    notice = running.exporting.notice
    running.state.run_steps(600)
    qtbot.waitUntil(lambda: running.link.progress is not None and running.link.progress.done > 0, timeout=PATIENCE)
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    assert notice.isVisible()
    assert "Generate is not finished yet (Sampling" in notice.text.text()
    assert not running.exports.isVisible()
    QTest.mouseClick(notice.answers[0], LEFT)
    running.show_page(running.interpolate)
    qtbot.waitUntil(running.exports.isVisible, timeout=PATIENCE)
    assert running.exports.state.thing.title == "All chains"
    assert notice.isHidden()


def test_waiting_for_what_was_cancelled_ends_with_a_word(qtbot, running):
    running.state.run_steps(90_000)
    qtbot.waitUntil(lambda: running.link.progress is not None and running.link.progress.done > 0, timeout=PATIENCE)
    running.export()
    QTest.mouseClick(running.exporting.notice.answers[0], LEFT)
    running.state.cancel()
    qtbot.waitUntil(running.banner.isVisible, timeout=PATIENCE)
    assert "nothing to export on Generate" in running.banner.text.text()
    assert running.exporting.notice.isHidden()
