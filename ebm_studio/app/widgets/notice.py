"""A strip that says what was done, or asks what to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import button, label
from ebm_studio.app.widgets.lying_strip import LyingStrip
from ebm_studio.app.widgets.names import printable_lines


class Notice(LyingStrip):
    """Hidden until it has something to say. A click on an answer takes it away."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.text = label("")
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(1)  # a path has no place to break, and is not to widen the window
        self.answers: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(2 * UNIT, UNIT // 2, UNIT, UNIT // 2)
        self._row.setSpacing(UNIT)
        self._row.addWidget(self.text, 1)
        self._row.addWidget(button(theme, "close", "Dismiss", "Close this message.", self.hide))
        self.hide()

    def add(self, widget: QWidget) -> None:
        """Put something behind the answers."""
        self._row.insertWidget(self._row.count() - 1, widget)

    def say(self, text: str, *answers: tuple[str, Callable[[], object]]) -> None:
        """Show a text with buttons, each with what it does."""
        for old in self.answers:
            self._row.removeWidget(old)
            old.deleteLater()
        self.answers = []
        for place, (words, do) in enumerate(answers):
            answer = QPushButton(words)
            answer.setObjectName("plain" if place else "primary")
            answer.clicked.connect(lambda _=False, do=do: self._answer(do))
            self._row.insertWidget(1 + place, answer)
            self.answers.append(answer)
        self.text.setText(printable_lines(text))
        self.show()
        self.place()

    def _answer(self, do: Callable[[], object]) -> None:
        self.hide()
        do()
