"""The window under test: offscreen, settings of its own, and nothing left behind."""

from __future__ import annotations

import gc
import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.studio import long_runs
from ebm_studio.core.energy.crew import dismiss
from ebm_studio.data.storage.settings import Settings
from tests.app.driver import Window

PATIENCE = 120_000  # milliseconds, on a busy machine


@pytest.fixture(scope="session", autouse=True)
def _only_what_tests_make() -> None:
    """Whoever looks through all objects is spared the hundred thousands that come with the imports."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaves a thread or a timer running."""
    before = set(threading.enumerate())
    yield
    # What has no parent holds on to its window, and would be styled again with each of the next ones.
    for widget in QApplication.topLevelWidgets():
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    dismiss()  # the helpers of this thread, if the test ran chains itself; the engine ends its own
    threads = [thread.name for thread in threading.enumerate() if thread not in before]
    timers = [
        f"{type(timer.parent()).__name__} every {timer.interval()} ms"
        for timer in gc.get_objects()
        if issubclass(type(timer), QTimer) and shiboken6.isValid(timer) and timer.isActive()
    ]
    assert not threads, f"threads still run: {threads}"
    assert not timers, f"timers still run: {timers}"


@pytest.fixture(autouse=True)
def _nothing_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine too: what is asked about first has tests of its own."""
    monkeypatch.setattr(long_runs, "LONG", math.inf)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.json")


@pytest.fixture(scope="session")
def app(qapp: QApplication) -> QApplication:
    """In the style that `run_window` gives it."""
    qapp.setStyle("Fusion")
    return qapp


@pytest.fixture
def theme(app: QApplication, settings: Settings) -> Iterator[Theme]:
    app.setStyleSheet("")  # Qt keeps what it knew of the windows of earlier tests, and would look for them again
    theme = Theme(app, settings)
    yield theme
    theme.close()
    theme.deleteLater()


Opened = Callable[..., Window]


@pytest.fixture
def opened(qtbot, theme: Theme, settings: Settings, tiny_model: Path) -> Iterator[Opened]:
    """Opens and shows windows, by default with the tiny model, and closes them."""
    windows = []

    def open_window(model: str | None = str(tiny_model)) -> Window:
        window = Window(theme, settings, model, device="cpu")
        qtbot.addWidget(window)
        windows.append(window)
        if not settings.blob("window/geometry"):
            window.resize(1280, 800)  # the offscreen platform's screen is smaller than usual ones
        window.show()
        return window

    yield open_window
    for window in windows:
        window.close()


@pytest.fixture
def running(qtbot, opened: Opened) -> Window:
    """A window whose first chain is whole."""
    window = opened()
    wait_for_chain(qtbot, window)
    return window


def wait_for_chain(qtbot, window: Window) -> None:
    """Wait until the chain for the present parameters is whole."""

    def whole() -> bool:
        store = window.state.playback.store
        return (
            store is not None
            and store.whole
            and store.finished
            and not window.state.waiting
            and not window.link.engine.busy
        )

    qtbot.waitUntil(whole, timeout=PATIENCE)
