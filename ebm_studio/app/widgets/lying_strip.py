"""A strip that lies over the top of what is shown, so that nothing is pushed about when it comes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QFrame, QWidget

from ebm_studio.app.look.guard import guarded


class LyingStrip(QFrame):
    """A strip in a layout, until it is told what to lie over."""

    def __init__(self) -> None:
        super().__init__()
        self._lies, self._top = False, 0

    def lie_over(self, stage: QWidget, top: int = 0) -> None:
        """Lie over what is shown, so many pixels below its top."""
        was_hidden = self.isHidden()
        self._lies, self._top = True, top
        self.setParent(stage)
        self.setHidden(was_hidden)
        stage.installEventFilter(self)
        self.place()

    def place(self) -> None:
        """Take as much height as the text needs, above everything else."""
        stage = self.parentWidget()
        if self._lies and stage is not None and self.isVisibleTo(stage):
            height = max(self.heightForWidth(stage.width()), self.minimumSizeHint().height())
            self.setGeometry(0, self._top, stage.width(), height)
            self.raise_()

    @guarded
    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):  # another text, of another height
            self.place()
        return handled

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.place()
        return super().eventFilter(watched, event)
