"""A square of the plane: a heat map, and on the energy also the data, the chains in motion, and arrows downhill."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.core.evaluation.plane import Points
from ebm_studio.data.points.drawing import CHAIN_DOT, DATA_DOT, Rgb
from ebm_studio.data.points.scene import GRID
from ebm_studio.engine.cloud_store import CloudStore, Floats

TRAIL = 6  # length of a chain's trail, in steps
DOT, DATA_SIZE = 4.0, 2.2


class PlaneView(QWidget):
    """Shows a picture of the square, and says where the pointer is."""

    pointed = Signal(object)
    """(x, y) under the pointer, or None."""
    brushed = Signal(object)
    """(x, y) of a press or a drag with the left button."""
    released = Signal()
    """The drag has ended."""

    def __init__(self, theme: Theme, name: str, tip: str) -> None:
        super().__init__()
        self.setObjectName("canvas")
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(15 * UNIT, 15 * UNIT)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._theme = theme
        self._pixels: Rgb | None = None
        self._image = QImage()
        self._ground: QPixmap | None = None
        """What is below all that moves, as it was last drawn."""
        theme.changed.connect(self.renew)

    def sizeHint(self) -> QSize:
        return QSize(40 * UNIT, 40 * UNIT)

    def set_picture(self, pixels: Rgb | None) -> None:
        """Show another heat map, (H, W, 3), or none."""
        self._pixels = None if pixels is None else np.ascontiguousarray(pixels)  # the image does not copy it
        if self._pixels is not None:
            height, width, _ = self._pixels.shape
            self._image = QImage(self._pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        self.renew()

    def renew(self) -> None:
        """Draw the ground anew, not only what moves on it."""
        self._ground = None
        self.update()

    def square(self) -> QRectF:
        """The rectangle in which the plane is drawn."""
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def place(self, x: float, y: float) -> QPointF:
        """The place at which a point of the plane is drawn."""
        square = self.square()
        scale = square.width() / (2 * GRID.extent)
        return QPointF(square.left() + (x + GRID.extent) * scale, square.top() + (GRID.extent - y) * scale)

    def point(self, place: QPointF) -> tuple[float, float] | None:
        """The point of the plane that is drawn there; None outside."""
        square = self.square()
        if not square.contains(place):
            return None
        scale = 2 * GRID.extent / square.width()
        return (place.x() - square.left()) * scale - GRID.extent, GRID.extent - (place.y() - square.top()) * scale

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._pixels is None:
            painter.fillRect(self.rect(), QColor(self._theme.tokens.canvas))
            painter.setPen(QColor(self._theme.tokens.muted))
            painter.drawText(self.square(), Qt.AlignmentFlag.AlignCenter, "Measuring…")
            return
        wanted = self.size() * self.devicePixelRatioF()
        if self._ground is None or self._ground.size() != wanted:
            self._ground = self._drawn_ground(wanted)
        painter.drawPixmap(0, 0, self._ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self.square())
        self.paint_over(painter)

    def _drawn_ground(self, size: QSize) -> QPixmap:
        ground = QPixmap(size)
        ground.setDevicePixelRatio(self.devicePixelRatioF())
        ground.fill(QColor(self._theme.tokens.canvas))
        painter = QPainter(ground)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        painter.drawImage(self.square(), self._image)
        painter.setClipRect(self.square())
        self.paint_ground(painter)
        painter.end()
        return ground

    def paint_ground(self, painter: QPainter) -> None:
        """Draw what lies still on top of the heat map."""

    def paint_over(self, painter: QPainter) -> None:
        """Draw what moves on top of it."""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = self.point(event.position())
        self.pointed.emit(point)
        if event.buttons() & Qt.MouseButton.LeftButton and point is not None:
            self.brushed.emit(point)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = self.point(event.position())
        if event.button() == Qt.MouseButton.LeftButton and point is not None:
            self.brushed.emit(point)
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.released.emit()
        super().mouseReleaseEvent(event)

    def leaveEvent(self, event: object) -> None:
        self.pointed.emit(None)


class EnergyView(PlaneView):
    """The energy with the data, the chains and the arrows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme,
            "Energy",
            "The energy E, light where it is low. Dark dots are data; the chains walk downhill from noise in K steps.",
        )
        self.cloud: CloudStore | None = None
        self.position = 0
        self.selected: int | None = None
        self.data: Points | None = None
        self.slopes: Floats | None = None
        self.shows_data, self.shows_chains, self.shows_trails, self.shows_arrows = True, True, True, False

    def paint_ground(self, painter: QPainter) -> None:
        if self.shows_arrows and self.slopes is not None:
            self._paint_arrows(painter)
        if self.shows_data and self.data is not None and len(self.data):
            self._paint_dots(painter, self.data, QColor(*DATA_DOT, 170), DATA_SIZE)

    def paint_over(self, painter: QPainter) -> None:
        if self.shows_chains and self.cloud is not None and self.cloud.rows:
            self._paint_chains(painter, self.cloud)

    def _places(self, points: Floats) -> Floats:
        """Pixels (..., 2) of points (..., 2). A chain that diverged lies somewhere outside."""
        square = self.square()
        scale = square.width() / (2 * GRID.extent)
        at = np.nan_to_num(points, nan=1e4, posinf=1e4, neginf=-1e4).clip(-100, 100)
        origin = np.array([square.left(), square.top()], np.float32)
        return np.asarray((np.array([1, -1]) * at + GRID.extent) * scale + origin, np.float32)

    def _paint_dots(self, painter: QPainter, points: Floats, colour: QColor, size: float) -> None:
        painter.setPen(QPen(colour, size, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        _draw_points(painter, self._places(points))

    def _paint_chains(self, painter: QPainter, cloud: CloudStore) -> None:
        row = cloud.row_of(self.position)
        recent = self._places(cloud.points(max(row - TRAIL, 0), row))
        colour = QColor(*CHAIN_DOT)
        if self.shows_trails and len(recent) > 1:
            faint = QColor(colour)
            faint.setAlpha(90)
            painter.setPen(QPen(faint, 1))
            ends = np.concatenate([recent[:-1], recent[1:]], axis=2).reshape(-1, 4)
            _draw_lines(painter, ends)
        self._paint_dots(painter, cloud.points(row, row)[0], colour, DOT)
        if self.selected is not None and self.selected < cloud.count:
            self._paint_way(painter, self._places(cloud.points(0, row)[:, self.selected]))

    def _paint_way(self, painter: QPainter, way: Floats) -> None:
        painter.setPen(QPen(QColor("white"), 1.5))
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in way.tolist()]))
        painter.drawEllipse(QPointF(*way[-1].tolist()), DOT, DOT)

    def _paint_arrows(self, painter: QPainter) -> None:
        assert self.slopes is not None
        count = len(self.slopes)
        line = np.linspace(-GRID.extent, GRID.extent, count + 2)[1:-1]
        at = np.stack(np.meshgrid(line, line), -1)
        length = np.linalg.norm(self.slopes, axis=-1, keepdims=True)
        room = 0.8 * (line[1] - line[0])
        down = -self.slopes / np.maximum(length, 1e-12) * room * np.sqrt(length / max(float(length.max()), 1e-12))
        starts, ends = (
            self._places(at.reshape(-1, 2).astype(np.float32)),
            self._places((at + down).reshape(-1, 2).astype(np.float32)),
        )
        painter.setPen(QPen(QColor(255, 255, 255, 170), 1.2))
        _draw_lines(painter, np.concatenate([starts, ends], axis=1))
        painter.setPen(QPen(QColor(255, 255, 255, 220), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        _draw_points(painter, ends)


def _draw_points(painter: QPainter, rows: Floats) -> None:
    """Dots at pixels (N, 2). See `_primitives`."""
    points = _primitives(QPointF, rows)
    painter.drawPoints(*points.drawargs())


def _draw_lines(painter: QPainter, rows: Floats) -> None:
    """Lines from pixels to pixels (N, 4). See `_primitives`."""
    lines = _primitives(QLineF, rows)
    painter.drawLines(*lines.drawargs())


def _primitives(kind: type[QPointF] | type[QLineF], rows: Floats) -> Any:
    """Points or lines in one piece of memory, which lives as long as what is returned. Made one by one in Python, they
    took most of a frame, and the training in the thread beside it waited for each.
    """
    from pyqtgraph.Qt import internals  # not at the window's launch

    array = internals.PrimitiveArray(kind, rows.shape[1])
    array.resize(len(rows))
    array.ndarray()[:] = rows
    return array
