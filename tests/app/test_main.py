"""The program in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WATCH = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ebm_studio.app.shell import window
from ebm_studio.cli.main import main

class Watched(window.MainWindow):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.pages[0].state.playback.chain_changed.connect(lambda: QTimer.singleShot(0, self.announce))
    def announce(self):
        print("running", flush=True)

window.MainWindow = Watched
sys.exit(main(["--model", sys.argv[1]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no polite kill")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_window_cleanly(number: int, tiny_model: Path, tmp_path: Path):
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", WATCH, str(tiny_model)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    _, complaints = process.communicate(timeout=200)
    assert process.returncode == 0
    assert "Traceback" not in complaints
    assert (tmp_path / "EBM Studio" / "settings.json").exists()


COPIES = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ebm_studio.app.shell import window
from ebm_studio.cli.main import main

class Copying(window.MainWindow):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.started.connect(lambda: QTimer.singleShot(0, self.copy))
    def copy(self):
        QApplication.clipboard().setMimeData(self.exports.clip())
        self.leave()

window.MainWindow = Copying
sys.exit(main(["--model", sys.argv[1]]))
"""


def test_a_window_that_filled_the_clipboard_ends_well(tiny_model: Path, tmp_path: Path):
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", COPIES, str(tiny_model)], env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
