"""What takes minutes is asked about first; what does not, never."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ebm_studio.app.studio import long_runs
from ebm_studio.app.studio.pace import Pace
from ebm_studio.core.errors import DataError
from ebm_studio.engine import worker
from ebm_studio.engine.requests import Ended, Load, Request
from ebm_studio.engine.worker import Stopwatch
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.pages.test_compare import wait_for_pair
from tests.app.shell.test_window import type_into
from tests.conftest import STEPS


def wait_until_asked(qtbot, bar) -> None:
    qtbot.waitUntil(lambda: bar.isVisible() and bool(bar.answers), timeout=PATIENCE)


@pytest.fixture
def everything_is_long(monkeypatch, running):
    """With the speed that the first chain has shown."""
    monkeypatch.setattr(long_runs, "LONG", 1e-9)


def test_a_long_chain_is_asked_about_and_begins_with_a_yes(qtbot, running, everything_is_long):
    page, before = running.generate, running.state.playback.store
    steps = page.inspector.settings.short_run.steps.field
    type_into(steps, "400")
    wait_until_asked(qtbot, page.long)
    assert f"{400 - STEPS} steps of 16 chains will take about" in page.long.text.text()  # the first are there
    assert running.state.playback.store is before
    QTest.mouseClick(page.long.answers[0], Qt.MouseButton.LeftButton)
    assert page.long.isHidden()
    wait_for_chain(qtbot, running)
    assert running.state.playback.store.run.steps == 400

    agreed = running.state.playback.store
    QTest.keyClick(page.canvas, Qt.Key.Key_R)  # as much work as what was agreed to
    qtbot.waitUntil(lambda: running.state.playback.store is not agreed, timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert page.long.isHidden()


def test_who_would_rather_change_it_is_where_it_is_changed(qtbot, running, everything_is_long):
    page, before = running.generate, running.state.playback.store
    page.inspector.show_side("history")
    running.state.run_longer()
    wait_until_asked(qtbot, page.long)
    QTest.mouseClick(page.long.answers[1], Qt.MouseButton.LeftButton)
    assert page.inspector.settings.short_run.steps.field.hasFocus()
    assert page.long.isHidden()
    assert running.state.playback.store is before


def test_undo_takes_the_question_back(qtbot, monkeypatch, running):
    page = running.generate
    usual = running.link.pace.seconds(Load(running.state.model.name, "sampling", 16, STEPS))
    monkeypatch.setattr(long_runs, "LONG", 1.5 * usual)
    running.state.run_steps(400)
    wait_until_asked(qtbot, page.long)
    QTest.keyClick(running, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(page.long.isHidden, timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    running.link.pace.from_dict(
        [[running.state.model.name, "sampling", 16, usual]]
    )  # not a slower one of a busy moment
    running.state.run_steps(400)
    wait_until_asked(qtbot, page.long)
    QTest.keyClick(page.canvas, Qt.Key.Key_Escape)
    assert page.long.isHidden()


def test_a_usual_chain_is_never_asked_about(qtbot, running):
    running.state.random_seed()
    wait_for_chain(qtbot, running)
    assert not running.state.long.waiting
    assert running.generate.long.isHidden()


def test_compare_asks_once_for_all_sides(qtbot, monkeypatch, running):
    running.show_page(running.compare)
    wait_for_pair(qtbot, running.compare_state)
    monkeypatch.setattr(long_runs, "LONG", 1e-9)
    page, before = running.compare, running.compare_state.group
    type_into(page.headers[1].steps, "40")
    wait_until_asked(qtbot, page.long)
    assert running.compare_state.group is before
    QTest.mouseClick(page.long.answers[0], Qt.MouseButton.LeftButton)
    wait_for_pair(qtbot, running.compare_state)
    assert running.compare_state.group.run.steps == 40


def test_a_path_is_asked_about_too(qtbot, running, everything_is_long):
    running.show_page(running.interpolate)
    QTest.mouseClick(running.interpolate.fill, Qt.MouseButton.LeftButton)
    bar = running.interpolate.long
    wait_until_asked(qtbot, bar)
    assert f"{STEPS} steps of 33 frames" in bar.text.text()
    assert running.path.surface is None
    QTest.mouseClick(bar.answers[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: running.path.is_ready, timeout=PATIENCE)


def test_the_speed_is_known_again_at_the_next_launch(qtbot, opened, running):
    load = Load(running.state.model.name, "sampling", 16, 100)
    seconds = running.link.pace.seconds(load)
    assert seconds > 0
    running.close()
    again = opened(None)
    wait_for_chain(qtbot, again)
    assert again.link.pace.seconds(load) > 0


class Sampling(Request):
    @property
    def load(self) -> Load:
        return Load("m", "sampling", 16, 50)


def test_a_time_is_that_of_the_nearest_width_and_grows_with_it():
    made = Pace()
    assert made.seconds(Load("m", "sampling", 16, 50)) is None
    made.learn(Ended(Sampling(), unit_seconds=0.2))
    made.learn(Ended(Request(), unit_seconds=7.0))  # of a load that nobody knows
    assert made.seconds(Load("m", "sampling", 16, 50)) == pytest.approx(10)
    assert made.seconds(Load("m", "sampling", 32, 50)) == pytest.approx(20)
    assert made.seconds(Load("m", "search", 16, 50)) is None
    assert made.seconds(Load("other", "sampling", 16, 50)) is None
    again = Pace()
    again.from_dict(made.to_dict())
    assert again.seconds(Load("m", "sampling", 16, 50)) == pytest.approx(10)


def test_time_that_a_job_gives_to_others_is_not_its_own(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(worker.time, "perf_counter", lambda: now[0])
    clock = Stopwatch()
    clock.note("Loading the model", 0)
    now[0] = 7.0
    clock.note("Sampling", 10)
    now[0] = 10.0
    with clock.away():
        now[0] = 110.0
    clock.note("Sampling", 12)
    assert clock.unit_seconds is None  # too few to tell
    now[0] = 112.0
    clock.note("Sampling", 20)
    assert clock.unit_seconds == pytest.approx(0.5)


@pytest.mark.parametrize("rate", [["m", "sampling", 16, "fast"], ["m", "sampling", 0, 1.0], [1, "sampling", 1, 1.0]])
def test_a_damaged_rate_is_not_believed(rate):
    with pytest.raises(DataError):
        Pace().from_dict([rate])
