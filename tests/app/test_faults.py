from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer, qCritical, qWarning
from PySide6.QtTest import QTest

from ebm_studio.app.shell.uncaught import faults_shown
from tests.app.conftest import PATIENCE


@pytest.fixture
def hooked(running):
    with faults_shown(running.faults):
        yield running


def broken() -> None:
    raise ZeroDivisionError("by a bug")


def test_a_bug_in_the_window_is_a_banner_with_details(qtbot, hooked, qapp, caplog):
    QTimer.singleShot(0, broken)
    qtbot.waitUntil(hooked.banner.isVisible, timeout=PATIENCE)
    assert "ZeroDivisionError: by a bug" in hooked.banner.text.text()
    QTest.mouseClick(hooked.banner.copy, Qt.MouseButton.LeftButton)
    assert "in broken" in qapp.clipboard().text()
    assert "uncaught error" in caplog.text
    QTest.mouseClick(hooked.banner.dismiss, Qt.MouseButton.LeftButton)
    assert not hooked.banner.isVisible()


def test_a_bug_in_a_thread_is_a_banner(qtbot, hooked):
    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    qtbot.waitUntil(hooked.banner.isVisible, timeout=PATIENCE)
    assert "ZeroDivisionError" in hooked.banner.text.text()


def test_what_qt_says_is_logged_and_what_is_grave_is_shown(hooked, caplog):
    with caplog.at_level(logging.DEBUG):
        qWarning("mind the step")
        assert "mind the step" in caplog.text
        assert not hooked.banner.isVisible()
        qCritical("the step is gone")
    assert "the step is gone" in hooked.banner.text.text()


CRASH = """
import faulthandler, sys
from PySide6.QtCore import QTimer
from ebm_studio.app.shell import window
from ebm_studio.cli.main import main

class Watched(window.MainWindow):
    def _start(self):
        super()._start()
        if sys.argv[2] == "crash":
            QTimer.singleShot(0, faulthandler._sigsegv)
        else:
            QTimer.singleShot(0, self.tell)
    def tell(self):
        fault = self.studio.faults.fault
        print(fault.text + fault.details if fault else "nothing", flush=True)
        self.close()

window.MainWindow = Watched
sys.exit(main(["--model", sys.argv[1]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps its folders elsewhere")
def test_a_crash_is_offered_at_the_next_launch_and_only_once(tiny_model: Path, tmp_path: Path):
    folders = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME")}

    def launch(what: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", CRASH, str(tiny_model), what],
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen"} | folders,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    assert launch("crash").returncode != 0
    told = launch("tell")
    assert told.returncode == 0
    assert "The last session crashed" in told.stdout
    assert "Fatal Python error: Segmentation fault" in told.stdout
    assert launch("tell").stdout == "nothing\n"
    assert not list(tmp_path.rglob("crash-*.txt"))
