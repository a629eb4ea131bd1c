"""The pictures: a grid of chains at the largest integer zoom that fits."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.state import GenerateState
from ebm_studio.app.theme import Theme
from ebm_studio.app.tokens import UNIT
from ebm_studio.data.pictures import Pixels

MARGIN = 2 * UNIT
GAP = UNIT // 2
MANY = 256  # more chains than this stand without gaps
EVEN = 0.7  # share of the largest zoom that a grid without holes is worth


class Canvas(QWidget):
    """Draws the step under the playhead. A click selects a chain, another click none."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__()
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Chains")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setMouseTracking(True)
        self._theme = theme
        self._state = state
        self._images: list[QImage] = []
        self._hovered: int | None = None
        state.playback.chain_changed.connect(self._load)
        state.playback.position_changed.connect(self._load)
        state.view_changed.connect(self._load)
        state.selection_changed.connect(self.update)
        state.model_changed.connect(self.update)
        state.link.progress_changed.connect(self._show_waiting)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(800, 560)

    def pixels(self) -> Pixels | None:
        """What is shown, uint8 (N, C, H, W); None before the first chain."""
        store = self._state.playback.store
        return None if store is None else store.pixels(self._state.playback.row, self._state.view)

    def _load(self) -> None:
        pixels = self.pixels()
        self._images = [] if pixels is None else [to_image(chain) for chain in pixels]
        self._describe()
        self.update()

    def _show_waiting(self) -> None:
        if not self._images:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.canvas))
        if not self._images:
            self._paint_empty(painter)
            return
        tiles = self._tiles()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, tiles[0].width() < self._images[0].width())
        for image, tile in zip(self._images, tiles, strict=True):
            painter.drawImage(tile, image)
        self._paint_frame(painter, self._hovered, self._theme.tokens.muted)
        self._paint_frame(painter, self._state.selected, self._theme.tokens.accent)

    def _paint_empty(self, painter: QPainter) -> None:
        model = self._state.model
        shape = model.card.net.shape if model else (1, 32, 32)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tokens.surface))
        for tile in grid_tiles(self, self._state.parameters.count, shape[2], shape[1]):
            painter.drawRect(tile)
        if model is None and self._state.link.progress is None:
            painter.setPen(QColor(self._theme.tokens.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Choose a model above to begin.")

    def _paint_frame(self, painter: QPainter, chain: int | None, color: str) -> None:
        if chain is None or chain >= len(self._images):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(QColor(color), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self._tiles()[chain].adjusted(-2, -2, 2, 2))

    def _tiles(self) -> list[QRectF]:
        image = self._images[0]
        return grid_tiles(self, len(self._images), image.width(), image.height())

    def chain_at(self, point: QPointF) -> int | None:
        """The chain under a point of the widget."""
        if not self._images:
            return None
        return next((i for i, tile in enumerate(self._tiles()) if tile.contains(point)), None)

    def tile(self, chain: int) -> QRect:
        """Where a chain's picture is."""
        return self._tiles()[chain].toRect()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.chain_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            chain = self.chain_at(event.position())
            self._state.select(None if chain == self._state.selected else chain)

    def _hover(self, chain: int | None) -> None:
        if chain != self._hovered:
            self._hovered = chain
            self._describe()
            self.update()

    def _describe(self) -> None:
        store, chain = self._state.playback.store, self._hovered
        if store is None or chain is None or chain >= store.count:
            self.setToolTip("")
            return
        energy = store.energy()[self._state.playback.row, chain]
        self.setToolTip(f"Chain {chain}, energy E = {energy:.2f}. Click to follow it in the plots.")


def grid_tiles(widget: QWidget, count: int, width: int, height: int) -> list[QRectF]:
    """Where each picture goes, in whole pixels of the screen, so that theirs stay square and crisp."""
    ratio = widget.devicePixelRatioF()
    room = (int((widget.width() - 2 * MARGIN) * ratio), int((widget.height() - 2 * MARGIN) * ratio))
    gap = round(GAP * ratio) if count <= MANY else 0
    columns, zoom = _best_grid(count, width, height, room, gap)
    rows = math.ceil(count / columns)
    tile = (width * zoom, height * zoom)
    left = round((widget.width() * ratio - columns * tile[0] - (columns - 1) * gap) / 2)
    top = round((widget.height() * ratio - rows * tile[1] - (rows - 1) * gap) / 2)
    return [
        QRectF(
            (left + (i % columns) * (tile[0] + gap)) / ratio,
            (top + (i // columns) * (tile[1] + gap)) / ratio,
            tile[0] / ratio,
            tile[1] / ratio,
        )
        for i in range(count)
    ]


@lru_cache(maxsize=16)
def _best_grid(count: int, width: int, height: int, room: tuple[int, int], gap: int) -> tuple[int, float]:
    """Columns and zoom: the largest integer zoom (below 1 a fraction), unless little less gives whole, even rows."""

    def zoom_of(columns: int) -> float:
        rows = math.ceil(count / columns)
        across = (room[0] - (columns - 1) * gap) / (columns * width)
        down = (room[1] - (rows - 1) * gap) / (rows * height)
        zoom = min(across, down)
        return math.floor(zoom) if zoom >= 1 else max(zoom, 1e-3)

    zooms = {columns: zoom_of(columns) for columns in range(1, count + 1)}
    largest = max(zooms.values())
    enough = max(EVEN * largest, min(largest, 1))

    def rank(columns: int) -> tuple[bool, float, int]:
        rows = math.ceil(count / columns)
        is_even = rows * columns == count and zooms[columns] >= enough
        return (is_even, zooms[columns], -abs(columns - rows))

    best = max(zooms, key=rank)
    return best, zooms[best]


def to_image(pixels: Pixels) -> QImage:
    """A picture (C, H, W) as a QImage of its own."""
    channels, height, width = pixels.shape
    if channels == 1:
        return QImage(pixels.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).copy()
    data = np.ascontiguousarray(pixels.transpose(1, 2, 0)).tobytes()
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
