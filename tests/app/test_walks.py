"""Four people, each from the launch to what they came for: by mouse, keys and drops, with their clicks counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ebm_studio.data.models.card import read_card, user_models
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.pages.test_export_dialog import wait_for_preview
from tests.app.pages.test_interpolate_page import wait_for_path
from tests.app.pages.test_train_page import _no_process_left, _small  # noqa: F401
from tests.app.shell.test_drops import drop
from tests.app.shell.test_window import type_into
from tests.conftest import STEPS
from tests.data.models.test_foreign import Net
from tests.making import encoded, make_data, make_picture

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


class Clicks(QObject):
    """Counts what a person clicks, wherever it is."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        # A press that no child takes goes on to the parents: only what the system sends to a window is one click.
        if event.type() == QEvent.Type.MouseButtonPress and watched.isWindowType():
            self.count += 1
        return False


@pytest.fixture
def clicks(qapp: QApplication) -> Iterator[Clicks]:
    counted = Clicks()
    qapp.installEventFilter(counted)
    yield counted
    qapp.removeEventFilter(counted)


def click(widget) -> None:
    assert widget.isVisible()
    assert widget.isEnabled()
    QTest.mouseClick(widget, LEFT)


def go_to(window, page) -> None:
    click(window.rail.pages[window.stack.indexOf(page)])
    assert window.page is page


def exported(qtbot, window, folder: Path) -> Path:
    """The file that Ctrl+E and a click make of what is shown."""
    dialog = window.exports
    dialog.state.folder = folder
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    assert dialog.isVisible()
    wait_for_preview(qtbot, dialog)
    click(dialog.start)
    qtbot.waitUntil(lambda: dialog.handle.isVisible(), timeout=PATIENCE)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    return dialog.state.exported.path


def test_a_lecturer_shows_that_the_short_run_is_the_generator(qtbot, running, clicks, tiny_model, tmp_path):
    window, state = running, running.state
    model = load_model(tiny_model, "cpu")

    # K too small leaves noise; undone, the pictures are back.
    type_into(window.generate.inspector.settings.short_run.steps.field, "2")
    wait_for_chain(qtbot, window)
    assert state.playback.store.run.steps == 2
    QTest.keyClick(window.generate, Qt.Key.Key_Z, CONTROL)
    wait_for_chain(qtbot, window)
    assert state.playback.store.run.steps == STEPS

    # Ten times as many steps, of the same chain.
    click(window.generate.inspector.settings.past.buttons[10])
    wait_for_chain(qtbot, window)
    assert state.playback.store.run.steps == 10 * STEPS
    state.playback.go(STEPS)
    assert np.array_equal(window.generate.canvas.pixels(), to_pixels(model.sample(16, 0).numpy()))

    # The whole screen for the lecture hall, a film for the slides.
    QTest.keyClick(window, Qt.Key.Key_F11)
    assert not window.rail.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F11)
    film = exported(qtbot, window, tmp_path)
    assert Image.open(film).n_frames > STEPS

    # The same in two dimensions, by one click on a scene.
    go_to(window, window.landscape)
    landscape = window.landscape.state
    click(window.landscape.inspector.scenes.buttons["K too small"])
    qtbot.waitUntil(lambda: landscape.sight is not None and landscape.sight.updates > 0, timeout=PATIENCE)
    QTest.keyClick(window.landscape, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not landscape.is_training and not window.link.engine.busy, timeout=PATIENCE)
    assert clicks.count <= 4


def test_somebody_makes_a_film_of_two_photos_and_it_opens_again(qtbot, running, clicks, tmp_path):
    window = running
    files = [tmp_path / name for name in ("anna.png", "ben.jpg")]
    for seed, file in enumerate(files):
        file.write_bytes(encoded(make_picture((60, 40), seed), "PNG" if file.suffix == ".png" else "JPEG"))
    assert drop(window, *files)
    reconstruct = window.reconstruct
    assert window.page is reconstruct
    type_into(reconstruct.inspector.search.iterations.field, "8")
    qtbot.waitUntil(lambda: reconstruct.inspector.morph.start.isEnabled(), timeout=PATIENCE)
    click(reconstruct.inspector.morph.start)
    qtbot.waitUntil(lambda: window.page is window.interpolate, timeout=PATIENCE)
    wait_for_path(qtbot, window)
    film = exported(qtbot, window, tmp_path)
    ends = [kept.latent.z for kept in map(window.studio.shelf.slot, "AB")]

    # Weeks later, with other things on the screen.
    go_to(window, window.generate)
    assert drop(window, film)
    qtbot.waitUntil(lambda: window.page is window.interpolate, timeout=PATIENCE)
    wait_for_path(qtbot, window)
    again = [kept.latent.z for kept in map(window.studio.shelf.slot, "AB")]
    assert all(np.array_equal(a, b) for a, b in zip(ends, again, strict=True))
    assert clicks.count <= 3


def test_a_researcher_opens_a_checkpoint_and_measures_it(qtbot, running, clicks, tmp_path):
    window = running
    file = tmp_path / "ours.pth"
    torch.save({"epoch": 3, "model_state_dict": Net().state_dict()}, file)
    assert drop(window, file)
    qtbot.waitUntil(lambda: window.state.model is not None and window.state.model.name == str(file), timeout=PATIENCE)
    wait_for_chain(qtbot, window)

    go_to(window, window.diagnose)
    page = window.diagnose
    data = make_data(tmp_path / "pictures.zip", 30)
    assert drop(window, data)
    qtbot.waitUntil(lambda: page.cards[0]["energies"].measure.isEnabled(), timeout=PATIENCE)
    type_into(page.count, "16")
    click(page.cards[0]["energies"].measure)
    side = page.state.sides[0]
    qtbot.waitUntil(lambda: side.finding("energies") is not None and not side.waiting, timeout=PATIENCE)
    assert page.state.fault is None
    assert clicks.count <= 2


def test_a_folder_of_pictures_becomes_a_model_that_draws(qtbot, opened, clicks, tmp_path):
    window = opened()
    wait_for_chain(qtbot, window)
    folder = tmp_path / "birds"
    folder.mkdir()
    for seed in range(12):
        (folder / f"{seed}.png").write_bytes(encoded(make_picture((24, 24), seed)))
    go_to(window, window.train)
    page = window.train
    assert drop(window, folder)
    qtbot.waitUntil(lambda: page.setup.preview is not None and not page.setup.problem, timeout=PATIENCE)
    qtbot.waitUntil(page.setup_header.start.isEnabled, timeout=PATIENCE)
    click(page.setup_header.start)
    view = page.runs.view
    assert view.name == "birds"
    qtbot.waitUntil(lambda: view.updates > 3 and view.folder.model.exists(), timeout=PATIENCE)

    # The window goes, the training stays, and is found again.
    window.close()
    click(window.leaving.answers[0])
    assert not window.isVisible()
    again = opened()
    wait_for_chain(qtbot, again)
    assert again.runs.find("birds").alive
    click(again.learns)
    found = again.runs.find("birds")
    click(again.train.run_header.stop)
    qtbot.waitUntil(lambda: not found.alive and found.status.state == "stopped", timeout=PATIENCE)
    click(again.train.run_header.save)
    (model,) = user_models()
    assert read_card(model).updates == found.status.updates
    click(again.train.notice.answers[0])
    qtbot.waitUntil(lambda: again.state.model.name == str(model), timeout=PATIENCE)
    wait_for_chain(qtbot, again)
    assert again.page is again.generate
    assert clicks.count <= 7
