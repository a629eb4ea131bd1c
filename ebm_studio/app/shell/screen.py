"""Checks whether a window can be opened here, and says so in a sentence before Qt would end the process."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ebm_studio.core.errors import StudioError

INSTALL = {
    "apt": "sudo apt install libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0",
    "dnf": "sudo dnf install mesa-libEGL mesa-libGL libxkbcommon-x11 dbus-libs fontconfig xcb-util-cursor xcb-util-wm "
    "xcb-util-image xcb-util-keysyms xcb-util-renderutil",
    "pacman": "sudo pacman -S libglvnd libxkbcommon-x11 dbus fontconfig xcb-util-cursor xcb-util-wm xcb-util-image "
    "xcb-util-keysyms xcb-util-renderutil",
}
"""What brings Qt's libraries, by the tool that installs."""


def check_screen() -> None:
    """Raise `StudioError`, with what helps, where Qt would abort: on Linux, without its libraries or a screen."""
    if sys.platform != "linux":
        return
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        raise missing_library(error) from None
    if os.environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] != "xcb" or os.environ.get("WAYLAND_DISPLAY"):
        return
    if not os.environ.get("DISPLAY"):
        raise StudioError(
            "There is no screen to open the window on (DISPLAY is not set): use the command line (see ebm-studio "
            "--help), or connect with a screen, for example with ssh -X."
        )
    package = find_spec("PySide6")
    assert package is not None
    assert package.submodule_search_locations
    check_plugin(Path(package.submodule_search_locations[0]) / "Qt" / "plugins" / "platforms" / "libqxcb.so")


def check_plugin(plugin: Path) -> None:
    """Raise `StudioError` when a library that a plugin of Qt needs is not there."""
    try:
        if plugin.exists():  # a Qt of a Linux distribution has it elsewhere, and its libraries with it
            ctypes.CDLL(str(plugin))
    except OSError as error:
        raise missing_library(error) from None


def missing_library(error: Exception) -> StudioError:
    """The error for a person, from that of the loader."""
    found = re.match(r"(lib\S+\.so[.\d]*):", str(error))
    if not found:
        return StudioError(f"Qt, which draws the window, cannot be loaded ({error}): install the program again.")
    line = next((line for tool, line in INSTALL.items() if shutil.which(tool)), "")
    return StudioError(
        f"The system library {found[1]}, which the window needs, is not installed: "
        + (line or "install it, and Qt's other libraries, with your system's package manager")
        + "."
    )


@contextmanager
def start_told() -> Iterator[None]:
    """While Qt starts: one line and exit code 2 where it would abort, as without a screen that answers."""
    from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

    said: list[str] = []

    def hear(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if kind == QtMsgType.QtFatalMsg:
            names = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY")
            chosen = [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]
            line = f"ebm-studio: The screen cannot be used ({', '.join(chosen)}). Does it exist?"
            print(line, file=sys.stderr, flush=True)
            os._exit(2)  # on return, Qt aborts
        said.append(text)

    before = qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
        for text in said:
            print(text, file=sys.stderr)
