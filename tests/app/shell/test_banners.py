"""Messages lie over the page that they are about: they push nothing, and stay there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.names import without_folders
from ebm_studio.engine.requests import Fault
from tests.app.conftest import PATIENCE


def test_a_message_of_the_window_stays_on_the_page_where_it_came_up(qtbot, running):
    running.faults.show(Fault("notes.txt cannot be opened."))
    qtbot.waitUntil(running.banner.isVisible, timeout=PATIENCE)
    running.show_page(running.models)
    assert not running.banner.isVisible()
    running.show_page(running.generate)
    assert running.banner.isVisible()
    assert running.banner.geometry().top() == running.generate.header.height()
    QTest.mouseClick(running.banner.dismiss, Qt.MouseButton.LeftButton)
    assert not running.banner.isVisible()


def test_a_file_that_cannot_be_opened_is_called_by_its_name(qtbot, running, tmp_path):
    folder = tmp_path / "my old photos"
    folder.mkdir()
    photo = folder / "broken one.png"
    photo.write_bytes(b"nothing")
    running.files.open([photo])
    text = running.reconstruct.banner.text
    qtbot.waitUntil(text.isVisible, timeout=PATIENCE)
    assert text.text() == "broken one.png is not a picture that this program can read."
    assert "my old photos" in text.toolTip()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Cannot write {}/new.gif: no space left (in {}).", "Cannot write new.gif: no space left (in a b)."),
        ("{}/gone/x.pt cannot be found.", "gone/x.pt cannot be found."),
        ("/: use 3/4 of it, or/and see http://x.y/z.", "/: use 3/4 of it, or/and see http://x.y/z."),
    ],
)
def test_messages_leave_out_folders(tmp_path, said, shown):
    folder = tmp_path / "a b"
    folder.mkdir()
    assert without_folders(said.format(folder, folder)) == shown


def test_no_host_is_called_to_look_for_a_folder(tmp_path):
    said = f"'/{tmp_path}/a.txt' is not here."
    assert said.startswith("'//")
    assert without_folders(said) == said


@pytest.mark.parametrize("key", ["diagnose", "landscape", "train"])
def test_a_message_of_a_page_pushes_nothing(qtbot, running, key):
    running.show_key(key)
    page = running.page
    qtbot.waitUntil(page.isVisible, timeout=PATIENCE)
    stage = {"diagnose": "area", "landscape": "views", "train": "stages"}[key]
    room = getattr(page, stage).geometry()
    text = "Something is wrong, and it takes a long sentence to say what it is. " * 4
    if key == "train":
        page.setup.faults.show(Fault(text))
    else:
        page.state.show(Fault(text))
    [banner] = [each for each in page.findChildren(Banner) if each.isVisible()]
    qtbot.waitUntil(lambda: banner.width() > 200, timeout=PATIENCE)
    assert getattr(page, stage).geometry() == room
    assert banner.mapTo(page, banner.rect().topLeft()).y() >= 40  # below the header
