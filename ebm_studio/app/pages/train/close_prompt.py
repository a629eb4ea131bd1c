"""The question at the window's closing while a run is training, asked in a strip and remembered if wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QCheckBox

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.train.runs.run_reader import RunView
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.studio.preferences import PreferenceStore, WhenClosing
from ebm_studio.app.widgets.notice import Notice


class Leaving(Notice):
    """Training has its own process, so it can continue; a second attempt to close lets it."""

    def __init__(self, theme: Theme, runs: Runs, preferences: PreferenceStore) -> None:
        super().__init__(theme)
        self.setAccessibleName("Closing while a run is training")
        self._is_answered = False
        self.always = QCheckBox("Always")
        self.always.setToolTip("Do this from now on without asking. You can change it on the Settings page.")
        self.add(self.always)
        self._runs = runs
        self._preferences = preferences

    def may_close(self) -> bool:
        """Whether the window may close now; else the question is shown."""
        running = [view for view in self._runs.views if view.folder.alive]
        wish = self._preferences.values.leaving
        if not running or self._is_answered or self.isVisible() or wish == "go":
            return True
        if wish == "stop":
            self._stop()
            return True
        text, keep = question(running)
        self.say(
            text,
            (keep, lambda: self._answer_with("go", lambda: None)),
            ("Stop and save", lambda: self._answer_with("stop", self._stop)),
        )
        return False

    def _answer_with(self, wish: WhenClosing, do: Callable[[], object]) -> None:
        if self.always.isChecked():
            self._preferences.set("leaving", wish)
        do()
        self._is_answered = True
        self.window().close()

    def _stop(self) -> None:
        for view in (view for view in self._runs.views if view.folder.alive):
            self._runs.order(view, "stop")


def question(running: Sequence[RunView]) -> tuple[str, str]:
    """What is under way, and the answer that leaves it so."""
    paused = [view.status.state == "paused" for view in running]
    verb, it, they = ("is", "It", "s") if len(running) == 1 else ("are", "They", "")
    if all(paused):
        names = ", ".join(view.name for view in running)
        return (
            f"{names} {verb} paused. {it} stay{they} so after you close, and will be listed next time.",
            "Keep paused",
        )
    names = ", ".join(
        f"{view.name} (paused)" if is_paused else view.name for view, is_paused in zip(running, paused, strict=True)
    )
    return (
        f"{names} {verb} still training. {it} continue{they} after you close, and will be listed next time.",
        "Keep training",
    )
