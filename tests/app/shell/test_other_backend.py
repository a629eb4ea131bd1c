"""A file made with another backend than the window's is opened all the same, and the window says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ebm_studio.cli.main import main
from ebm_studio.core.energy.backends import available
from ebm_studio.core.energy.devices import choose_device
from ebm_studio.data.exports.encoders import export
from ebm_studio.data.exports.recipe_files import read_recipe
from ebm_studio.data.exports.replay import load_recipe_models, make_frames
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.shell.test_drops import drop


@pytest.fixture(autouse=True)
def _no_watching_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's progress bars start none in the window's process."""
    monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)


def made_with(backend: str, file: Path, model: Path) -> Path:
    """A picture of two samples that says it was made with that backend."""
    assert main(["sample", str(model), "--device", "cpu", "--seed", "5", "--count", "2", "-o", str(file)]) == 0
    recipe = read_recipe(file)
    frames = make_frames(recipe, load_recipe_models(recipe, file, [str(model)], "cpu"))
    export(frames, file, recipe.look, replace(recipe, side=replace(recipe.side, backend=backend)))
    return file


def opened_from(file: Path, qtbot, window) -> None:
    assert drop(window, file)
    qtbot.waitUntil(lambda: window.state.parameters.seed == 5, timeout=PATIENCE)
    wait_for_chain(qtbot, window)
    assert window.state.parameters.count == 2


@pytest.mark.parametrize("backend", ["graph-bf16", "quantum" * 20])
def test_the_window_says_that_a_files_backend_is_not_on_this_machine(qtbot, running, tmp_path, tiny_model, backend):
    used = running.state.model.backend
    opened_from(made_with(backend, tmp_path / "a.png", tiny_model), qtbot, running)
    assert running.banner.isVisible()
    assert running.banner.text.text() == (
        f"The file was made with the backend {backend[:20]}, which this machine does not have: with {used}, the "
        "pictures can differ slightly."
    )


def test_the_window_says_that_it_uses_another_backend_than_the_file(qtbot, running, tmp_path, tiny_model):
    used = running.state.model.backend
    other = next(each for each in available(choose_device("cpu")) if each != used)
    opened_from(made_with(other, tmp_path / "a.png", tiny_model), qtbot, running)
    assert running.banner.isVisible()
    assert running.banner.text.text() == (
        f"The file was made with the backend {other}: with {used}, the pictures can differ slightly. ebm-studio replay "
        "makes the same ones."
    )


def test_a_file_of_the_same_backend_is_opened_without_a_word(qtbot, running, tmp_path, tiny_model):
    opened_from(made_with(running.state.model.backend, tmp_path / "a.png", tiny_model), qtbot, running)
    assert not running.banner.isVisible()
