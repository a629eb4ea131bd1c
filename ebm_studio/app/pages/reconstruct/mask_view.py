"""What the model sees of a photo, with a brush for the part to fill in."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.reconstruct.crop_view import CAPTION, MARGIN
from ebm_studio.app.pages.reconstruct.photo import Mask, seen
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.pixel_snapping import crisp_side, draw_picture, snapped

BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)


class MaskView(QWidget):
    """The left button paints, the right one does the opposite; the wheel changes the brush."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__()
        self.setAccessibleName("Mask of the photo")
        self.setToolTip("Paint over the parts to fill in. The right button erases; the wheel changes the brush size.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._theme = theme
        self._state = state
        self._point: QPointF | None = None
        for signal in (state.photos_changed, state.selection_changed, state.brush_changed, theme.changed):
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(800, 480)

    def tile(self) -> QRectF:
        """Where the picture is."""
        size = self._state.net.size if self._state.net else 32
        room = min(self.width() - 2 * MARGIN, self.height() - 2 * (MARGIN + CAPTION))
        side = crisp_side(self, room, size)
        return snapped(self, QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        t = self._theme.tokens
        painter.fillRect(self.rect(), QColor(t.canvas))
        photo, net = self._state.current, self._state.net
        if photo is None or net is None:
            return
        tile = self.tile()
        draw_picture(painter, tile, to_image(seen(photo, net)))
        mask = photo.mask(net.size)
        if mask is not None:
            draw_mask(painter, tile, mask, QColor(t.accent))
        self._paint_brush(painter, tile, net.size)
        painter.setPen(QColor(t.muted))
        share = 0.0 if mask is None else float(mask.mean())
        text = f"{share:.0%} to fill in" if share else "Paint over the parts to fill in"
        room = QRectF(0, tile.bottom() + UNIT, self.width(), CAPTION)
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)

    def _paint_brush(self, painter: QPainter, tile: QRectF, size: int) -> None:
        if self._point is None:
            return
        radius = self._state.brush / 2 * tile.width() / size
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((QColor(0, 0, 0, 160), 3.0), (QColor("white"), 1.5)):
            painter.setPen(QPen(color, width))
            painter.drawEllipse(self._point, radius, radius)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in BUTTONS:
            self._state.begin_stroke()
            self._stroke(event.position(), event.position(), event.button() == Qt.MouseButton.RightButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        before, self._point = self._point or event.position(), event.position()
        if event.buttons() & (Qt.MouseButton.LeftButton | Qt.MouseButton.RightButton):
            self._stroke(before, self._point, bool(event.buttons() & Qt.MouseButton.RightButton))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._point = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._state.set_brush(self._state.brush + (1 if event.angleDelta().y() > 0 else -1))

    def _stroke(self, start: QPointF, end: QPointF, opposite: bool) -> None:
        self._point = end
        self._state.paint(self._on_model(start), self._on_model(end), opposite)

    def _on_model(self, point: QPointF) -> tuple[float, float]:
        tile = self.tile()
        zoom = tile.width() / (self._state.net.size if self._state.net else 32)
        return ((point.x() - tile.x()) / zoom, (point.y() - tile.y()) / zoom)


def draw_mask(painter: QPainter, tile: QRectF, mask: Mask, color: QColor) -> None:
    """Tint the unknown pixels, in crisp squares."""
    height, width = mask.shape
    rgba = (mask[..., None] * [color.red(), color.green(), color.blue(), 190]).astype("uint8")
    image = QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
    draw_picture(painter, tile, image)
