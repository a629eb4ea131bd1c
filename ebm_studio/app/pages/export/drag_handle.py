"""The finished file of an export, to be dragged into another program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import (
    QDrag,
    QImage,
    QMouseEvent,
    QPixmap,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
)

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.export.state import ExportState
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.names import printable

CARRIED = 96  # pixels of the picture under the pointer in a drag


class DragHandle(QFrame):
    """The finished file, to be dragged into another program."""

    def __init__(self, theme: Theme, state: ExportState, picture: Callable[[], QImage | None]) -> None:
        """`picture` is what the pointer carries."""
        super().__init__()
        self.setObjectName("handle")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip("Drag the file into another program.")
        self._state = state
        self._picture = picture
        self._pressed: QPointF | None = None
        self.name = label("")
        grip = QLabel()
        grip.setPixmap(theme.icon("grip").pixmap(QSize(20, 20)))
        theme.changed.connect(lambda: grip.setPixmap(theme.icon("grip").pixmap(QSize(20, 20))))
        row = QHBoxLayout(self)
        row.setContentsMargins(UNIT // 2, 0, UNIT, 0)
        row.setSpacing(UNIT // 2)
        row.addWidget(grip)
        row.addWidget(self.name)

    def show_path(self, path: Path) -> None:
        """Show which file it is."""
        self.setAccessibleName(f"Drag {path.name}")
        self.name.setText(printable(path.name))

    def mime(self) -> QMimeData:
        """What another program gets."""
        data = QMimeData()
        if self._state.exported is not None:
            data.setUrls([QUrl.fromLocalFile(str(self._state.exported.path))])
        return data

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        if (event.position() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            drag = QDrag(self)
            drag.setMimeData(self.mime())
            if (picture := self._picture()) is not None:
                small = picture.scaled(CARRIED, CARRIED, Qt.AspectRatioMode.KeepAspectRatio)
                drag.setPixmap(QPixmap.fromImage(small))
            drag.exec(Qt.DropAction.CopyAction)
