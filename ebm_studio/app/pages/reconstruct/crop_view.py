"""The photo with its crop frame, and beside it what the model will see."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.reconstruct.photo import Photo, seen
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.studio.keys import Line
from ebm_studio.app.widgets.fields import button
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.pixel_snapping import crisp_side, draw_picture, image_of_photo, snapped
from ebm_studio.data.pictures.pictures import Crop

MARGIN = 3 * UNIT
GAP = 4 * UNIT
CAPTION = 3 * UNIT
HANDLE = 10
REACH = 14  # from a corner, in which it can be caught
NOTCH = 1.05  # growth of the crop a notch of the wheel, or a key
SMALL_PHOTO = 160  # pixels up to which a photo's own are shown as squares


class CropView(QWidget):
    """Drag the frame to move it, a corner or the wheel to scale it; arrow keys, + and − do the same."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__()
        self.setAccessibleName("Crop of the photo")
        self.setToolTip("Drag the frame to move it. Drag a corner or turn the wheel to resize it.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._theme = theme
        self._state = state
        self._photo: QImage | None = None
        self._of: object = None  # the picture that it is made from
        self._grip: tuple[Crop, QPointF, str] | None = None  # the crop and the point where a drag began, and of what
        self.turn = button(theme, "turn", "Turn", "Rotate the photo by 90° (T).", state.turn)
        self.centre = button(theme, "centre", "Centre", "Back to the centre square (C).", state.centre)
        tools = QHBoxLayout(self)
        tools.setContentsMargins(MARGIN, UNIT, MARGIN, UNIT)
        tools.setSpacing(UNIT // 2)
        for widget in (self.turn, self.centre):
            tools.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        tools.addStretch(1)
        state.photos_changed.connect(self._load)
        state.selection_changed.connect(self._load)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(800, 480)

    def _load(self) -> None:
        photo = self._state.current
        if photo is not None and photo.picture is not self._of:
            self._photo, self._of = image_of_photo(photo.picture), photo.picture
        self.update()

    # Where things are

    def photo_rect(self) -> QRectF:
        """Where the photo is."""
        room = self._photo_room()
        width, height = self._size()
        zoom = min(room.width() / width, room.height() / height)
        if max(width, height) <= SMALL_PHOTO:
            side = crisp_side(self, zoom * max(width, height), max(width, height))
            zoom = side / max(width, height)
        shown = QRectF(0, 0, width * zoom, height * zoom)
        shown.moveCenter(room.center())
        return snapped(self, shown)

    def frame(self) -> QRectF:
        """Where the crop frame is."""
        photo, shown = self._state.current, self.photo_rect()
        assert photo is not None
        zoom, crop = shown.width() / self._size()[0], photo.crop
        return QRectF(shown.x() + crop.left * zoom, shown.y() + crop.top * zoom, crop.side * zoom, crop.side * zoom)

    def seen_rect(self) -> QRectF:
        """Where the model's view is."""
        size = self._state.net.size if self._state.net else 32
        side = crisp_side(self, self._seen_room(), size)
        left = self.width() - MARGIN - (self._seen_room() + side) / 2
        return snapped(self, QRectF(left, (self.height() - side) / 2, side, side))

    def _seen_room(self) -> float:
        return min((self.width() - 2 * MARGIN - GAP) * 0.38, self.height() - 2 * (MARGIN + CAPTION))

    def _photo_room(self) -> QRectF:
        width = self.width() - 2 * MARGIN - GAP - self._seen_room()
        top = MARGIN + CAPTION
        return QRectF(MARGIN, top, max(width, 1), max(self.height() - 2 * top, 1))

    def _size(self) -> tuple[int, int]:
        assert self._state.current is not None
        return self._state.current.picture.size

    # Paint

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.canvas))
        photo = self._state.current
        if photo is None or self._photo is None:
            return
        shown, net = self.photo_rect(), self._state.net
        if shown.width() >= self._photo.width() and max(self._size()) <= SMALL_PHOTO:
            draw_picture(painter, shown, self._photo)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(shown, self._photo)
        self._paint_frame(painter, shown)
        width, height = photo.picture.size
        target = self.seen_rect()
        middle = (shown.right() + target.left()) / 2
        self._caption(painter, shown, UNIT, middle - UNIT, photo.path.name, f"{width} × {height}")
        if net is not None:
            draw_picture(painter, target, to_image(seen(photo, net)))
            size = f"{net.size} × {net.size}"
            self._caption(painter, target, middle + UNIT, self.width() - UNIT, "What the model sees", size)

    def _paint_frame(self, painter: QPainter, shown: QRectF) -> None:
        t, frame = self._theme.tokens, self.frame()
        outside = QPainterPath()
        outside.addRect(shown)
        outside.addRect(frame)
        shade = QColor("black")
        shade.setAlphaF(0.6)
        painter.fillPath(outside, shade)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((QColor(0, 0, 0, 120), 4), (QColor(t.accent if self.hasFocus() else "#ffffff"), 2)):
            painter.setPen(QPen(color, width, j=Qt.PenJoinStyle.MiterJoin))
            painter.drawRect(frame)
        painter.setPen(QPen(QColor(0, 0, 0, 120), 1))
        painter.setBrush(QColor("white"))
        for corner in _corners(frame):
            painter.drawRect(QRectF(corner.x() - HANDLE / 2, corner.y() - HANDLE / 2, HANDLE, HANDLE))

    def _caption(self, painter: QPainter, under: QRectF, low: float, high: float, name: str, size: str) -> None:
        """A name and a size between two edges, in one line or, where it is too long, in two."""
        painter.setPen(QColor(self._theme.tokens.muted))
        lines, metrics = [f"{name}  ·  {size}"], painter.fontMetrics()
        if metrics.horizontalAdvance(lines[0]) >= high - low:
            lines = [metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(high - low)), size]
        wide = max(map(metrics.horizontalAdvance, lines)) + 1
        left = max(min(under.center().x() - wide / 2, high - wide), low)
        where = QRectF(left, under.bottom() + UNIT, wide, 2 * CAPTION)
        painter.drawText(where, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "\n".join(lines))

    # Hands and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        photo = self._state.current
        if photo is not None and event.button() == Qt.MouseButton.LeftButton:
            part = self._part_at(event.position())
            self._grip = (photo.crop, event.position(), part) if part else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._state.current is None:
            return
        if self._grip is None:
            self._set_cursor(self._part_at(event.position()))
            return
        began, point, part = self._grip
        zoom = self.photo_rect().width() / self._size()[0]
        moved = (event.position() - point) / zoom
        crop = _resized(began, moved, part, self._size()) if part != "frame" else None
        if crop is None:
            crop = Crop(began.left + moved.x(), began.top + moved.y(), began.side)
        self._state.change("Crop", lambda photo: photo.cropped(crop))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def leaveEvent(self, event: QEvent) -> None:
        self.unsetCursor()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        self._state.change("Crop", lambda photo: photo.scaled(NOTCH**-notches))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        photo = self._state.current
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        edit = _edits(photo, 10 if shift else 1).get(event.key()) if photo is not None else None
        if edit is None:
            super().keyPressEvent(event)
        else:
            right, down, factor = edit
            self._state.change("Crop", lambda photo: photo.moved(right, down).scaled(factor))

    def _part_at(self, point: QPointF) -> str:
        """The corner under a point (nw, ne, se, sw), the frame, or nothing."""
        frame = self.frame()
        for name, corner in zip(("nw", "ne", "se", "sw"), _corners(frame), strict=True):
            if max(abs(point.x() - corner.x()), abs(point.y() - corner.y())) <= REACH:
                return name
        return "frame" if frame.contains(point) else ""

    def _set_cursor(self, part: str) -> None:
        shapes = {
            "nw": Qt.CursorShape.SizeFDiagCursor,
            "se": Qt.CursorShape.SizeFDiagCursor,
            "ne": Qt.CursorShape.SizeBDiagCursor,
            "sw": Qt.CursorShape.SizeBDiagCursor,
            "frame": Qt.CursorShape.SizeAllCursor,
        }
        self.setCursor(shapes.get(part, Qt.CursorShape.ArrowCursor))


