"""Many equal pictures side by side, as large as they fit."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.pixel_snapping import draw_picture
from ebm_studio.app.widgets.viewport import Viewport
from ebm_studio.data.pictures.pictures import Pixels

ENOUGH = 2  # pixels of the screen for one of a picture, below which it is hard to see
FEW = 24  # pictures that tell enough of all


class Mosaic(QWidget):
    """Crisp pictures at the largest whole zoom, or a sentence where there is none."""

    def __init__(self, theme: Theme, name: str, whole: bool = False) -> None:
        """With `whole` every picture is shown, however small."""
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(16 * UNIT, 12 * UNIT)
        self._theme = theme
        self._whole = whole
        self._viewport = Viewport()
        self.pixels: Pixels | None = None
        """What is shown, uint8 (N, C, H, W)."""
        self._images: list[QImage] = []
        self._hint = ""
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def show_pixels(self, pixels: Pixels | None, hint: str = "") -> None:
        """Show these pictures, uint8 (N, C, H, W), or, when there are none, the hint."""
        if pixels is not self.pixels or hint != self._hint:
            self.pixels = pixels
            self._hint = hint
            self._images = [to_image(np.ascontiguousarray(picture)) for picture in pixels] if pixels is not None else []
            self.update()

    def tiles(self) -> list[QRectF]:
        """Where the pictures are: all of them, or, where they would be too small, as many as fill whole rows."""
        if self.pixels is None:
            return []
        picture = (self.pixels.shape[3], self.pixels.shape[2])
        arrange = partial(self._viewport.arrange, QSizeF(self.size()), self.devicePixelRatioF(), picture=picture)
        every = arrange(count=len(self.pixels))
        if self._whole or every.zoom >= ENOUGH:
            return every.tiles()
        for count in range(len(self.pixels), FEW - 1, -1):
            some = arrange(count=count)
            if some.zoom >= ENOUGH and count % some.columns == 0:
                return some.tiles()
        return every.tiles()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.canvas))
        tiles = self.tiles()
        for image, tile in zip(self._images, tiles, strict=False):  # as many as there is room for
            draw_picture(painter, tile, image)
        if not tiles:
            painter.setPen(QColor(t.muted))
            room = self.rect().adjusted(4 * UNIT, 2 * UNIT, -4 * UNIT, -2 * UNIT)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._hint)
