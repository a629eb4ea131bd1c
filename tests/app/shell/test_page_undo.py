"""Ctrl+Z never changes what is out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ebm_studio.app.shell.undo_button import UndoButton
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.driver import Window
from tests.making import encoded, make_picture

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def cropped(qtbot, running: Window, tmp_path: Path) -> Window:
    """A window with a changed K, then two edits of a crop."""
    running.state.change_run(steps=5)
    wait_for_chain(qtbot, running)
    (tmp_path / "photo.png").write_bytes(encoded(make_picture((120, 80))))
    running.files.open([tmp_path / "photo.png"])
    state = running.reconstruct.state
    qtbot.waitUntil(lambda: bool(state.photos), timeout=PATIENCE)
    state.turn()
    state.change("Crop", lambda photo: photo.scaled(0.5), key=None)
    return running


def test_undo_goes_to_the_page_of_the_change_before_it_takes_it_back(cropped: Window):
    state, changed = cropped.state, 5
    for _ in range(2):
        QTest.keyClick(cropped, Qt.Key.Key_Z, CONTROL)
    assert cropped.reconstruct.state.photos[0].turns == 0
    while cropped.studio.undo.undo_page == "reconstruct":  # adding photos may be a change too
        QTest.keyClick(cropped, Qt.Key.Key_Z, CONTROL)
    assert cropped.page is cropped.reconstruct

    QTest.keyClick(cropped, Qt.Key.Key_Z, CONTROL)
    assert cropped.page is cropped.generate
    assert state.parameters.run.steps == changed
    assert cropped.status.note.text() == "Ctrl+Z undoes: Steps K 5"
    QTest.keyClick(cropped, Qt.Key.Key_Z, CONTROL)
    assert state.parameters.run.steps != changed
    assert cropped.status.note.text() == ""

    cropped.show_page(cropped.models)
    QTest.keyClick(cropped, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert cropped.page is cropped.generate
    assert cropped.status.note.text() == "Ctrl+Shift+Z redoes: Steps K 5"
    cropped.show_page(cropped.help)
    assert cropped.status.note.text() == ""
    button = next(b for b in cropped.rail.findChildren(UndoButton) if b.accessibleName().startswith("Redo"))
    for _ in range(2):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert state.parameters.run.steps == changed


def test_the_shelf_is_taken_back_on_any_page(running: Window):
    subject = running.state.subject(1)
    running.studio.shelf.keep(subject.latent, subject.picture)
    running.show_page(running.help)
    QTest.keyClick(running, Qt.Key.Key_Z, CONTROL)
    assert running.page is running.help
    assert running.studio.shelf.items == ()
