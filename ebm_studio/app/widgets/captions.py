"""Explain mode: short captions drawn at the things themselves, with the symbols of the paper as links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.studio.glossary import GLOSSARY

Place = Literal["left", "right", "beside"]
WIDTH = 34 * UNIT
"""Of a caption at most."""


@dataclass(frozen=True, eq=False)
class Caption:
    """What one thing on a page is. A page declares its captions where it makes its widgets."""

    widget: QWidget
    text: str
    """A sentence or two, in plain words."""
    terms: tuple[str, ...] = ()
    """Entries of the glossary that it leads to."""
    place: Place = "left"
    """In which lower corner of the thing, or beside it, at its left."""

    @property
    def html(self) -> str:
        """The text, and its symbols as links."""
        links = " · ".join(
            f'<a href="{term}">{GLOSSARY[term].symbol or GLOSSARY[term].name}</a>' for term in self.terms
        )
        return f"{self.text}<br>{links}" if links else self.text


class Captions(QObject):
    """Draws the captions of a page over it while they are wanted, and keeps them at their things."""

    wanted = Signal(str)
    """An entry of the glossary."""

    def __init__(self, area: QWidget) -> None:
        super().__init__(area)
        self._area = area
        self._captions: list[Caption] = []
        self.bubbles: list[QLabel] = []
        area.installEventFilter(self)

    def show(self, captions: Iterable[Caption]) -> None:
        """Draw these, and none that were there."""
        self.clear()
        self._captions = list(captions)
        for caption in self._captions:
            caption.widget.installEventFilter(self)
            self.bubbles.append(self._bubble(caption))
        self._place()

    def clear(self) -> None:
        """Take all away."""
        for caption in self._captions:
            caption.widget.removeEventFilter(self)
        for bubble in self.bubbles:
            bubble.hide()
            bubble.deleteLater()
        self._captions, self.bubbles = [], []

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return super().eventFilter(watched, event)

    def _bubble(self, caption: Caption) -> QLabel:
        bubble = QLabel(caption.html, self._area)
        bubble.setObjectName("caption")
        bubble.setTextFormat(Qt.TextFormat.RichText)
        bubble.setWordWrap(True)
        bubble.setAccessibleName(f"Explanation: {caption.text}")
        bubble.linkActivated.connect(self.wanted)
        return bubble

    def _place(self) -> None:
        taken: list[QRect] = []
        for caption, bubble in zip(self._captions, self.bubbles, strict=True):
            bubble.setVisible(caption.widget.isVisibleTo(self._area))
            if bubble.isVisibleTo(self._area):
                place = self._free(caption, bubble, taken)
                bubble.setGeometry(place)
                bubble.raise_()
                taken.append(place)

    def _free(self, caption: Caption, bubble: QLabel, taken: list[QRect]) -> QRect:
        """Where the caption wants to be, moved up until it covers no other one, inside the page."""
        widget = caption.widget
        thing = QRect(widget.mapTo(self._area, QPoint(0, 0)), widget.size()).intersected(self._area.rect())
        width = min(WIDTH, max(16 * UNIT, thing.width() - 2 * UNIT))
        height = bubble.heightForWidth(width)
        wanted = {
            "left": thing.left() + UNIT,
            "right": thing.right() - width - UNIT,
            "beside": thing.left() - width - 3 * UNIT,
        }
        left = max(0, min(wanted[caption.place], self._area.width() - width - UNIT))
        bottom = thing.top() + height + UNIT if caption.place == "beside" else thing.bottom() - UNIT
        top = max(0, min(bottom - height, self._area.height() - height))
        place = QRect(left, top, width, height)
        while (hit := next((other for other in taken if other.intersects(place)), None)) is not None:
            above = hit.top() - height - UNIT // 2
            if above < 0:
                break
            place.moveTop(above)
        return place
