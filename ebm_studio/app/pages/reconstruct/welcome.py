"""What the Reconstruct page shows before there is a photo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.reconstruct.sample_photos import sample_photos
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.widgets.fields import label

ICON = 6 * UNIT
THUMBNAIL = 6 * UNIT
IN_A_ROW = 5  # samples, which so fit in the smallest window


class Welcome(QWidget):
    """A place to drop photos on, and the other ways to get them."""

    def __init__(
        self, theme: Theme, state: ReconstructState, open_files: Callable[[], object], paste: Callable[[], object]
    ) -> None:
        super().__init__()
        self._theme = theme
        self._state = state
        self.sign = QLabel()
        self.open = QPushButton("Open photos…")
        self.open.setObjectName("primary")
        self.open.setToolTip("Choose photos (Ctrl+O).")
        self.open.clicked.connect(lambda: open_files())
        self.paste = QPushButton("Paste")
        self.paste.setToolTip("Paste the picture from the clipboard (Ctrl+V).")
        self.paste.clicked.connect(lambda: paste())
        ways = QHBoxLayout()
        ways.setSpacing(UNIT)
        ways.addStretch(1)
        ways.addWidget(self.open)
        ways.addWidget(self.paste)
        ways.addStretch(1)
        self.samples = self._samples()
        middle = Qt.AlignmentFlag.AlignHCenter
        column = QVBoxLayout(self)
        column.setSpacing(UNIT)
        column.addStretch(1)
        column.addWidget(self.sign, 0, middle)
        column.addWidget(label("Drop photos here", "title"), 0, middle)
        column.addWidget(label("We look for the noise that the model turns into your photo.", "muted"), 0, middle)
        column.addSpacing(UNIT)
        column.addLayout(ways)
        column.addSpacing(3 * UNIT)
        if self.samples:
            column.addWidget(label("or try one of these", "small"), 0, middle)
            grid = QGridLayout()
            grid.setSpacing(UNIT // 2)
            for index, sample in enumerate(self.samples):
                grid.addWidget(sample, index // IN_A_ROW, index % IN_A_ROW)
            rows = QHBoxLayout()
            rows.addStretch(1)
            rows.addLayout(grid)
            rows.addStretch(1)
            column.addLayout(rows)
        column.addStretch(1)
        theme.changed.connect(self._show_sign)
        self._show_sign()

    def _samples(self) -> list[QToolButton]:
        samples = []
        for path in sample_photos():
            sample = QToolButton()
            pixmap = QPixmap(str(path))
            smooth = Qt.TransformationMode.SmoothTransformation
            keep = Qt.AspectRatioMode.KeepAspectRatioByExpanding
            sample.setIcon(QIcon(pixmap.scaled(2 * THUMBNAIL, 2 * THUMBNAIL, keep, smooth)))
            sample.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
            sample.setProperty("role", "sample")
            sample.setAccessibleName(f"Sample {path.stem}")
            sample.setToolTip(path.stem.replace("-", " ").capitalize())
            sample.clicked.connect(lambda _=False, path=path: self._state.open_files([path]))
            samples.append(sample)
        return samples

    def _show_sign(self) -> None:
        self.sign.setPixmap(self._theme.icon("reconstruct").pixmap(ICON, ICON))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.canvas))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(t.faint), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(3 * UNIT, 3 * UNIT, -3 * UNIT, -3 * UNIT), 12, 12)
