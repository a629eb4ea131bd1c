"""A launch without the stick that the model is on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ebm_studio.app.studio.wishes import CompareModel
from ebm_studio.data.models.card import bundled_models
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.driver import Window


@pytest.fixture
def stick(tmp_path: Path, tiny_model: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return Path(shutil.copy(tiny_model, tmp_path / "stick" / "mine.safetensors"))


@pytest.fixture
def left(qtbot, opened, stick: Path) -> Window:
    """A window that was closed with that model on two pages, before the stick was taken away."""
    window = opened(str(stick))
    wait_for_chain(qtbot, window)
    window.state.change(seed=12, count=3)
    window.studio.wish(CompareModel())
    wait_for_chain(qtbot, window)
    window.close()
    stick.parent.rename(stick.parent.with_name("away"))
    return window


def launch(qtbot, opened) -> Window:
    window = opened(None)
    qtbot.waitUntil(lambda: window.state.model is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.link.engine.busy, timeout=PATIENCE)
    return window


def test_what_was_set_is_kept_and_the_model_comes_back(qtbot, opened, left: Window, stick: Path):
    window = launch(qtbot, opened)
    assert window.state.model.name == bundled_models()[0].stem
    assert "mine.safetensors cannot be found" in window.banner.text.text()
    assert window.studio.undo.undo_text == ""
    window.close()
    stick.parent.with_name("away").rename(stick.parent)
    again = launch(qtbot, opened)
    assert again.state.parameters == left.state.parameters
    assert [side.parameters.model for side in again.compare_state.sides] == [str(stick)] * 2
    assert not again.banner.isVisible()


def test_what_a_person_sets_meanwhile_counts(qtbot, opened, left: Window, stick: Path):
    window = launch(qtbot, opened)
    window.state.change(count=2)
    window.close()
    stick.parent.with_name("away").rename(stick.parent)
    again = launch(qtbot, opened)
    assert (again.state.model.name, again.state.parameters.count) == (bundled_models()[0].stem, 2)
