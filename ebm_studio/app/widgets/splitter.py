"""Two widgets side by side whose shares can be dragged."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSplitter, QWidget

from ebm_studio.data.storage.settings import Settings


class Splitter(QSplitter):
    """Knows whether it was shown: before, the lengths of its parts are nobody's choice."""

    was_shown = False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.was_shown = True


def splitter(way: Qt.Orientation, first: QWidget, second: QWidget, sizes: tuple[int, int]) -> Splitter:
    """Two widgets with a hairline between them that can be dragged; the first takes what room there is."""
    held = Splitter(way)
    held.setHandleWidth(1)
    held.setChildrenCollapsible(False)
    held.addWidget(first)
    held.addWidget(second)
    held.setStretchFactor(0, 1)
    held.setStretchFactor(1, 0)
    held.setSizes(list(sizes))
    return held


def remember_split(settings: Settings, key: str, split: Splitter) -> None:
    """Keep the lengths of its parts, if it was shown."""
    if split.was_shown:
        settings.set(key, split.sizes())


def restore_split(settings: Settings, key: str, split: QSplitter) -> None:
    """Give its parts the lengths that were kept, if there are any.

    Not `QSplitter.restoreState`: a damaged state also changes its direction and the width of its bar.
    """
    if sizes := settings.sizes(key, split.count()):
        split.setSizes(sizes)
