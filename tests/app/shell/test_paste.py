"""What a page shows as a command on the clipboard, and commands and recipes pasted into the window."""

from __future__ import annotations

import shlex
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ebm_studio.cli.main import main
from ebm_studio.data.exports.recipe_files import read_recipe
from tests.app.conftest import PATIENCE, wait_for_chain

CONTROL = Qt.KeyboardModifier.ControlModifier
BOTH = CONTROL | Qt.KeyboardModifier.ShiftModifier


def test_a_page_is_copied_as_a_command_that_makes_the_same_and_pasted_again(
    qtbot, running, tmp_path: Path, monkeypatch
) -> None:
    state, clipboard = running.state, QApplication.clipboard()
    state.change(seed=7, count=3)
    state.change_run(steps=9, step_size=0.5)
    wait_for_chain(qtbot, running)
    before = state.parameters
    QTest.keyClick(running, Qt.Key.Key_C, BOTH)
    line = clipboard.text()
    assert line.startswith("ebm-studio sample ")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)  # no thread of its own in the window's process
    words = shlex.split(line)[1:]
    assert main(words) == 0
    made = read_recipe(tmp_path / words[words.index("-o") + 1])
    assert made.side.short_run == before.run
    seeds = made.seeds
    assert (seeds.seed, seeds.first, seeds.count) == (7, 0, 3)

    state.change(seed=1, count=2)
    state.change_run(steps=4, step_size=1.0)
    wait_for_chain(qtbot, running)
    clipboard.setText(line)
    QTest.keyClick(running, Qt.Key.Key_V, CONTROL)
    qtbot.waitUntil(lambda: state.parameters == before, timeout=PATIENCE)
    wait_for_chain(qtbot, running)

    state.change(seed=2)
    wait_for_chain(qtbot, running)
    clipboard.setText(made.to_json())  # a recipe's own text does the same
    QTest.keyClick(running, Qt.Key.Key_V, BOTH)
    qtbot.waitUntil(lambda: state.parameters == before, timeout=PATIENCE)
    wait_for_chain(qtbot, running)


def test_what_cannot_be_pasted_says_so_and_changes_nothing(qtbot, running) -> None:
    before, faults = running.state.parameters, running.studio.faults
    for text, reason in (
        ("", "no text"),
        ("hello", "recipe"),
        ("ebm-studio sample nowhere", "open it first"),
        ("ebm-studio sample tiny --steps 0", "K must be"),
    ):
        faults.dismiss()
        QApplication.clipboard().setText(text)
        QTest.keyClick(running, Qt.Key.Key_V, BOTH)
        qtbot.waitUntil(lambda: faults.fault is not None, timeout=PATIENCE)
        assert reason in faults.fault.text
    assert running.state.parameters == before
    running.show_page(running.settings)
    faults.dismiss()
    QTest.keyClick(running, Qt.Key.Key_C, BOTH)
    assert "No command" in faults.fault.text
