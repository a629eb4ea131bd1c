"""The preferences, declared once here; everything else is built from this."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.playback import SPEEDS, Playback
from ebm_studio.data.storage.settings import Settings


@dataclass(frozen=True)
class About:
    """What the Settings page needs to know of a setting."""

    group: str
    title: str
    tip: str
    """What it does, in one sentence."""
    options: tuple[tuple[Any, str], ...]
    """The values there are, each with its text."""


def _setting(default: Any, group: str, title: str, tip: str, options: tuple[tuple[Any, str], ...]) -> Any:
    return field(default=default, metadata={"about": About(group, title, tip, options)})


def _threads() -> tuple[tuple[int, str], ...]:
    return ((0, "Automatic"), *((count, str(count)) for count in range(1, (os.cpu_count() or 1) + 1)))


Scheme = Literal["system", "dark", "light"]
Background = Literal["white", "black", "grey"]
WhenClosing = Literal["ask", "go", "stop"]
"""What becomes of a training run when the window closes."""


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """The settings, with their defaults."""

    scheme: Scheme = _setting(
        "system", "Look", "Colours", "Dark, light, or the same as the system.",
        (("system", "Same as the system"), ("dark", "Dark"), ("light", "Light")),
    )  # fmt: skip
    device: str = _setting(
        "auto", "Computing", "Device", "The device that runs the chains. Automatic prefers CUDA, then Apple's MPS.",
        (("auto", "Automatic"), ("cpu", "CPU"), ("cuda", "CUDA"), ("mps", "MPS")),
    )  # fmt: skip
    threads: int = _setting(
        0, "Computing", "CPU threads", "How many cores work on the chains. Fewer leave more for other programs.",
        _threads(),
    )  # fmt: skip
    memory: int = _setting(
        512, "Computing", "Memory for a chain",
        "A chain that needs more memory keeps only every second step, every third, and so on.",
        tuple((size, f"{size} MB") for size in (64, 128, 256, 512, 1024, 2048)),
    )  # fmt: skip
    speed: int = _setting(
        25, "Playback", "Speed", "How many steps per second the timelines play.",
        tuple((speed, f"{speed} steps/s") for speed in SPEEDS),
    )  # fmt: skip
    loop: bool = _setting(
        False, "Playback", "At the end of a chain", "Whether the timelines stop, or start again from noise.",
        ((False, "Stop"), (True, "Start again")),
    )  # fmt: skip
    background: Background = _setting(
        "white", "Photos", "Background of transparent photos",
        "The colour behind transparent parts of photos. It applies to photos that you open from now on.",
        (("white", "White"), ("black", "Black"), ("grey", "Grey")),
    )  # fmt: skip
    leaving: WhenClosing = _setting(
        "ask", "Training", "When the window closes during training",
        "Training runs in its own process. It can continue without the window, and is listed again the next time you "
            "start the program.",
        (("ask", "Ask"), ("go", "Keep training"), ("stop", "Stop and save")),
    )  # fmt: skip


def about(setting: Field[Any]) -> About:
    """What a field of `Preferences` says of itself."""
    found: About = setting.metadata["about"]
    return found


class PreferenceStore(QObject):
    """Observable; kept in the settings file. A value that is not valid becomes the default."""

    changed = Signal(str)
    """The name of the setting that is now another."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.values = Preferences(**{f.name: self._read(f) for f in fields(Preferences)})

    def set(self, name: str, value: Any) -> None:
        """Change one."""
        if value != getattr(self.values, name):
            self.values = replace(self.values, **{name: value})
            self._settings.set(name, value)
            self.changed.emit(name)

    def follow(self, name: str, take: Callable[[Any], object], at_once: bool = True) -> None:
        """Call `take` with a setting's value whenever it changes, and with its present value `at_once`."""
        self.changed.connect(lambda changed: changed == name and take(getattr(self.values, name)))
        if at_once:
            take(getattr(self.values, name))

    def lead(self, playback: Playback) -> None:
        """Let a timeline play as it is set here."""
        self.follow("speed", playback.set_speed)
        self.follow("loop", lambda loop: playback.set_mode("loop" if loop else "once"))

    def _read(self, setting: Field[Any]) -> Any:
        written = self._settings.data(setting.name)
        known = (value for value, _ in about(setting).options)
        return next((value for value in known if type(value) is type(written) and value == written), setting.default)
