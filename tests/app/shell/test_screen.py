import os
import shutil
import subprocess
import sys
from pathlib import Path

import PySide6
import pytest

from ebm_studio.app.shell.screen import check_plugin, check_screen, missing_library
from ebm_studio.core.errors import StudioError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Qt brings all it needs")
PLUGIN = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"


def test_a_missing_library_is_named_with_the_line_that_installs_it(tmp_path):
    broken = shutil.copy(PLUGIN, tmp_path / "libqxcb.so")
    broken.write_bytes(broken.read_bytes().replace(b"libQt6Xcb", b"libQt6Xxx"))
    with pytest.raises(StudioError, match=r"^The system library lib\S+\.so[.\d]*, which .* is not installed: .+\.$"):
        check_plugin(broken)
    check_plugin(PLUGIN)


def test_another_reason_is_not_hidden():
    assert "undefined symbol: x" in str(missing_library(ImportError("QtCore.so: undefined symbol: x")))


def test_without_a_screen_one_line_says_so_and_qt_does_not_abort(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"QT_QPA_PLATFORM": "xcb", "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "ebm_studio"], env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 2
    assert done.stderr.startswith("ebm-studio: There is no screen to open the window on")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("screen", [{"DISPLAY": ":987"}, {"WAYLAND_DISPLAY": "nothing"}, {"QT_QPA_PLATFORM": "abacus"}])
def test_a_screen_that_does_not_answer_is_one_line_too(tmp_path, screen):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DISPLAY", "WAYLAND", "QT_"))
    }
    environment |= {"XDG_CONFIG_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "DISPLAY": ":987", **screen}
    done = subprocess.run(
        [sys.executable, "-m", "ebm_studio"], env=environment, capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("ebm-studio: The screen cannot be used (")


def test_a_screen_that_is_not_there_is_one(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    check_screen()
