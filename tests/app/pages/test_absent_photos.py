"""A launch without the stick that the photos are on costs nothing that was done with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from ebm_studio.app.pages.reconstruct.photo import Photo
from tests.app.conftest import PATIENCE
from tests.making import encoded, make_picture


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "boot.png").write_bytes(encoded(make_picture((60, 40))))
    return folder


@pytest.fixture
def before(qtbot, running, stick: Path) -> Photo:
    """A photo with a crop and a mask, when the window was closed and the stick was taken away."""
    state = running.reconstruct.state
    state.open_files([stick / "boot.png"])
    qtbot.waitUntil(lambda: bool(state.photos), timeout=PATIENCE)
    state.change("Crop", lambda photo: photo.scaled(0.5).moved(3, 5))
    state.paint((4, 4), (9, 9))
    photo = state.photos[0]
    running.close()
    stick.rename(stick.with_name("away"))
    return photo


def assert_same(photo: Photo, before: Photo) -> None:
    assert (photo.crop, photo.file) == (before.crop, before.file)
    assert photo.unknown is not None
    assert np.array_equal(photo.unknown, before.unknown)


def test_the_photo_is_kept_over_launches_and_comes_back(qtbot, opened, before: Photo, stick: Path):
    for _ in range(2):
        window = opened()
        state = window.reconstruct.state
        qtbot.waitUntil(lambda state=state: bool(state.absent.items), timeout=PATIENCE)
        assert "boot.png cannot be found" in state.fault.text
        window.show_page(window.reconstruct)
        assert window.reconstruct.absent.isVisible()
        assert window.reconstruct.absent.item(0).text() == "boot.png"
        window.close()
    stick.with_name("away").rename(stick)
    window = opened()
    qtbot.waitUntil(lambda: bool(window.reconstruct.state.photos), timeout=PATIENCE)
    assert_same(window.reconstruct.state.photos[0], before)


def test_it_comes_back_while_the_window_is_open(qtbot, opened, before: Photo, stick: Path):
    window = opened()
    state, page = window.reconstruct.state, window.reconstruct
    qtbot.waitUntil(lambda: bool(state.absent.items), timeout=PATIENCE)
    window.show_page(page)
    assert page.absent.isVisible()
    window.show_page(window.help)
    stick.with_name("away").rename(stick)
    window.show_page(page)
    qtbot.waitUntil(lambda: bool(state.photos), timeout=PATIENCE)
    assert_same(state.photos[0], before)
    assert not page.absent.isVisible()


def test_it_can_be_forgotten_and_that_taken_back(qtbot, opened, before: Photo):
    window = opened()
    state, page = window.reconstruct.state, window.reconstruct
    qtbot.waitUntil(lambda: bool(state.absent.items), timeout=PATIENCE)
    window.show_page(page)
    page.absent.customContextMenuRequested.emit(page.absent.visualItemRect(page.absent.item(0)).center())
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    place = menu.actionGeometry(menu.actions()[0]).center()
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)
    assert state.absent.items == ()
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [item.remembered.file for item in state.absent.items] == [before.file]
    window.studio.session.save()
    assert len(json.loads(window.studio.session.path.read_text())["reconstruct"]["photos"]) == 1


def test_a_file_that_holds_no_photo_any_more_keeps_its_place(qtbot, opened, before: Photo, stick: Path):
    stick.mkdir()
    (stick / "boot.png").write_bytes(b"no picture")
    window = opened()
    state = window.reconstruct.state
    qtbot.waitUntil(lambda: bool(state.absent.items), timeout=PATIENCE)
    assert "is kept until the photo is back" in state.fault.text
    state.absent.look_again()
    assert len(state.absent.items) == 1  # the same file is not tried again
    (stick / "boot.png").write_bytes((stick.with_name("away") / "boot.png").read_bytes())
    state.absent.look_again()
    qtbot.waitUntil(lambda: bool(state.photos), timeout=PATIENCE)
    assert_same(state.photos[0], before)
