"""The Generate page: chains from noise, with everything that steers them."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from ebm_studio.app.banner import Banner
from ebm_studio.app.canvas import Canvas
from ebm_studio.app.header import Header
from ebm_studio.app.inspector import Inspector
from ebm_studio.app.state import GenerateState
from ebm_studio.app.theme import Theme
from ebm_studio.app.timeline import Timeline
from ebm_studio.app.tokens import UNIT
from ebm_studio.core.specs import MAX_STEPS


class GeneratePage(QWidget):
    """Canvas in the middle, inspector on the right, timeline below."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__()
        self.setObjectName("page")
        self._state = state
        self.header = Header(theme, state)
        self.banner = Banner(theme, state)
        self.canvas = Canvas(theme, state)
        self.timeline = Timeline(theme, state)
        self.inspector = Inspector(theme, state)

        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.header, self.banner):
            column.addWidget(widget)
        column.addWidget(self.canvas, 1)
        self._left = _splitter(Qt.Orientation.Vertical, top, self.timeline, (600, 20 * UNIT))
        self._whole = _splitter(Qt.Orientation.Horizontal, self._left, self.inspector, (960, 34 * UNIT))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._whole)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Only keys that the focused control has no use for come here.
        state, playback = self._state, self._state.playback
        actions = {
            Qt.Key.Key_Space: playback.toggle,
            Qt.Key.Key_Left: lambda: playback.step(-1),
            Qt.Key.Key_Right: lambda: playback.step(1),
            Qt.Key.Key_Home: lambda: playback.step(-MAX_STEPS),
            Qt.Key.Key_End: lambda: playback.step(MAX_STEPS),
            Qt.Key.Key_R: state.random_seed,
            Qt.Key.Key_Escape: state.cancel,
        }
        action = actions.get(Qt.Key(event.key()))
        if action is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        else:
            action()

    def remember(self, settings: QSettings) -> None:
        """Write where the splitters are."""
        settings.setValue("generate/left", self._left.saveState())
        settings.setValue("generate/whole", self._whole.saveState())

    def restore(self, settings: QSettings) -> None:
        """Put the splitters where they were."""
        for name, splitter in (("left", self._left), ("whole", self._whole)):
            if saved := settings.value(f"generate/{name}"):
                splitter.restoreState(saved)


def _splitter(way: Qt.Orientation, first: QWidget, second: QWidget, sizes: tuple[int, int]) -> QSplitter:
    splitter = QSplitter(way)
    splitter.setHandleWidth(1)
    splitter.setChildrenCollapsible(False)
    splitter.addWidget(first)
    splitter.addWidget(second)
    splitter.setStretchFactor(0, 1)
    splitter.setStretchFactor(1, 0)
    splitter.setSizes(list(sizes))
    return splitter
