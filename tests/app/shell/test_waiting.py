"""Waiting is shown, and a hidden page keeps nobody waiting."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ebm_studio.app.studio import long_runs
from ebm_studio.app.widgets.waiting import IDLE, progress_text
from ebm_studio.engine.requests import Progress, Request
from tests.app.conftest import PATIENCE


def test_what_is_hidden_lets_the_page_in_front_go_first(qtbot, running):
    running.show_page(running.compare)
    compare, generate = running.compare_state, running.state
    qtbot.waitUntil(lambda: compare.group is not None and compare.group.whole, timeout=PATIENCE)
    _type_steps(running.compare.headers[0].steps, "99999")
    side = compare.sides[0]
    qtbot.waitUntil(
        lambda: side.store is not None and side.store.run.steps == 99999 and side.store.newest > 0, timeout=PATIENCE
    )
    long = side.store

    QTest.keyClick(running, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    before = generate.playback.store
    QTest.keyClick(running.generate.canvas, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: generate.playback.store is not before and generate.playback.store.whole, timeout=PATIENCE)
    assert not long.finished
    here = long.newest
    qtbot.waitUntil(lambda: long.newest > here, timeout=PATIENCE)  # it goes on behind


def test_a_page_that_is_shown_again_does_not_wait_for_the_one_that_was_shown_in_between(qtbot, running):
    """Both jobs have begun: the one that was let in first gives the turn back before it has ended."""
    _type_steps(running.generate.inspector.settings.short_run.steps.field, "99999")
    generate, compare = running.state, running.compare_state
    qtbot.waitUntil(lambda: _is_long(generate.playback.store), timeout=PATIENCE)
    shown = generate.playback.store
    running.show_page(running.compare)
    _type_steps(running.compare.headers[0].steps, "99999")
    side = compare.sides[0]
    qtbot.waitUntil(lambda: _is_long(side.store), timeout=PATIENCE)
    assert not shown.finished
    still = shown.newest
    hidden = side.store
    here = hidden.newest
    qtbot.waitUntil(lambda: hidden.newest > here, timeout=PATIENCE)
    assert shown.newest == still

    QTest.keyClick(running, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: shown.newest > still, timeout=PATIENCE)
    assert not hidden.finished


def test_a_grid_says_what_it_waits_for_and_not_what_a_hidden_page_does(qtbot, monkeypatch, running):
    _type_steps(running.generate.inspector.settings.short_run.steps.field, "99999")
    qtbot.waitUntil(lambda: _is_long(running.state.playback.store), timeout=PATIENCE)
    monkeypatch.setattr(long_runs, "LONG", 1e-9)
    running.show_page(running.compare)
    page, texts = running.compare, [pane.pictures.waiting_text for pane in running.compare.panes]
    qtbot.waitUntil(lambda: page.long.isVisible() and bool(page.long.answers), timeout=PATIENCE)
    assert "on 2 sides" in page.long.text.text()
    assert [text() for text in texts] == ["Waiting for your answer above."] * 2
    qtbot.waitUntil(lambda: running.status.job.text().startswith("Generate: Sampling"), timeout=PATIENCE)

    running.compare_state.long.forget()
    assert [text() for text in texts] == [IDLE] * 2
    picture = page.panes[0].pictures
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton)
    assert page.long.isVisible()
    QTest.mouseClick(page.long.answers[0], Qt.MouseButton.LeftButton)
    seen = set()

    def follows() -> bool:
        seen.update((side.name, text()) for side, text in zip(running.compare_state.sides, texts, strict=True))
        return ("Right", "Waiting for Left…") in seen

    qtbot.waitUntil(follows, timeout=PATIENCE)


def test_what_is_hidden_is_not_cancelled_with_the_page_in_front(qtbot, running):
    _type_steps(running.generate.inspector.settings.short_run.steps.field, "99999")
    qtbot.waitUntil(lambda: _is_long(running.state.playback.store), timeout=PATIENCE)
    hidden = running.state.playback.store
    running.show_page(running.compare)
    side = running.compare_state.sides[0]
    qtbot.waitUntil(lambda: _is_long(side.store), timeout=PATIENCE)
    QTest.keyClick(running.compare, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: side.store.finished and not running.link.engine.awaits("compare"), timeout=PATIENCE)
    here = hidden.newest
    qtbot.waitUntil(lambda: hidden.newest > here, timeout=PATIENCE)
    qtbot.waitUntil(lambda: running.status.job.text().startswith("Generate: Sampling"), timeout=PATIENCE)
    QTest.mouseClick(running.status.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: hidden.finished, timeout=PATIENCE)


def test_what_a_side_no_longer_wants_is_not_run_while_it_asks(qtbot, monkeypatch, running):
    running.show_page(running.compare)
    compare = running.compare_state
    qtbot.waitUntil(lambda: compare.group is not None and compare.group.whole, timeout=PATIENCE)
    _type_steps(running.compare.headers[0].steps, "99999")
    qtbot.waitUntil(lambda: _is_long(compare.sides[0].store), timeout=PATIENCE)
    old = compare.sides[0].store
    monkeypatch.setattr(long_runs, "LONG", 1e-9)
    _type_steps(running.compare.headers[0].steps, "99998")
    qtbot.waitUntil(lambda: compare.long.waiting and old.finished, timeout=PATIENCE)


def test_an_answer_leaves_the_keys_to_the_page(qtbot, monkeypatch, running):
    """Qt would move the focus to the window's first button, where Esc cancels nothing."""
    monkeypatch.setattr(long_runs, "LONG", 1e-9)
    page = running.generate
    _type_steps(page.inspector.settings.short_run.steps.field, "99999")
    qtbot.waitUntil(lambda: page.long.isVisible() and bool(page.long.answers), timeout=PATIENCE)
    page.long.answers[0].setFocus()
    QTest.mouseClick(page.long.answers[0], Qt.MouseButton.LeftButton)
    assert page.isAncestorOf(QApplication.focusWidget())
    qtbot.waitUntil(lambda: _is_long(running.state.playback.store), timeout=PATIENCE)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: running.state.playback.store.finished, timeout=PATIENCE)


def _is_long(store) -> bool:
    return store is not None and store.run.steps == 99999 and store.newest > 0


def _type_steps(field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_a_long_time_is_told_in_minutes():
    assert progress_text(Progress(Request(), "Sampling", 10, 420, 2.0)) == "Sampling 10 / 420, 3 min 25 s left"
    assert progress_text(Progress(Request(), "Loading the model")) == "Loading the model…"
