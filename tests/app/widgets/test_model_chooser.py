"""Models by their names on the hub, typed into the menu of models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.app.conftest import PATIENCE, wait_for_chain
from tests.hub import serving_hub

constants = pytest.importorskip("huggingface_hub.constants")


def type_name(qtbot, window, name: str) -> None:
    """Open the menu of models, type into its line, and press Return."""
    menu = window.generate.header.model.choices
    menu.popup(window.mapToGlobal(QPoint(0, 0)))
    [field] = menu.findChildren(QLineEdit)
    qtbot.waitUntil(field.isVisible)
    if shots := os.environ.get("SHOTS"):
        menu.grab().save(f"{shots}/chooser.png")
    QTest.keyClicks(field, name)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert not menu.isVisible()


def test_a_model_on_the_hub_is_fetched_and_run_or_the_window_says_why_not(
    qtbot, running, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with serving_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        type_name(qtbot, running, "someone/tiny")
        qtbot.waitUntil(lambda: running.state.fault is not None, timeout=PATIENCE)
        assert "There is no someone/tiny on 127.0.0.1" in running.state.fault.text
        hub.files["someone/tiny"] = {"model.safetensors": tiny_model.read_bytes()}
        type_name(qtbot, running, "hf:someone/tiny")
        qtbot.waitUntil(lambda: running.state.model.name == "hf:someone/tiny", timeout=PATIENCE)
    wait_for_chain(qtbot, running)
