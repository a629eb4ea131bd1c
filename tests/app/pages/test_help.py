from __future__ import annotations

import logging

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from ebm_studio.app.shell.fuzzy import score
from ebm_studio.app.studio.wishes import ShowHelp
from ebm_studio.data.storage.logs import Ring, log_folder, logging_on
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.shell.test_room import lay_out


def texts(widget) -> set[str]:
    return {label.text() for label in widget.findChildren(QLabel)}


@pytest.mark.parametrize("key", [Qt.Key.Key_Question, Qt.Key.Key_F1])
def test_a_key_shows_all_keys(running, key):
    QTest.keyClick(
        running.generate,
        key,
        Qt.KeyboardModifier.ShiftModifier if key == Qt.Key.Key_Question else Qt.KeyboardModifier.NoModifier,
    )
    assert running.page is running.help
    shown = texts(running.help.shortcuts)
    for page in (running, running.generate, running.compare, running.models):
        for action in page.actions():
            if action.shortcuts():
                assert action.text() in shown
                assert action.shortcut().toString(action.shortcut().SequenceFormat.NativeText) in shown


@pytest.mark.parametrize(
    ("group", "lines"),
    [
        ("ON THE SHELF", {"Show its chain": "Return", "Use as A": "A", "Rename": "F2", "Remove": "Del"}),
        ("GENERATE: IN THE HISTORY", {"Restore the run": "Return", "Star or unstar the run": "F"}),
        ("GENERATE: ON THE PICTURES", {"Zoom in or out": "Wheel", "Enlarge a chain, or show all": "Double click"}),
        ("RECONSTRUCT: ON THE CROP", {"Enlarge the crop": "+", "Move the crop": "Arrows"}),
    ],
)
def test_the_keys_of_controls_are_shown_too(running, group, lines):
    running.studio.wish(ShowHelp("keys"))
    title = next(label for label in running.help.shortcuts.findChildren(QLabel) if label.text() == group)
    shown = texts(title.parentWidget())
    assert set(lines) | set(lines.values()) <= shown


def test_every_page_is_a_key_away(running):
    for number in range(1, running.stack.count() + 1):
        QTest.keyClick(running.page, Qt.Key(Qt.Key.Key_0 + number % 10), Qt.KeyboardModifier.ControlModifier)
        assert running.stack.currentIndex() == number - 1
        assert running.rail.pages[number - 1].isChecked()


def test_the_palette_finds_and_does(qtbot, running):
    running.activateWindow()
    seed = running.state.parameters.seed
    running.generate.header.seed.setFocus()
    QTest.keyClick(running.windowHandle(), Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = running.palette_of_commands
    assert palette.isVisible()
    QTest.keyClicks(palette.field, "rnd seed")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert running.state.parameters.seed != seed
    wait_for_chain(qtbot, running)


def test_the_palette_reaches_other_pages_and_closes_by_escape(running):
    palette = running.palette_of_commands
    palette.open()
    QTest.keyClicks(palette.field, "look: light")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert running.preferences.values.scheme == "light"
    palette.open()
    QTest.keyClicks(palette.field, "compare: swap")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert running.page is running.compare
    palette.open()
    QTest.keyClicks(palette.field, "qqqq")
    assert palette.list.count() == 0
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("st", "One step forward", "Show the log"),
        ("pl", "Play or pause", "Compare: Play or pause"),
        ("gm", "Go to Models", "Image"),
        ("nois", "Landscape: Noise scale τ", "To the start noise"),
    ],
)
def test_what_fits_better_comes_first(query, better, worse):
    assert score(query, better) > (score(query, worse) or -1)


def test_letters_that_are_not_there_fit_nothing():
    assert score("xyz", "Play or pause") is None


def test_the_hint_is_shown_once(opened, running):
    assert running.hint.isVisible()
    QTest.mouseClick(running.hint.done, Qt.MouseButton.LeftButton)
    assert not running.hint.isVisible()
    assert not opened().hint.isVisible()


def test_the_log_page_follows_and_copies(qtbot, running, qapp):
    running.studio.wish(ShowHelp("log"))
    ring = running.help.log._ring
    ring.handle(logging.LogRecord("a.b", logging.WARNING, "", 1, "too hot", (), None))
    qtbot.waitUntil(lambda: "too hot" in running.help.log.text.toPlainText(), timeout=PATIENCE)
    QTest.mouseClick(running.help.log.copy, Qt.MouseButton.LeftButton)
    assert "too hot" in qapp.clipboard().text()
    assert "PySide6" in qapp.clipboard().text()
    running.show_page(running.generate)


def test_what_is_logged_is_in_memory_and_in_the_file():
    with logging_on() as ring:
        logging.getLogger("ebm_studio.anything").info("one line")
        assert "one line" in ring.text
    assert "one line" in (log_folder() / "ebm-studio.log").read_text()
    logging.getLogger("ebm_studio.anything").info("after")
    assert "after" not in ring.text


def test_the_ring_keeps_the_newest():
    ring = Ring()
    for number in range(1200):
        ring.handle(logging.LogRecord("a", logging.INFO, "", 1, f"line {number}", (), None))
    assert "line 1199" in ring.text
    assert "line 150\n" not in ring.text


def test_the_hint_leaves_the_window_narrow(running):
    assert running.hint.isVisible()
    lay_out()
    narrowest = running.minimumSizeHint().width()
    running.resize(narrowest, 700)
    assert all(step.height() >= step.heightForWidth(step.width()) for step in running.hint.findChildren(QLabel))
    running.hint.hide()
    assert running.minimumSizeHint().width() == narrowest
