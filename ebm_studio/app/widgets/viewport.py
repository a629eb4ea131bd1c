"""Where the pictures of a grid are on the screen, at which zoom. Geometry only, in whole pixels of the screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtWidgets import QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.pixel_snapping import crisp_zoom

MARGIN = 2 * UNIT
GAP = UNIT // 2
MANY = 256  # more pictures than this stand without gaps
EVEN = 0.82  # share of the largest zoom that a grid without holes is worth
ZOOMS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)
NOTCH = 1.25  # of a smooth zoom


@dataclass(frozen=True)
class Arrangement:
    """A grid of equal pictures; all figures in pixels of the screen."""

    count: int
    columns: int
    zoom: float
    left: float
    top: float
    tile: tuple[float, float]
    gap: int
    ratio: float
    """Pixels of the screen for one of the widget."""

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the whole grid."""
        rows = math.ceil(self.count / self.columns)
        return (
            self.columns * self.tile[0] + (self.columns - 1) * self.gap,
            rows * self.tile[1] + (rows - 1) * self.gap,
        )

    def tiles(self) -> list[QRectF]:
        """Where each picture is, in the widget's own pixels."""
        return [
            QRectF(
                (self.left + (i % self.columns) * (self.tile[0] + self.gap)) / self.ratio,
                (self.top + (i // self.columns) * (self.tile[1] + self.gap)) / self.ratio,
                self.tile[0] / self.ratio,
                self.tile[1] / self.ratio,
            )
            for i in range(self.count)
        ]


class Viewport:
    """A zoom and a place. Without a zoom, everything is seen, as large as it fits."""

    def __init__(self) -> None:
        self.zoom: float | None = None
        self._left = 0.0
        self._top = 0.0

    def arrange(
        self, size: QSizeF, ratio: float, count: int, picture: tuple[int, int], smooth: bool = False
    ) -> Arrangement:
        """`count` pictures of (width, height) in a widget of a size."""
        whole = (size.width() * ratio, size.height() * ratio)
        room = (int(whole[0] - 2 * MARGIN * ratio), int(whole[1] - 2 * MARGIN * ratio))
        gap = round(GAP * ratio) if count <= MANY else 0
        columns, fit = best_grid(count, *picture, room, gap, smooth)
        zoom = fit if self.zoom is None else max(self.zoom, fit)
        made = Arrangement(count, columns, zoom, 0, 0, (picture[0] * zoom, picture[1] * zoom), gap, ratio)
        places = (
            _clamped(wish, extent, room_all, MARGIN * ratio)
            for wish, extent, room_all in zip((self._left, self._top), made.extent, whole, strict=True)
        )
        left, top = places
        return Arrangement(count, columns, zoom, left, top, made.tile, gap, ratio)

    def fit(self) -> None:
        """See everything."""
        self.zoom = None

    def zoom_by(self, notches: int, at: QPointF, now: Arrangement, fit: float, smooth: bool) -> None:
        """Zoom in or out around a point of the widget; what is under it stays there."""
        zoom = next_zoom(now.zoom, notches, fit, smooth)
        growth = zoom / now.zoom
        self._left = at.x() * now.ratio - (at.x() * now.ratio - now.left) * growth
        self._top = at.y() * now.ratio - (at.y() * now.ratio - now.top) * growth
        self.zoom = zoom if zoom > fit else None

    def pan(self, by: QPointF, now: Arrangement) -> None:
        """Move what is seen."""
        self._left = now.left + by.x() * now.ratio
        self._top = now.top + by.y() * now.ratio


def next_zoom(zoom: float, notches: int, fit: float, smooth: bool) -> float:
    """The zoom so many notches further, no smaller than what fits."""
    if smooth:
        return min(max(zoom * NOTCH**notches, fit), ZOOMS[-1])
    for _ in range(abs(notches)):
        if notches > 0:
            zoom = next((z for z in ZOOMS if z > zoom), zoom)
        else:
            zoom = next((z for z in reversed(ZOOMS) if z < zoom), fit)
    return max(zoom, fit)


def _clamped(wish: float, extent: float, room: float, margin: float) -> int:
    if extent <= room:
        return round((room - extent) / 2)
    return round(min(max(wish, room - extent - margin), margin))


@lru_cache(maxsize=64)
def best_grid(
    count: int, width: int, height: int, room: tuple[int, int], gap: int, smooth: bool = False
) -> tuple[int, float]:
    """Columns and zoom: the largest crisp zoom, unless little less gives whole, even rows.

    A `smooth` zoom may be any number.
    """

    def zoom_of(columns: int) -> float:
        rows = math.ceil(count / columns)
        across = (room[0] - (columns - 1) * gap) / (columns * width)
        down = (room[1] - (rows - 1) * gap) / (rows * height)
        zoom = min(across, down)
        return max(zoom, 1e-3) if smooth else crisp_zoom(zoom * width, width)

    zooms = {columns: zoom_of(columns) for columns in range(1, count + 1)}
    largest = max(zooms.values())
    enough = max(EVEN * largest, min(largest, 1))

    def rank(columns: int) -> tuple[bool, float, int]:
        rows = math.ceil(count / columns)
        is_even = rows * columns == count and zooms[columns] >= enough
        return (is_even, zooms[columns], -abs(columns - rows))

    best = max(zooms, key=rank)
    return best, zooms[best]


def grid_tiles(widget: QWidget, count: int, width: int, height: int) -> list[QRectF]:
    """Where each picture of a grid goes that fills a widget."""
    return Viewport().arrange(QSizeF(widget.size()), widget.devicePixelRatioF(), count, (width, height)).tiles()
