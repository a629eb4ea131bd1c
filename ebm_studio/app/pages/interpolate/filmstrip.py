"""The frames of a path side by side, and the whole surface of frames and steps. Both are for dragging over."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.live_tip import LiveTip
from ebm_studio.app.widgets.pixel_snapping import draw_picture, on_pixel

STRIP = 8 * UNIT  # a strip's pictures are at most so high
MARGIN = 2 * UNIT
SCALE = 5 * UNIT  # room for the steps at the left of a surface
MOST_IMAGES = 6000  # in memory


class FrameGrid(QWidget):
    """Frames from left to right, one row or several. A drag goes to the frame, and with several to the step."""

    def __init__(self, theme: Theme, state: PathState, name: str, tip: str) -> None:
        super().__init__()
        self._tip = LiveTip(self)  # before Qt sends the first event
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self._theme = theme
        self._state = state
        self._images: dict[tuple[int, int], QImage] = {}
        self._use = tip
        self._hovered: QPointF | None = None
        self._tip.say(tip)
        state.surface_changed.connect(self._forget)
        for signal in (state.grew, state.moved, theme.changed):
            signal.connect(self.update)
        for signal in (state.grew, state.moved, state.surface_changed):
            signal.connect(self._describe)

    def rows(self) -> list[int]:
        """The surface's rows that are shown, from top to bottom."""
        raise NotImplementedError

    def row_at(self, y: float) -> int:
        """The surface's row that is drawn there."""
        raise NotImplementedError

    @guarded
    def event(self, event: QEvent) -> bool:
        self._tip.hear(event)
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self._describe()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = event.position()
        self._describe()
        self._drag(event)

    def _drag(self, event: QMouseEvent) -> None:
        raise NotImplementedError

    def _describe(self) -> None:
        """Tell of the picture under the pointer."""
        surface, at = self._state.surface, self._hovered
        facts = ""
        if surface is not None and at is not None:
            frame, row = self._frame_at(at.x()), self.row_at(at.y())
            if row < surface.chain.rows:
                step, energy = surface.chain.indices[row], surface.chain.energy()[row, frame]
                facts = f"Frame {frame}, step {step}, energy E = {signed(energy)}. "
        self._tip.say(f"{facts}{self._use}")

    def _forget(self) -> None:
        self._images.clear()
        self.update()

    def _image(self, row: int, frame: int) -> QImage:
        surface = self._state.surface
        assert surface is not None
        if (row, frame) not in self._images:
            if len(self._images) >= MOST_IMAGES:
                self._images.clear()
            self._images[row, frame] = to_image(surface.chain.pixels(row)[frame])
        return self._images[row, frame]

    @property
    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(MARGIN, UNIT, -MARGIN, -UNIT)

    def _across(self, height: float) -> tuple[list[int], float]:
        """Which frames are shown, and how wide each is: whole pixels of the screen, at most `height`."""
        surface = self._state.surface
        assert surface is not None
        ratio, side, count = self.devicePixelRatioF(), surface.chain.shape[2], len(surface.positions)
        width = self._room.width() * ratio
        zoom = min(math.floor(width / (count * side)), math.floor(height * ratio / side))
        least = max(1, round(ratio))  # smaller pictures could not be told apart
        if zoom >= least:
            return list(range(count)), zoom * side / ratio
        across = min(least * side, height * ratio)
        shown = max(2, min(count, int(width // across)))
        frames = np.linspace(0, count - 1, shown).round().astype(int)
        return sorted({int(frame) for frame in frames}), across / ratio

    def _left(self, count: int, side: float) -> float:
        return on_pixel(self, self._room.left() + (self._room.width() - count * side) / 2)

    def _frame_at(self, x: float) -> int:
        frames, side = self._across(STRIP)
        place = (x - self._left(len(frames), side)) / side
        return frames[min(max(int(place), 0), len(frames) - 1)]


class Filmstrip(FrameGrid):
    """One row: the frames at the step that is shown."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__(theme, state, "Frames", "The frames of the path. Drag to move along it.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(400, 4 * UNIT + 2 * UNIT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _forget(self) -> None:
        super()._forget()
        self._fit()

    def _fit(self) -> None:
        """As high as the pictures, so that the large one gets the room."""
        if self._state.surface is not None:
            self.setFixedHeight(math.ceil(self._across(STRIP)[1]) + 2 * UNIT)

    def rows(self) -> list[int]:
        return [self._state.row]

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        t = self._theme.tokens
        painter.fillRect(self.rect(), QColor(t.canvas))
        surface = self._state.surface
        if surface is None or not surface.chain.rows:
            return
        frames, side = self._across(STRIP)
        left, row = self._left(len(frames), side), self._state.row
        for column, frame in enumerate(frames):
            draw_picture(painter, QRectF(left + column * side, self._top(side), side, side), self._image(row, frame))
        current = min(range(len(frames)), key=lambda column: abs(frames[column] - self._state.frame))
        painter.setPen(QPen(QColor(t.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left + current * side, self._top(side), side, side).adjusted(-1, -1, 1, 1))

    def frame_box(self, frame: int) -> QRectF:
        """Where a frame's picture is."""
        frames, side = self._across(STRIP)
        return QRectF(self._left(len(frames), side) + frames.index(frame) * side, self._top(side), side, side)

    def _top(self, side: float) -> float:
        return on_pixel(self, (self.height() - side) / 2)

    def row_at(self, y: float) -> int:
        return self._state.row

    def _drag(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._state.surface is not None:
            self._state.go_frame(self._frame_at(event.position().x()))


class SurfaceView(FrameGrid):
    """Frames across, steps down, from noise to image: a drag scrubs rho and the step at once."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__(
            theme,
            state,
            "Surface",
            "Left to right: the path. Top to bottom: the steps of each chain. Drag to move along both.",
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 96)

    @property
    def _room(self) -> QRectF:
        return super()._room.adjusted(SCALE - MARGIN, 0, 0, 0)

    def rows(self) -> list[int]:
        surface = self._state.surface
        if surface is None:
            return []
        _, side = self._across(STRIP)
        kept = len(surface.chain.indices)
        shown = max(2, min(kept, int(self._room.height() // side)))
        return sorted({int(row) for row in np.linspace(0, kept - 1, shown).round()})

    def _top(self, count: int, side: float) -> float:
        return on_pixel(self, self._room.top() + (self._room.height() - count * side) / 2)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        t = self._theme.tokens
        painter.fillRect(self.rect(), QColor(t.canvas))
        surface = self._state.surface
        if surface is None:
            return
        frames, side = self._across(STRIP)
        rows = self.rows()
        left, top = self._left(len(frames), side), self._top(len(rows), side)
        for down, row in enumerate(rows):
            for column, frame in enumerate(frames if row < surface.chain.rows else []):
                box = QRectF(left + column * side, top + down * side, side, side)
                draw_picture(painter, box, self._image(row, frame))
        self._paint_steps(painter, rows, QPointF(left, top), side)
        column = min(range(len(frames)), key=lambda i: abs(frames[i] - self._state.frame))
        down = min(range(len(rows)), key=lambda i: abs(rows[i] - self._state.row))
        painter.setPen(QPen(QColor(t.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left + column * side, top + down * side, side, side).adjusted(-1, -1, 1, 1))

    def _paint_steps(self, painter: QPainter, rows: list[int], corner: QPointF, side: float) -> None:
        surface = self._state.surface
        assert surface is not None
        font = self.font()
        font.setPixelSize(SMALL)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tokens.muted))
        # Too close lines could not be read.
        apart = max(1, math.ceil(2 * UNIT / side))
        for down in range(0, len(rows), apart):
            box = QRectF(corner.x() - SCALE, corner.y() + down * side, SCALE - UNIT, side)
            text = str(surface.chain.indices[rows[down]])
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def frames(self) -> list[int]:
        """The frames that are shown: all of them where there is room."""
        return self._across(STRIP)[0]

    def cell(self, frame: int, row: int) -> QRectF:
        """Where a frame's picture of a row that is shown is."""
        frames, side = self._across(STRIP)
        rows = self.rows()
        corner = QPointF(self._left(len(frames), side), self._top(len(rows), side))
        return QRectF(corner.x() + frames.index(frame) * side, corner.y() + rows.index(row) * side, side, side)

    def row_at(self, y: float) -> int:
        _, side = self._across(STRIP)
        rows = self.rows()
        place = (y - self._top(len(rows), side)) / side
        return rows[min(max(int(place), 0), len(rows) - 1)]

    def _drag(self, event: QMouseEvent) -> None:
        surface = self._state.surface
        if event.buttons() & Qt.MouseButton.LeftButton and surface is not None:
            self._state.go_step(int(surface.chain.indices[self.row_at(event.position().y())]))
            self._state.go_frame(self._frame_at(event.position().x()))
