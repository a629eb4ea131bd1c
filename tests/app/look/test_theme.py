"""A change of look, while the collector is about."""

from __future__ import annotations

import os
import subprocess
import sys

CHANGES = """
import gc, os, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication, QWidget
from ebm_studio.app.look.theme import Theme
from ebm_studio.data.storage.settings import Settings

class Busy(QWidget):
    def changeEvent(self, event):
        [[] for _ in range(100)]  # enough for the collector to come by
        super().changeEvent(event)

def polished():
    widget = Busy()
    widget.ensurePolished()
    return widget

theme = Theme(QApplication([]), Settings(Path(sys.argv[1])))
shown = [polished() for _ in range(50)]
gc.set_threshold(10, 1, 1)
for scheme in ("light", "dark") * 3:
    gc.disable()
    for _ in range(200):
        widget = polished()
        widget.itself = widget  # only the collector ends it
    gc.enable()
    theme.choose(scheme)
theme.close()
print(gc.isenabled())
sys.stdout.flush()
os._exit(0)
"""


def test_no_widget_is_collected_while_all_are_told_of_the_look(tmp_path):
    words = [sys.executable, "-c", CHANGES, str(tmp_path / "settings.json")]
    done = subprocess.run(words, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
