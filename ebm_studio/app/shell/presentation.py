"""For an audience: the page's picture on the whole screen, with a caption, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMainWindow, QWidget

from ebm_studio.app.pages.page import Page


class Presentation(QLabel):
    """The caption, and what hides the rest. Made by the window, which gives it a place below its pages."""

    def __init__(self, window: QMainWindow, page: Callable[[], Page], frame: Sequence[QWidget]) -> None:
        super().__init__()
        self.setObjectName("caption")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hide()
        self._window = window
        self._page = page
        self._frame = frame
        self._hidden: list[QWidget] = []
        self._was_maximised = False

    @property
    def active(self) -> bool:
        """Whether the window presents."""
        return bool(self._hidden)

    def toggle(self) -> None:
        """Start, or return to the normal view."""
        if self.active:
            self.end()
        elif (stage := self._page().stage) is not None:
            self._begin(stage)

    def end(self) -> None:
        """Return to the normal view."""
        if not self.active:
            return
        for widget in self._hidden:
            widget.show()
        self._hidden = []
        self.hide()
        if self._was_maximised:
            self._window.showMaximized()
        else:
            self._window.showNormal()

    def _begin(self, stage: QWidget) -> None:
        page = self._page()
        self._hidden = [widget for widget in (*self._frame, *_around(stage, page)) if not widget.isHidden()]
        for widget in self._hidden:
            widget.hide()
        model = page.studio.open.model
        self.setText("   ·   ".join([*([model.name] if model else []), page.title, "F11 ends the presentation"]))
        self.show()
        self._was_maximised = self._window.isMaximized()
        self._window.showFullScreen()


def _around(stage: QWidget, page: QWidget) -> Iterator[QWidget]:
    """Every widget of a page that is not the stage, or around it."""
    while stage is not page:
        parent = stage.parentWidget()
        assert parent is not None
        for child in parent.children():
            if isinstance(child, QWidget) and child is not stage and not child.isWindow():
                yield child
        stage = parent
