"""The Reconstruct page, driven by real events on a small real model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPixmap, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from ebm_studio.app.pages.reconstruct.panels import ROUGHLY, STUCK, in_words, verdict
from ebm_studio.app.pages.reconstruct.photo import Photo, painted, seen
from ebm_studio.app.pages.reconstruct.photo_files import MOST
from ebm_studio.app.studio import long_runs
from ebm_studio.core.specs import PHOTO_STEP, NetSpec, ShortRun
from ebm_studio.data.models.latent import FromPhoto
from ebm_studio.data.pictures.pictures import Crop, fit, open_picture
from tests.app.conftest import PATIENCE
from tests.app.shell.test_drops import drop
from tests.conftest import SIZE, STEPS
from tests.making import encoded, make_model, make_picture, step_that_loses_one


@pytest.fixture
def page(qtbot, running):
    running.show_page(running.reconstruct)
    running.reconstruct.state.set(iterations=8, tolerance=0)
    return running.reconstruct


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "wide.png"
    file.write_bytes(encoded(make_picture((120, 80))))
    return file


@pytest.fixture
def with_photo(qtbot, page, photo):
    page.state.open_files([photo])
    qtbot.waitUntil(lambda: bool(page.state.photos), timeout=PATIENCE)
    return page


@pytest.fixture
def found(qtbot, with_photo):
    start(qtbot, with_photo)
    return with_photo


def start(qtbot, page) -> None:
    QTest.mouseClick(page.header.start, Qt.MouseButton.LeftButton)
    wait_for_replay(qtbot, page)


def wait_for_replay(qtbot, page) -> None:
    """Until the search is over and the chain from its z is whole and played."""

    def whole() -> bool:
        store = page.state.playback.store
        return store is not None and store.finished and not page.state.playback.playing

    page.state.playback.speed = 100
    qtbot.waitUntil(whole, timeout=PATIENCE)


def is_in_sight(photos) -> bool:
    """Whether the whole row of the chosen photo is seen in the list."""
    row = photos.visualItemRect(photos.currentItem())
    return row.top() >= 0 and row.bottom() < photos.viewport().height()


def drag(widget, start: QPoint, end: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    QTest.mousePress(widget, button, pos=start)
    for share in (0.25, 0.5, 0.75, 1.0):
        point = start + (end - start) * share
        move_with(widget, point, button)
    QTest.mouseRelease(widget, button, pos=end)


def move_with(widget, point: QPoint, button: Qt.MouseButton) -> None:
    """`QTest.mouseMove` tells of no pressed button."""
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    where = QPointF(point)
    event = QMouseEvent(
        QEvent.Type.MouseMove, where, widget.mapToGlobal(where), Qt.MouseButton.NoButton, button,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_a_drop_of_a_photo_a_broken_file_and_a_text(qtbot, page, tmp_path: Path):
    turned, broken, notes = (tmp_path / name for name in ("turned.jpg", "broken.jpg", "notes.txt"))
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    turned.write_bytes(encoded(make_picture((60, 40)), "JPEG", exif=exif, quality=95))
    broken.write_bytes(b"\xff\xd8\xff\xe0 not much of a photo")
    notes.write_text("not a photo at all")
    assert drop(page.window(), turned, broken, notes)
    qtbot.waitUntil(lambda: page.banner.isVisible() and "notes.txt" in page.banner.text.text(), timeout=PATIENCE)

    messages = page.banner.text.text().split("\n")
    assert [name for line in messages for name in ("broken.jpg", "notes.txt") if name in line] == [
        "broken.jpg",
        "notes.txt",
    ]
    assert len(messages) == 2
    [photo] = page.state.photos
    assert photo.picture.size == (40, 60)  # upright

    start(qtbot, page)
    [result] = page.state.results
    assert np.array_equal(result.photo, fit(open_picture(turned), SIZE, 1))
    assert result.error == pytest.approx(page.state.search.best[-1, 0])
    assert page.state.search.best[-1, 0] < page.state.search.error[0, 0]
    assert page.state.playback.store.run.steps == STEPS


def test_a_photo_dropped_on_another_page_comes_here(qtbot, running, photo):
    assert drop(running, photo)
    assert running.page is running.reconstruct
    qtbot.waitUntil(lambda: bool(running.reconstruct.state.photos), timeout=PATIENCE)


def test_a_folder_is_its_pictures_up_to_the_limit(qtbot, page, tmp_path: Path):
    for i in range(MOST + 2):
        (tmp_path / f"{i:03d}.png").write_bytes(encoded(make_picture((20, 20), i)))
    (tmp_path / "list.txt").write_text("passed over in silence")
    count = len(list(tmp_path.glob("*.png")))
    drop(page.window(), tmp_path)
    qtbot.waitUntil(lambda: len(page.state.photos) == MOST and not page.state.reading, timeout=PATIENCE)
    assert [photo.path.name for photo in page.state.photos[:2]] == ["000.png", "001.png"]
    assert f"Only the first {MOST} of {count} photos" in page.banner.text.text()
    assert page.list.count() == MOST


@pytest.mark.parametrize("kind", ["image", "pixmap"])  # other programs' and our own *Copy as picture*
def test_a_picture_is_pasted(qtbot, page, qapp, kind):
    page.state.dismiss()
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    if kind == "image":
        qapp.clipboard().setImage(image)
    else:
        qapp.clipboard().setPixmap(QPixmap.fromImage(image))
    QTest.keyClick(page, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(page.state.photos), timeout=PATIENCE)
    assert page.state.photos[0].picture.size == (30, 20)
    qapp.clipboard().setText("words")
    QTest.keyClick(page, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "no picture on the clipboard" in page.banner.text.text()


def test_a_sample_is_one_click_away(qtbot, page):
    QTest.mouseClick(page.welcome.samples[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(page.state.photos), timeout=PATIENCE)
    assert page.crop_view.isVisible()


def test_the_crop_is_moved_scaled_and_turned_by_mouse_and_keys(with_photo):
    state, view = with_photo.state, with_photo.crop_view
    assert state.current.crop == Crop(20, 0, 80)

    drag(view, view.frame().center().toPoint(), view.frame().center().toPoint() + QPoint(4000, 0))
    assert state.current.crop == Crop(40, 0, 80)  # as far as the photo goes

    corner = view.frame().bottomLeft().toPoint()
    zoom = view.photo_rect().width() / 120
    drag(view, corner, corner + QPoint(round(40 * zoom), -round(40 * zoom)))
    crop = state.current.crop
    assert crop.side == pytest.approx(40, abs=2)
    assert (crop.left + crop.side, crop.top) == pytest.approx((120, 0), abs=0.01)  # the opposite corner stays

    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert state.current.crop.left < crop.left
    side = state.current.crop.side
    wheel = QWheelEvent(
        view.frame().center(), view.mapToGlobal(view.frame().center()), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, wheel)
    assert state.current.crop.side == pytest.approx(side / 1.05)

    QTest.keyClick(view, Qt.Key.Key_T)
    assert state.current.picture.size == (80, 120)
    QTest.keyClick(view, Qt.Key.Key_C)
    assert state.current.crop == Crop(0, 20, 80)
    state.open.undo.undo()
    state.open.undo.undo()
    assert state.current.picture.size == (120, 80)


def test_captions_of_the_crop_stay_on_their_sides_in_the_smallest_window(qtbot, with_photo):
    window, view = with_photo.window(), with_photo.crop_view
    window.resize(960, 600)
    qtbot.waitUntil(lambda: view.width() < 500, timeout=PATIENCE)
    target = view.seen_rect()
    edge = round((view.photo_rect().right() + target.left()) / 2)
    ratio = view.devicePixelRatioF()
    shown = view.grab().toImage()
    below = range(round((target.bottom() + 2) * ratio), round((target.bottom() + 40) * ratio))
    assert {shown.pixelColor(round(edge * ratio), y).name() for y in below} == {view._theme.tokens.canvas}


def test_a_turned_photo_keeps_what_its_frame_shows():
    photo = Photo.of(1, Path("a.png"), make_picture((60, 40))).cropped(Crop(5, 10, 20))
    turned = photo.turned()
    before = np.asarray(photo.picture.crop((5, 10, 25, 30)))
    box = tuple(round(value) for value in turned.crop.box)
    assert np.array_equal(np.asarray(turned.picture.crop(box)), np.rot90(before, -1))


def test_cancel_keeps_the_best_so_far(qtbot, with_photo):
    state = with_photo.state
    state.set(iterations=10_000)
    QTest.mouseClick(with_photo.header.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: state.search is not None and state.search.done >= 3, timeout=PATIENCE)
    assert with_photo.header.start.text() == "Cancel"
    assert state.shown() is not None  # live
    QTest.mouseClick(with_photo.header.start, Qt.MouseButton.LeftButton)
    wait_for_replay(qtbot, with_photo)
    assert not state.searching
    assert 3 <= state.search.done < 10_000
    assert state.outcome.result.error == pytest.approx(state.search.best[:, 0].min())
    assert np.array_equal(state.shown()[1], state.outcome.result.picture)


def test_a_search_ends_with_its_photos(qtbot, with_photo):
    state = with_photo.state
    state.set(iterations=10_000)
    QTest.mouseClick(with_photo.header.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: state.search is not None and state.search.done >= 2, timeout=PATIENCE)
    QTest.keyClick(with_photo.list, Qt.Key.Key_Delete)
    assert not state.searching
    qtbot.waitUntil(lambda: not state.open.link.engine.busy, timeout=PATIENCE)
    assert not state.results
    state.open.undo.undo()
    state.set(iterations=4)
    start(qtbot, with_photo)
    assert state.search.done == 4


def test_the_start_button_has_room_for_its_words(with_photo):
    start = with_photo.header.start
    for words in ("Reconstruct", "Cancel"):
        start.setText(words)
        assert start.sizeHint().width() <= start.width()


def test_the_curve_and_the_figures_follow_the_search(found):
    plot, panel = found.inspector.result.plot, found.inspector.result
    x, y = plot.least.getOriginalDataset()
    assert np.array_equal(x, np.arange(1, 9))
    assert y == pytest.approx(found.state.search.best[:, 0], rel=1e-5)
    assert panel.iteration.text() == "8 / 8"
    assert panel.psnr.text() == f"{found.state.outcome.result.psnr:.1f} dB"
    assert panel.words.isVisible()
    assert panel.words.text().startswith("This is")


def test_the_timeline_replays_the_chain_from_z(found):
    state = found.state
    assert state.playback.position == STEPS
    QTest.keyClick(found, Qt.Key.Key_Home)
    _, picture, z = state.shown()
    assert np.array_equal(picture, z)
    QTest.keyClick(found, Qt.Key.Key_End)
    assert np.array_equal(state.shown()[1], state.outcome.result.picture)


def test_the_split_follows_the_mouse_and_the_difference_is_a_view(qtbot, found):
    view = found.compare_view
    main = view.tiles()[0]

    def pixel(share: float) -> int:
        point = QPointF(main.left() + share * main.width(), main.top() + 3).toPoint()
        return view.grab().toImage().pixelColor(point).red()

    photo, picture, _ = found.state.shown()
    column = round(0.3 * SIZE)
    share = (column + 0.5) / SIZE
    drag(view, main.center().toPoint(), QPointF(main.left() + 2, main.center().y()).toPoint())
    assert view.split < 0.02
    assert pixel(share) == picture[0, 0, column]
    drag(view, main.center().toPoint(), QPointF(main.right() - 2, main.center().y()).toPoint())
    assert view.split > 0.98
    assert pixel(share) == photo[0, 0, column]
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert view.split < 0.96
    QTest.keyClick(view, Qt.Key.Key_4)
    assert found.state.view == "difference"
    assert pixel(share) == min(4 * abs(int(photo[0, 0, column]) - int(picture[0, 0, column])), 255)


def test_the_brush_makes_a_mask_and_the_search_fills_it(qtbot, with_photo):
    state, view = with_photo.state, with_photo.mask_view
    QTest.keyClick(with_photo, Qt.Key.Key_2)
    assert view.isVisible()
    assert with_photo.inspector.brush.isVisible()
    state.set_brush(4)
    tile = view.tile()

    def at(x: float, y: float) -> QPoint:
        return QPointF(tile.x() + x / SIZE * tile.width(), tile.y() + y / SIZE * tile.height()).toPoint()

    drag(view, at(4, 8), at(12, 8))
    mask = state.current.unknown
    assert mask[7:9, 4:12].all()
    assert not mask[:5].any()
    drag(view, at(10, 8), at(16, 8), Qt.MouseButton.RightButton)
    assert not state.current.unknown[8, 12]
    assert state.current.unknown[8, 5]
    state.open.undo.undo()
    assert np.array_equal(state.current.unknown, mask)

    start(qtbot, with_photo)
    [result] = state.results
    assert np.array_equal(result.picture[0][~mask], result.photo[0][~mask])
    assert not np.array_equal(result.picture[0][mask], result.photo[0][mask])

    QTest.keyClick(with_photo, Qt.Key.Key_2)
    QTest.mouseClick(with_photo.inspector.brush.clear, Qt.MouseButton.LeftButton)
    assert state.current.unknown is None
    assert state.is_stale(state.current)


def test_a_brush_of_one_pixel_paints_one():
    mask = painted(np.zeros((8, 8), bool), (2.9, 3.1), (2.9, 3.1), 1, on=True)
    assert np.argwhere(mask).tolist() == [[3, 2]]


def test_early_stop_ends_at_the_tolerance(qtbot, with_photo):
    state = with_photo.state
    start(qtbot, with_photo)
    reached = float(state.search.best[3, 0])
    state.set(tolerance=reached * 1.01)
    start(qtbot, with_photo)
    assert state.search.done <= 4


def test_z_goes_to_the_shelf_and_the_slots(found):
    shelf = found.window().studio.shelf
    send = found.inspector.send
    QTest.mouseClick(send.a, Qt.MouseButton.LeftButton)
    QTest.mouseClick(send.keep, Qt.MouseButton.LeftButton)
    QTest.keyClick(found, Qt.Key.Key_B)
    result = found.state.outcome.result
    for kept in (shelf.slot("A"), shelf.slot("B"), shelf.items[-1]):
        assert np.array_equal(kept.latent.z, result.latent.z)
        assert isinstance(kept.latent.origin, FromPhoto)
        assert np.array_equal(kept.picture, result.picture)
    assert len(shelf.items) == 1


def test_everything_is_saved_to_a_folder(qtbot, found, tmp_path: Path, monkeypatch):
    folder = tmp_path / "saved"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    QTest.mouseClick(found.inspector.send.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(found.inspector.send.saved.isVisible, timeout=PATIENCE)
    report = json.loads((folder / "report.json").read_text())
    assert report["photos"][0]["error"] == found.state.outcome.result.error
    assert (folder / "wide.png").exists()
    assert (folder / "wide.safetensors").exists()


def saved_report(qtbot, page, folder: Path) -> dict:
    with qtbot.waitSignal(page.state.saved, timeout=PATIENCE):
        page.state.save(folder)
    return json.loads((folder / "report.json").read_text())


def test_the_report_tells_of_the_search_and_not_of_the_settings_now(qtbot, found, tmp_path: Path):
    state = found.state
    settings, seed = state.settings, state.seed
    state.set(iterations=500, mode="typical")
    state.set_seed(77)
    report = saved_report(qtbot, found, tmp_path / "saved")
    assert (report["settings"], report["seed"]) == (settings.to_dict(), seed)


def test_a_photo_that_runs_away_is_named_and_the_other_found(qtbot, page, tmp_path: Path):
    loses, keeps = make_picture((16, 16), 2), make_picture((40, 30), 1)
    step = step_that_loses_one(make_model(tmp_path / "tame.safetensors"), keeps, loses)
    page.state.open.open_model(str(make_model(tmp_path / "wild.safetensors", step_size=step / PHOTO_STEP)))
    qtbot.waitUntil(lambda: page.state.model.card.name == "wild", timeout=PATIENCE)
    for name, picture in (("loses.png", loses), ("keeps.png", keeps)):
        (tmp_path / name).write_bytes(encoded(picture))
    page.state.open_files([tmp_path / "loses.png", tmp_path / "keeps.png"])
    qtbot.waitUntil(lambda: len(page.state.photos) == 2, timeout=PATIENCE)
    page.state.set(iterations=1)
    start(qtbot, page)
    assert "loses.png diverged" in page.banner.text.text()
    assert "keeps.png" not in page.banner.text.text()
    [result] = page.state.results
    assert result.path.name == "keeps.png"
    for photo in page.state.photos:
        page.state.look_at(photo)
        QTest.keyClick(page, Qt.Key.Key_Home)
        assert page.state.shown() is not None
    assert np.array_equal(page.state.shown()[1], page.state.shown()[2])  # z of the photo that was found
    report = saved_report(qtbot, page, tmp_path / "saved")
    assert len(report["photos"]) == len(report["skipped"]) == 1


def test_results_are_saved_beside_the_photos_that_stay_as_they_are(qtbot, found, photo):
    before = photo.read_bytes()
    report = saved_report(qtbot, found, photo.parent)
    assert photo.read_bytes() == before
    assert Path(report["photos"][0]["picture"]).name == "wide-2.png"


def test_photos_are_chosen_and_removed(qtbot, with_photo, tmp_path: Path):
    other = tmp_path / "other.png"
    other.write_bytes(encoded(make_picture((40, 40), 1)))
    with_photo.state.open_files([other])
    qtbot.waitUntil(lambda: len(with_photo.state.photos) == 2, timeout=PATIENCE)
    second = with_photo.list.visualItemRect(with_photo.list.item(1)).center()
    QTest.mouseClick(with_photo.list.viewport(), Qt.MouseButton.LeftButton, pos=second)
    assert with_photo.state.current.path == other
    QTest.keyClick(with_photo.list, Qt.Key.Key_Delete)
    assert [photo.path.name for photo in with_photo.state.photos] == ["wide.png"]
    QTest.keyClick(with_photo.list, Qt.Key.Key_Delete)
    assert with_photo.welcome.isVisible()
    with_photo.state.open.undo.undo()
    assert with_photo.crop_view.isVisible()


def test_another_model_sees_the_photos_anew(qtbot, found, tmp_path: Path):
    found.state.paint((4, 4), (4, 4))
    other = make_model(tmp_path / "other.safetensors", seed=3)
    found.state.open.open_model(str(other))
    qtbot.waitUntil(lambda: found.state.model.card.name == "other", timeout=PATIENCE)
    assert not found.state.results
    assert found.state.playback.store is None
    assert found.state.current.unknown is not None  # of the same size


def add(qtbot, page, tmp_path: Path, seed: int) -> None:
    """Another photo, which is looked at."""
    file = tmp_path / f"{seed}.png"
    file.write_bytes(encoded(make_picture((40, 40), seed)))
    count = len(page.state.photos)
    page.state.open_files([file])
    qtbot.waitUntil(lambda: len(page.state.photos) == count + 1, timeout=PATIENCE)
    page.state.look_at(page.state.photos[-1])


def test_only_photos_without_a_result_are_searched_for_and_earlier_results_stay(qtbot, found, tmp_path: Path):
    state, undo = found.state, found.state.open.undo
    [first] = state.results
    assert not found.header.start.isEnabled()
    assert "Every photo has" in found.header.start.toolTip()
    add(qtbot, found, tmp_path, 1)
    start(qtbot, found)
    assert state.search.count == 1
    assert state.results[0] is first
    assert len(state.results) == 2

    state.change("Crop", lambda photo: photo.scaled(0.5))  # only that one is searched for again
    assert [state.note_of(photo) for photo in state.photos] == ["", "edited"]
    second = state.results[1]
    state.search_changed.connect(lambda: state.cancel() if state.searching and state.search is not None else None)
    start(qtbot, found)
    assert state.search.count == 1
    assert state.results[0] is first  # a search that was cancelled costs no other photo anything
    assert state.results[1] is not second
    undo.undo()  # of the crop
    assert state.results[1] is second
    assert not found.header.start.isEnabled()


def test_only_the_chosen_photo_is_searched_for(qtbot, with_photo, tmp_path: Path):
    page, state = with_photo, with_photo.state
    assert page.inspector.search.only.isHidden()  # there is no other
    assert page.window().minimumSizeHint().width() <= 960
    others = []
    for number in range(12):
        others.append(tmp_path / f"other {number}.png")
        make_picture((50, 50 + number)).save(others[-1])
    state.open_files(others)
    qtbot.waitUntil(lambda: len(state.photos) == 13 and not state.reading, timeout=PATIENCE)
    # The first of those that came is chosen, and seen in the list.
    assert state.current is state.photos[1]
    assert is_in_sight(page.list)
    chosen = state.photos[12]
    state.look_at(chosen)
    assert is_in_sight(page.list)
    QTest.mouseClick(page.inspector.search.only, Qt.MouseButton.LeftButton)
    assert [photo.key for photo in state.batches.batch] == [chosen.key]
    wait_for_replay(qtbot, page)
    assert [photo for photo in state.photos if photo not in state.missing] == [chosen]
    assert not page.inspector.search.only.isEnabled()

    state.look_at(state.photos[3])
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: state.photos[3] not in state.missing, timeout=PATIENCE)
    assert len(state.missing) == 11


def test_a_search_continues_and_what_is_not_closer_changes_nothing(qtbot, found):
    page, state = found, found.state
    first = state.outcome
    more = page.inspector.result.more
    assert "8 more iterations" in more.toolTip()
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    assert state.searching
    wait_for_replay(qtbot, page)
    second = state.outcome
    assert second is not first
    assert second.result.error <= first.result.error
    assert len(second.tried) == 16
    assert np.array_equal(second.tried[:9], [*first.tried, first.result.error])  # it began where the first one was best
    assert second.account.settings.iterations == 16
    assert second.account.continued == 1
    assert page.inspector.result.iteration.text() == "16 / 16"
    assert not state.missing  # it is still what these settings found

    state.set(iterations=9)
    assert not more.isEnabled()  # what was found belongs to other settings


def test_results_are_deleted_and_brought_back_and_other_settings_have_their_own(qtbot, found):
    state, undo = found.state, found.state.open.undo
    [result] = state.results
    QTest.keyClick(found, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    assert not state.results
    assert state.playback.store is None
    assert found.header.start.isEnabled()
    undo.undo()
    assert state.results[0] is result
    wait_for_replay(qtbot, found)
    state.set(iterations=4)
    assert state.note_of(state.current) == "other settings"
    start(qtbot, found)
    assert state.results[0] is not result
    state.set(iterations=8)
    assert state.results[0] is result


def test_a_better_result_takes_the_place_and_can_be_undone(found):
    state = found.state
    outcome = state.outcome
    worse, better = (
        replace(outcome, result=replace(outcome.result, error=factor * outcome.result.error)) for factor in (2, 0.5)
    )
    state.found.take([worse])
    assert state.outcome is outcome
    state.found.take([better])
    assert state.outcome is better
    assert state.open.undo.undo_text == "Replace a reconstruction"
    state.open.undo.undo()
    assert state.outcome is outcome


def test_results_and_masks_are_there_again_when_their_model_returns(qtbot, found, tiny_model, tmp_path: Path):
    state = found.state
    [result] = state.results
    state.paint((4, 4), (9, 9))
    mask = state.current.unknown
    for net in (NetSpec(size=32, channels=1, width=4), NetSpec(size=16, channels=3, width=4)):
        other = make_model(tmp_path / f"{net.size}.safetensors", net)
        state.open.open_model(str(other))
        qtbot.waitUntil(lambda name=other.stem: state.model.card.name == name, timeout=PATIENCE)
        assert not state.results
        assert state.current.mask(net.size).mean() == mask.mean()
        found.mask_view.grab()
    state.open.open_model(str(tiny_model))
    qtbot.waitUntil(lambda: state.model.card.name == "tiny", timeout=PATIENCE)
    assert state.current.unknown is mask
    assert state.results[0] is result
    wait_for_replay(qtbot, found)


def test_results_are_there_again_at_the_next_launch(qtbot, opened, found, running, tmp_path: Path):
    add(qtbot, found, tmp_path, 1)
    found.state.paint((4, 4), (9, 9))
    start(qtbot, found)
    before = found.state.outcomes
    running.close()

    again = opened().reconstruct
    qtbot.waitUntil(lambda: len(again.state.results) == 2, timeout=PATIENCE)
    for old, new in zip(before, again.state.outcomes, strict=True):
        assert (new.key, new.account) == (old.key, old.account)
        for name in ("error", "psnr", "ssim", "typicality", "path"):
            assert getattr(new.result, name) == getattr(old.result, name)
        for name in ("picture", "photo"):
            assert np.array_equal(getattr(new.result, name), getattr(old.result, name))
        assert np.array_equal(new.result.latent.z, old.result.latent.z)
        assert np.allclose(new.least, old.least)
    again.window().show_page(again)
    assert not again.header.start.isEnabled()
    wait_for_replay(qtbot, again)
    again.state.clear()
    again.window().studio.session.save()
    assert not list((again.window().studio.session.folder / "photos").iterdir())


def test_adding_photos_is_an_undo_step(qtbot, with_photo, tmp_path: Path):
    add(qtbot, with_photo, tmp_path, 1)
    undo = with_photo.state.open.undo
    undo.undo()
    assert [photo.path.name for photo in with_photo.state.photos] == ["wide.png"]
    undo.undo()
    assert with_photo.welcome.isVisible()
    undo.redo()
    undo.redo()
    assert len(with_photo.state.photos) == 2


def test_a_mask_of_another_size_is_scaled_and_stays():
    picture = Image.new("L", (64, 64))
    mask = np.zeros((16, 16), bool)
    mask[3, 4] = True
    photo = Photo.of(1, Path("a.png"), picture).masked(mask)
    assert np.argwhere(photo.mask(32)).tolist() == [[6, 8], [6, 9], [7, 8], [7, 9]]
    assert np.argwhere(photo.masked(photo.mask(32)).mask(16)).tolist() == [[3, 4]]
    assert photo.mask(16) is mask


def test_another_engine_in_the_middle_of_a_search(qtbot, with_photo):
    state = with_photo.state
    state.set(iterations=10_000)
    state.start()
    qtbot.waitUntil(lambda: state.search is not None and state.search.done >= 2, timeout=PATIENCE)
    state.open.link.restart("cpu", 1)
    state.open.reload()
    qtbot.waitUntil(lambda: not state.open.link.engine.busy, timeout=PATIENCE)
    assert state.ready
    assert state.results  # the best so far
    wait_for_replay(qtbot, with_photo)
    assert state.playback.store.whole
    state.set(iterations=4)
    start(qtbot, with_photo)
    assert state.search.done == 4


def test_the_photos_are_there_again(qtbot, opened, with_photo, running, qapp, tmp_path):
    state = with_photo.state
    state.turn()
    state.change("Crop", lambda photo: photo.scaled(0.5).moved(3, 5))
    state.paint((4, 4), (9, 9))
    qapp.clipboard().setImage(QImage(30, 20, QImage.Format.Format_RGB32))
    QTest.keyClick(with_photo, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(state.photos) == 2, timeout=PATIENCE)
    lost = tmp_path / "lost.png"
    lost.write_bytes(encoded(make_picture((40, 40))))
    state.open_files([lost])
    qtbot.waitUntil(lambda: len(state.photos) == 3, timeout=PATIENCE)
    state.look_at(state.photos[1])
    state.set(iterations=7, mode="support")
    state.set_seed(5)
    before = state.photos
    running.close()
    lost.unlink()

    again = opened(None)
    qtbot.waitUntil(lambda: len(again.reconstruct.state.photos) == 2, timeout=PATIENCE)
    state = again.reconstruct.state
    qtbot.waitUntil(lambda: not state.reading and again.state.model is not None, timeout=PATIENCE)
    for old, new in zip(before, state.photos, strict=False):
        assert (old.path.name, old.crop) == (new.path.name, new.crop)
        assert np.array_equal(np.asarray(old.picture), np.asarray(new.picture))
    assert np.array_equal(state.photos[0].unknown, before[0].unknown)
    assert state.current is state.photos[1]
    assert (state.settings.iterations, state.settings.mode, state.seed) == (7, "support", 5)
    assert "lost.png cannot be found" in state.fault.text
    (absent,) = state.absent.items
    state.absent.forget(absent)
    state.clear()
    again.studio.session.save()
    assert not list((again.studio.session.folder / "photos").iterdir())


def test_a_photo_of_which_nothing_is_known_is_named_and_all_results_stay(qtbot, found, tmp_path: Path):
    state = found.state
    (tmp_path / "hidden.png").write_bytes(encoded(make_picture(seed=1)))
    state.open_files([tmp_path / "hidden.png"])
    qtbot.waitUntil(lambda: len(state.photos) == 2, timeout=PATIENCE)
    state.look_at(state.photos[1])
    state.change("Hide it", lambda photo: photo.masked(np.ones((SIZE, SIZE), bool)))
    search, results, chain = state.search, state.results, state.playback.store
    QTest.mouseClick(found.header.start, Qt.MouseButton.LeftButton)
    assert "hidden.png" in found.banner.text.text()
    assert "wide.png" not in found.banner.text.text()
    assert not state.searching
    assert (state.search, state.results, state.playback.store) == (search, results, chain)

    state.clear_mask()
    start(qtbot, found)
    assert len(state.results) == 2
    assert not found.banner.isVisible()


def test_two_photos_become_a_film_in_one_click(qtbot, page, tmp_path: Path):
    files = [tmp_path / name for name in ("first.png", "second.png")]
    for seed, file in enumerate(files):
        file.write_bytes(encoded(make_picture(seed=seed)))
    window, morph = page.window(), page.inspector.morph
    page.state.open_files(files[:1])
    qtbot.waitUntil(lambda: len(page.state.photos) == 1 and not page.state.reading, timeout=PATIENCE)
    assert not morph.isVisible()
    page.state.open_files(files[1:])
    qtbot.waitUntil(lambda: len(page.state.photos) == 2 and morph.start.isEnabled(), timeout=PATIENCE)
    assert page.state.current is page.state.photos[1]  # the new one is looked at
    assert page.list.currentRow() == 1
    QTest.mouseClick(morph.start, Qt.MouseButton.LeftButton)
    assert page.state.settings.mode == "typical"
    assert morph.then.isVisible()
    qtbot.waitUntil(lambda: window.page is window.interpolate, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.path.playback.playing, timeout=PATIENCE)
    slots = [window.studio.shelf.slot(slot) for slot in ("A", "B")]
    assert [kept.name for kept in slots] == ["first", "second"]
    window.path.playback.pause()


def test_a_search_that_is_cancelled_makes_no_film(qtbot, page, tmp_path: Path):
    files = [tmp_path / name for name in ("first.png", "second.png")]
    for seed, file in enumerate(files):
        file.write_bytes(encoded(make_picture(seed=seed)))
    page.state.set(iterations=2000)
    page.state.open_files(files)
    qtbot.waitUntil(lambda: page.inspector.morph.start.isEnabled(), timeout=PATIENCE)
    QTest.mouseClick(page.inspector.morph.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.state.search is not None and page.state.search.look is not None, timeout=PATIENCE)
    QTest.mouseClick(page.header.start, Qt.MouseButton.LeftButton)
    wait_for_replay(qtbot, page)
    assert page.window().page is page
    assert page.window().studio.shelf.slot("A") is None


def test_a_morph_calls_nobody_back_from_another_page(qtbot, page, tmp_path: Path):
    files = [tmp_path / name for name in ("first.png", "second.png")]
    for seed, file in enumerate(files):
        file.write_bytes(encoded(make_picture(seed=seed)))
    window, morph = page.window(), page.inspector.morph
    page.state.open_files(files)
    qtbot.waitUntil(morph.start.isEnabled, timeout=PATIENCE)
    QTest.mouseClick(morph.start, Qt.MouseButton.LeftButton)
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.studio.shelf.slot("B") is not None, timeout=PATIENCE)
    assert window.page is window.generate
    assert morph.then.isHidden()


def test_a_new_photo_is_seen_before_its_search(qtbot, page, tmp_path: Path):
    page.state.set_view("split")
    add(qtbot, page, tmp_path, 3)
    split = page.compare_view
    corner = split.tiles()[0].topLeft().toPoint()
    net, photo = page.state.net, page.state.current
    assert split.grab().toImage().pixelColor(corner.x() + 1, corner.y() + 1).red() == seen(photo, net)[0, 0, 0]


def test_a_verdict_in_words():
    falling, settled = np.geomspace(1, 0.01, 60), np.r_[np.geomspace(1, 0.01, 10), np.full(50, 0.01)]
    assert verdict(35.0, settled) == "Very close to the photo."
    assert "kind" in verdict(8.0, falling)
    assert verdict(20.0, falling) == ROUGHLY
    assert verdict(20.0, settled) == STUCK


def test_typicality_in_words(found):
    typical = type(found.state.outcome.result.typicality)
    assert "ordinary noise" in in_words(typical(1.0, 1.02, 0.01, 0.97), ShortRun(), "free")
    words = (
        "This is not ordinary noise (values to ±5.7 instead of ±1, 2.8 times the variance, similar neighbouring "
        "pixels, visible edges of the photo), so morphs will look like cross-fades."
    )
    strange = typical(5.7, 2.8, 0.3, 0.4)
    assert in_words(strange, ShortRun(), "free") == f"{words} Try Noise-like."
    assert in_words(strange, ShortRun(), "typical") == words
    assert "values to ±11.4 instead of ±2," in in_words(strange, ShortRun(start_range=2.0), "free")


@pytest.mark.parametrize(("count", "last"), [(6, "5.jpg is not a picture"), (8, "And 3 more like these.")])
def test_many_faults_are_a_short_list(qtbot, page, tmp_path: Path, count: int, last: str):
    files = [tmp_path / f"{number}.jpg" for number in range(count)]
    for file in files:
        file.write_text("Not a picture.")
    page.state.open_files(files)
    qtbot.waitUntil(lambda: last in page.banner.text.text(), timeout=PATIENCE)
    assert len(page.banner.text.text().splitlines()) == 6


@pytest.fixture
def slow(page, monkeypatch):
    """One iteration for one photo has taken half a second here."""
    monkeypatch.setattr(long_runs, "LONG", 1.0)
    pace = page.state.open.link.pace
    pace.from_dict([[page.state.model.name, "search", page.state.model.card.short_run.for_photos().steps, 0.5]])
    return page


def test_a_long_search_is_asked_about_and_begins_with_a_yes(qtbot, with_photo, slow):
    page = with_photo
    QTest.mouseClick(page.header.start, Qt.MouseButton.LeftButton)
    assert page.long.isVisible()
    assert page.long.text.text() == "All 8 iterations for 1 photo will take about 4 s. Start?"
    assert not page.state.searching
    QTest.mouseClick(page.long.answers[1], Qt.MouseButton.LeftButton)
    assert page.long.isHidden()
    assert page.inspector.search.iterations.field.hasFocus()

    QTest.mouseClick(page.header.start, Qt.MouseButton.LeftButton)
    page.state.set(iterations=7)  # another search than the one that was asked about
    assert page.long.isHidden()

    QTest.mouseClick(page.header.start, Qt.MouseButton.LeftButton)
    QTest.mouseClick(page.long.answers[0], Qt.MouseButton.LeftButton)
    assert page.state.searching
    wait_for_replay(qtbot, page)
    assert page.state.outcome.course.iterations == 7


def test_a_long_morph_waits_for_the_answer(qtbot, with_photo, slow, tmp_path: Path):
    page, window = with_photo, with_photo.window()
    add(qtbot, page, tmp_path, 5)
    morph = page.inspector.morph
    QTest.mouseClick(morph.start, Qt.MouseButton.LeftButton)
    assert "for 2 photos will take about 8 s" in page.long.text.text()
    page.state.cancel()  # no morph: what is found later stays on this page
    assert page.long.isHidden()
    page.state.open.link.pace.forget()
    start(qtbot, page)
    assert window.page is page

    page.state.clear()
    for seed in (6, 7):
        add(qtbot, page, tmp_path, seed)
    QTest.mouseClick(morph.start, Qt.MouseButton.LeftButton)
    if page.long.isVisible():  # as slow as the search before was
        QTest.mouseClick(page.long.answers[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.page is window.interpolate, timeout=PATIENCE)
