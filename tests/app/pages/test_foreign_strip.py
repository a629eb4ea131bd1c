"""Weights of another program in the window: what was assumed is said, and can be said better."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from ebm_studio.app.pages.models.foreign_strip import ForeignStrip
from ebm_studio.data.models.card import read_card, user_models
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.data.models.test_foreign import Net


def press(strip: ForeignStrip, name: str) -> None:
    [option] = [option for option in strip.findChildren(QToolButton) if option.accessibleName() == name]
    QTest.mouseClick(option, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_was_assumed_is_said_and_can_be_said_better(qtbot, running, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"theirs{suffix}"
    weights = Net().state_dict()
    torch.save(weights, path) if suffix == ".pth" else safetensors.torch.save_file(weights, path)
    strip = running.findChild(ForeignStrip)
    assert not strip.isVisible()
    running.open_model(str(path))
    qtbot.waitUntil(strip.isVisible, timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert "theirs" in strip.text.text()
    assert "a guess" in strip.text.text()

    press(strip, "Output of the network: E")
    strip.leak.setValue(0.05)
    QTest.mouseClick(strip.keep, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not strip.isVisible(), timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    [kept] = user_models()
    card = read_card(kept)
    assert card.net.leak == 0.05
    assert "read as the energy (as you chose)" in card.note
    assert running.state.model.name == str(kept)


def test_the_strip_goes_with_the_model_and_on_a_click(qtbot, running, tiny_model, tmp_path: Path) -> None:
    torch.save(Net().state_dict(), tmp_path / "theirs.pt")
    strip = running.findChild(ForeignStrip)
    for leave in (lambda: running.open_model(str(tiny_model)), lambda: press(strip, "Dismiss")):
        running.open_model(str(tmp_path / "theirs.pt"))
        qtbot.waitUntil(strip.isVisible, timeout=PATIENCE)
        wait_for_chain(qtbot, running)
        leave()
        qtbot.waitUntil(lambda: not strip.isVisible(), timeout=PATIENCE)
        wait_for_chain(qtbot, running)
