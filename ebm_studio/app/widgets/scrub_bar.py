"""The scrub bar: a slider over the steps that shows how far the chain has come and where the trained K ends."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QSlider

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT

RADIUS = 6
TIP = "The step shown: 0 is the start noise z, K is the image."


class ScrubBar(QSlider):
    """A click goes there at once, a drag follows. `scrubbed` is by hand only."""

    scrubbed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName("Step")
        self.setToolTip(TIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._theme = theme
        self._filled = 0
        self._trained: int | None = None
        self._stopped: int | None = None
        self._log = False
        theme.changed.connect(self.update)
        self.sliderMoved.connect(self.scrubbed)

    def sizeHint(self) -> QSize:
        return QSize(200, 3 * UNIT)

    def minimumSizeHint(self) -> QSize:
        return QSize(6 * UNIT, 3 * UNIT)

    def set_filled(self, step: int) -> None:
        """The newest step there is."""
        self._filled = step
        self.update()

    def set_stopped(self, step: int | None) -> None:
        """The step at which the chain was stopped early, to be marked; None when it was not."""
        self._stopped = step
        self._tell()

    def set_trained(self, steps: int | None) -> None:
        """The K that the model was trained with, marked if the chain continues past it."""
        self._trained = steps
        self._tell()

    def _tell(self) -> None:
        beyond = self._trained is not None and self._trained < self.maximum()
        text = f" The mark shows the trained K = {self._trained}. Longer chains over-saturate." if beyond else ""
        if self._stopped is not None:
            text += f" The grey line ends at step {self._stopped}, where the chain was stopped."
        self.setToolTip(TIP + text)
        self.update()

    def set_log(self, log: bool) -> None:
        """Give the first steps more room than the last."""
        self._log = log
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self.height() / 2
        left = self._x(0)
        for step, color, height in (
            (self.maximum(), t.line, 4),
            (self._filled, t.faint, 4),
            (self.value(), t.accent if self.isEnabled() else t.line, 4),
        ):
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(QRectF(left, middle - height / 2, self._x(step) - left, height), 2, 2)
        if self._trained is not None and self._trained < self.maximum():
            x = self._x(self._trained)
            painter.setPen(QPen(QColor(t.warning), 2))
            painter.drawLine(QPointF(x, middle - UNIT), QPointF(x, middle + UNIT))
            painter.setPen(Qt.PenStyle.NoPen)
        if self._stopped is not None:
            x = self._x(self._stopped)
            painter.setPen(QPen(QColor(t.text), 2))
            painter.drawLine(QPointF(x, middle - UNIT), QPointF(x, middle + UNIT))
            painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.text if self.isEnabled() else t.faint))
        if self.hasFocus():
            painter.setPen(QPen(QColor(t.accent), 2))
        x = self._x(self.value())
        painter.drawEllipse(QRectF(x - RADIUS, middle - RADIUS, 2 * RADIUS, 2 * RADIUS))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._go(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def x_of(self, step: int) -> int:
        """Where a step is, in pixels from the left."""
        return round(self._x(step))

    def _go(self, x: float) -> None:
        share = min(max((x - RADIUS) / max(self.width() - 2 * RADIUS, 1), 0), 1)
        most = self.maximum()
        self.setValue(round((1 + most) ** share - 1 if self._log else share * most))
        self.scrubbed.emit(self.value())

    def _x(self, step: int) -> float:
        most = max(self.maximum(), 1)
        share = math.log1p(step) / math.log1p(most) if self._log else step / most
        return RADIUS + share * (self.width() - 2 * RADIUS)
