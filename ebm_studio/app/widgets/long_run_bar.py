"""Asks before something that takes minutes: start it, or change it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.studio.long_runs import LongRuns
from ebm_studio.app.widgets.notice import Notice
from ebm_studio.core.durations import about


class LongRunBar(Notice):
    """Lies over the pictures, which stay as they are until the answer."""

    def __init__(self, theme: Theme, long: LongRuns, field: Callable[[], QWidget]) -> None:
        """`field` is where the number is that makes it long, for who would rather change it."""
        super().__init__(theme)
        self._long = long
        self._field = field
        self.text.setAccessibleName("Expected time")
        long.changed.connect(self._ask)

    def _ask(self) -> None:
        long = self._long
        if not long.waiting:
            self.hide()
            return
        self.say(
            f"{long.what} will take {about(long.seconds)}. Start?",
            ("Start", long.agree),
            ("Change…", self._change),
        )

    def _change(self) -> None:
        self._long.forget()
        field = self._field()
        field.setFocus()
        if hasattr(field, "selectAll"):
            field.selectAll()