def _corners(frame: QRectF) -> tuple[QPointF, QPointF, QPointF, QPointF]:
    return (frame.topLeft(), frame.topRight(), frame.bottomRight(), frame.bottomLeft())


def _resized(began: Crop, moved: QPointF, part: str, size: tuple[int, int]) -> Crop:
    """The crop after a corner was dragged: the opposite corner stays, and the square within the photo."""
    outward = moved.x() * (1 if "e" in part else -1), moved.y() * (1 if "s" in part else -1)
    right, bottom = began.left + began.side, began.top + began.side
    room = min(
        size[0] - began.left if "e" in part else right,
        size[1] - began.top if "s" in part else bottom,
    )
    side = min(max(began.side + max(outward), 1.0), room)
    return Crop(
        began.left if "e" in part else right - side,
        began.top if "s" in part else bottom - side,
        side,
    )


HELP = (
    Line("Move the crop", ("Arrows", "Drag")),
    Line("Move the crop far", ("Shift+Arrows",)),
    Line("Enlarge the crop", ("+", "=")),
    Line("Shrink the crop", ("-",)),
    Line("Resize the crop", ("Wheel", "Drag a corner")),
)


def _edits(photo: Photo, times: int) -> dict[int, tuple[float, float, float]]:
    """What each key does to a crop: right, down, and growth."""
    step = max(photo.crop.side / 100, 0.25) * times
    return {
        Qt.Key.Key_Left: (-step, 0, 1),
        Qt.Key.Key_Right: (step, 0, 1),
        Qt.Key.Key_Up: (0, -step, 1),
        Qt.Key.Key_Down: (0, step, 1),
        Qt.Key.Key_Plus: (0, 0, NOTCH),
        Qt.Key.Key_Equal: (0, 0, NOTCH),
        Qt.Key.Key_Minus: (0, 0, 1 / NOTCH),
    }
