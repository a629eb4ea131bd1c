"""The picture at the place on the path, large; and the pad that mixes four latents."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.pages.interpolate.state import CORNERS, PathState
from ebm_studio.app.studio.keys import Line
from ebm_studio.app.widgets.actions import Use, line, press_own, use
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.live_tip import LiveTip
from ebm_studio.app.widgets.pixel_snapping import crisp_side, draw_picture, snapped
from ebm_studio.data.exports.frames import letter
from ebm_studio.data.pictures.pictures import Pixels

MARGIN = UNIT
EDGE = 10 * UNIT  # of a corner's picture on the pad, at most
KNOB = 7
NUDGE = 0.02  # of the pad's side


class BigPicture(QWidget):
    """The largest integer zoom that fits."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__()
        self._tip = LiveTip(self)  # before Qt sends the first event
        self.setAccessibleName("Picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 96)
        self._theme = theme
        self._state = state
        for signal in (state.moved, state.surface_changed, state.stops_changed):
            signal.connect(self.update)
            signal.connect(self._describe)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def pixels(self) -> Pixels | None:
        """What is shown, uint8 (C, H, W)."""
        return self._state.picture()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        t = self._theme.tokens
        painter.fillRect(self.rect(), QColor(t.canvas))
        pixels = self.pixels()
        if pixels is None:
            painter.setPen(QColor(t.muted))
            where = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            painter.drawText(self.rect().adjusted(0, 0, 0, -MARGIN), where | Qt.TextFlag.TextWordWrap, self._hint())
            return
        image = to_image(pixels)
        side = crisp_side(self, min(self.width(), self.height()) - 2 * MARGIN, image.width())
        middle = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        draw_picture(painter, snapped(self, middle), image)

    @guarded
    def event(self, event: QEvent) -> bool:
        self._tip.hear(event)
        return super().event(event)

    def _describe(self) -> None:
        state, energy = self._state, self._state.energy()
        if energy is None:
            self._tip.say("")
            return
        place = f"Frame {state.frame}, ρ = {state.rho:.3f}" if state.view != "pad" else "At the point of the pad"
        step = state.parameters.run.steps if state.step is None else state.step
        self._tip.say(f"{place}, step {step}, energy E = {signed(energy)}.")

    def _hint(self) -> str:
        state = self._state
        if state.model is None or state.making or state.whole:
            return ""
        return "Fill A and B with a seed, a photo, or a latent from the shelf."


class Pad(QWidget):
    """A square with a latent at each corner. A drag mixes them, and the picture follows."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__()
        self.setAccessibleName("Latent pad")
        self.setToolTip("Drag to mix four latents. Arrows move the point.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 128)
        self._theme = theme
        self._state = state
        for signal in (state.moved, state.stops_changed, theme.changed):
            signal.connect(self.update)

    @property
    def square(self) -> QRectF:
        """The room of the point; the corners' pictures lie inside it."""
        side = min(self.width(), self.height()) - 4 * MARGIN
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        t = self._theme.tokens
        painter.fillRect(self.rect(), QColor(t.canvas))
        square = self.square
        painter.setPen(QPen(QColor(t.line), 1))
        for third in (1, 2, 3):
            x, y = square.left() + third * square.width() / 4, square.top() + third * square.height() / 4
            painter.drawLine(QPointF(x, square.top()), QPointF(x, square.bottom()))
            painter.drawLine(QPointF(square.left(), y), QPointF(square.right(), y))
        painter.setPen(QPen(QColor(t.faint), 1))
        painter.drawRect(square)
        for corner in range(CORNERS):
            self._paint_corner(painter, corner)
        if len(self._state.stops) < CORNERS or None in self._state.stops[:CORNERS]:
            return
        x, y = self._state.point
        point = QPointF(square.left() + x * square.width(), square.top() + y * square.height())
        painter.setPen(QPen(QColor(t.canvas), 2))
        painter.setBrush(QColor(t.accent))
        painter.drawEllipse(point, KNOB, KNOB)

    def _paint_corner(self, painter: QPainter, corner: int) -> None:
        t, square = self._theme.tokens, self.square
        stops = self._state.stops
        kept = stops[corner] if corner < len(stops) else None
        side = min(EDGE, square.width() / 4)
        if kept is not None:
            side = crisp_side(self, side, kept.picture.shape[2])
        left = square.left() if corner % 2 == 0 else square.right() - side
        top = square.top() if corner < 2 else square.bottom() - side
        box = snapped(self, QRectF(left, top, side, side))
        if kept is not None:
            draw_picture(painter, box, to_image(kept.picture))
        else:
            painter.fillRect(box, QColor(t.surface))
        font = self.font()
        font.setPixelSize(SMALL)
        painter.setFont(font)
        painter.setPen(QColor(t.muted))
        beside = box.translated((side + UNIT) * (1 if corner % 2 == 0 else -1), 0)
        across = Qt.AlignmentFlag.AlignLeft if corner % 2 == 0 else Qt.AlignmentFlag.AlignRight
        down = Qt.AlignmentFlag.AlignTop if corner < 2 else Qt.AlignmentFlag.AlignBottom
        painter.drawText(beside, across | down, letter(corner))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._drag(event)

    def _drag(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            square, at = self.square, event.position()
            self._state.go_point((at.x() - square.left()) / square.width(), (at.y() - square.top()) / square.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_own(self, USES, event):
            super().keyPressEvent(event)

    def nudge(self, right: float, down: float) -> None:
        """Move the point by so much of the pad's side."""
        x, y = self._state.point
        self._state.go_point(x + right, y + down)


USES: Sequence[Use[Pad]] = (
    use("Point to the left", lambda pad: pad.nudge(-NUDGE, 0), Qt.Key.Key_Left),
    use("Point to the right", lambda pad: pad.nudge(NUDGE, 0), Qt.Key.Key_Right),
    use("Point up", lambda pad: pad.nudge(0, -NUDGE), Qt.Key.Key_Up),
    use("Point down", lambda pad: pad.nudge(0, NUDGE), Qt.Key.Key_Down),
)
HELP = (*map(line, USES), Line("Mix the four latents", ("Drag",)))
