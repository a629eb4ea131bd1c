from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from ebm_studio.app.studio.openers import Drops, Opener, local_files
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.making import make_model


def drop(window, *paths: Path) -> bool:
    """Drag files over the middle of the window and let go; False when the window does not want them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    middle = window.rect().center()
    enter = QDragEnterEvent(
        QPoint(middle), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    assert window.veil.isVisible()
    event = QDropEvent(
        QPointF(middle), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, event)
    assert not window.veil.isVisible()
    return event.isAccepted()


def test_a_dropped_model_is_opened_and_runs(qtbot, running, tmp_path):
    other = make_model(tmp_path / "other.safetensors", seed=3)
    assert drop(running, other)
    qtbot.waitUntil(lambda: running.state.model.card.name == "other", timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.shape == (1, 16, 16)


def test_while_files_hover_the_window_says_what_a_drop_does(running, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.safetensors"))])
    QApplication.sendEvent(
        running,
        QDragEnterEvent(
            QPoint(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        ),
    )
    assert running.veil.text == "Open the model"
    QApplication.sendEvent(running, QDragLeaveEvent())
    assert not running.veil.isVisible()


def test_text_that_is_dragged_is_not_wanted(running):
    data = QMimeData()
    data.setText("words")
    enter = QDragEnterEvent(
        QPoint(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(running, enter)
    assert not enter.isAccepted()


def test_what_nobody_opens_is_a_banner(running, tmp_path):
    song = tmp_path / "song.mp3"
    song.write_bytes(b"")
    assert drop(running, song)
    assert running.banner.isVisible()
    assert "song.mp3" in running.banner.text.text()


def test_the_shown_page_comes_first_then_the_order_of_registration(qapp):
    drops = Drops()
    of_first = Opener(lambda path: path.suffix in (".png", ".gif"), list, "first", "one")
    of_second = Opener(lambda path: path.suffix == ".png", list, "second", "other")
    drops.add(of_first)
    drops.add(of_second)
    a, b, c = Path("a.png"), Path("b.gif"), Path("c.txt")
    assert drops.share_out([a, b, c], "") == ({of_first: [a, b]}, [c])
    assert drops.share_out([a, b, c], "other") == ({of_second: [a], of_first: [b]}, [c])


def test_a_clipboard_without_anything_holds_no_files():
    assert local_files(None) == []
