"""In the status line, on every page: the training in progress."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton

from ebm_studio.app.pages.train.runs.run_text import line_of
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.widgets.names import on_button


class LearnsButton(QPushButton):
    """The running run, or how many there are; a click goes there."""

    wanted = Signal(object)

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self.setObjectName("learns")
        self.setAccessibleName("Training in progress")
        self.setToolTip("Show this run on the Train page.")
        self._runs = runs
        self.clicked.connect(self._ask)
        for signal in (runs.looked, runs.changed):
            signal.connect(self._show)
        self._show()

    def _ask(self) -> None:
        if running := self._runs.running:
            self.wanted.emit(running[0].name)

    def _show(self) -> None:
        running = self._runs.running
        self.setVisible(bool(running))
        if running:
            first = running[0]
            more = f", and {len(running) - 1} more" if len(running) > 1 else ""
            self.setText(f"{on_button(first.name)} {line_of(first, self._runs.asked(first))}{more}")
