"""The tour: eight stops on the pages, which use the real controls. You can leave it at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.tour_stop import Stop
from ebm_studio.app.widgets.fields import label


class Tour(QFrame):
    """A strip above the pages, with the text of the stop and buttons to go on, back or out."""

    def __init__(self, pages: Sequence[Page], show: Callable[[Page], object]) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setAccessibleName("Tour")
        self._show = show
        self._stops: list[tuple[Stop, Page]] = sorted(
            ((stop, page) for page in pages for stop in page.tour_stops()), key=lambda pair: pair[0].number
        )
        self._at = 0
        self.text = label("")
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(1)
        self.back = self._button("Back", "The previous stop.", lambda: self.go(self._at - 1))
        self.next = self._button("Next", "The next stop.", lambda: self.go(self._at + 1))
        self.next.setObjectName("primary")
        self.leave = self._button("Leave", "End the tour here. Help starts it again.", self.hide)
        self.leave.setObjectName("quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT // 2, UNIT, UNIT // 2)
        row.setSpacing(UNIT)
        row.addWidget(self.text, 1)
        for widget in (self.back, self.next, self.leave):
            row.addWidget(widget)
        self.hide()

    @property
    def count(self) -> int:
        """The number of stops."""
        return len(self._stops)

    def start(self) -> None:
        """Begin at the first stop."""
        self.go(0)

    def go(self, number: int) -> None:
        """Go to a stop, counted from 0; after the last one the tour ends."""
        if not 0 <= number < self.count:
            self.hide()
            return
        self._at = number
        stop, page = self._stops[number]
        self._show(page)
        stop.do()
        self.text.setText(f"{number + 1} of {self.count}  {stop.title}. {stop.text}")
        self.back.setEnabled(number > 0)
        self.next.setText("Done" if number + 1 == self.count else "Next")
        self.show()

    def _button(self, text: str, tip: str, do: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda: do())
        return button
