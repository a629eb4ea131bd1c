"""Photo and reconstruction: side by side under a split slider, or their difference; beside them z."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.reconstruct.crop_view import CAPTION, MARGIN
from ebm_studio.app.pages.reconstruct.photo import seen
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.picture_menu import PictureMenu
from ebm_studio.app.widgets.pixel_snapping import crisp_side, draw_picture, snapped
from ebm_studio.data.pictures.pictures import Pixels

GAP = 3 * UNIT
GAIN = 4  # of the difference
KNOB = 9


class CompareView(QWidget):
    """The split follows the mouse; Shift with the arrow keys moves it too."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__()
        self.setAccessibleName("Photo and reconstruction")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._theme = theme
        self._state = state
        self.split = 0.5
        """Where the split is, 0 at the left edge: the photo is to the left of it."""
        playback = state.playback
        for signal in (
            state.search_changed, state.selection_changed, state.view_changed, state.photos_changed, theme.changed,
            playback.position_changed, playback.chain_changed,
        ):  # fmt: skip
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(800, 480)

    def move_split(self, share: float) -> None:
        """Put the split somewhere else."""
        self.split = min(max(share, 0.0), 1.0)
        self.update()

    def tiles(self) -> tuple[QRectF, QRectF, QRectF]:
        """Where the comparison is, and the two smaller pictures beside it."""
        size = self._state.net.size if self._state.net else 32
        height = self.height() - 2 * MARGIN - CAPTION
        large = crisp_side(self, min(height, (self.width() - 2 * MARGIN - GAP) / 1.5), size)
        small = crisp_side(self, (large - GAP - CAPTION) / 2, size)
        left = (self.width() - large - GAP - small) / 2
        top = (self.height() - large - CAPTION) / 2
        main = QRectF(left, top, large, large)
        beside = left + large + GAP
        return (
            snapped(self, main),
            snapped(self, QRectF(beside, top, small, small)),
            snapped(self, QRectF(beside, top + large - small, small, small)),
        )

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.canvas))
        main, upper, lower = self.tiles()
        shown = self._state.shown()
        if shown is None:
            self._paint_waiting(painter, main, upper)
            return
        photo, picture, z = shown
        difference = difference_of(photo, picture)
        if self._state.view == "split":
            self._paint_split(painter, main, photo, picture)
            self._paint_tile(painter, lower, difference, f"Difference × {GAIN}")
        else:
            self._paint_tile(painter, main, difference, f"Difference × {GAIN}")
            self._paint_tile(painter, lower, picture, self._what())
        self._paint_tile(painter, upper, z, "Latent z")

    def _paint_split(self, painter: QPainter, main: QRectF, photo: Pixels, picture: Pixels) -> None:
        x = main.left() + round(self.split * main.width())
        for pixels, left, right in ((photo, main.left(), x), (picture, x, main.right())):
            painter.setClipRect(QRectF(left, main.top(), right - left, main.height()))
            draw_picture(painter, main, to_image(pixels))
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        t = self._theme.tokens
        for color, width in ((QColor(0, 0, 0, 110), 4), (QColor(t.accent if self.hasFocus() else "#ffffff"), 2)):
            painter.setPen(QPen(color, width))
            painter.drawLine(QPointF(x, main.top()), QPointF(x, main.bottom()))
        painter.setPen(QPen(QColor(0, 0, 0, 110), 1))
        painter.setBrush(QColor("white"))
        painter.drawEllipse(QPointF(x, main.center().y()), KNOB, KNOB)
        painter.setPen(QPen(QColor("#33363b"), 1.5))
        for way in (-1, 1):
            tip = QPointF(x + way * 6, main.center().y())
            painter.drawLine(tip, tip + QPointF(-way * 3, -3))
            painter.drawLine(tip, tip + QPointF(-way * 3, 3))
        self._caption(painter, main, "Photo", Qt.AlignmentFlag.AlignLeft)
        self._caption(painter, main, self._what(), Qt.AlignmentFlag.AlignRight)

    def _what(self) -> str:
        playback = self._state.playback
        if playback.store is not None and playback.position < playback.store.run.steps:
            return f"Chain, step {playback.position}"
        photo = self._state.current
        is_live = photo is not None and self._state.searching and self._state.live(photo) is not None
        return "Best so far" if is_live else "Reconstruction"

    def _paint_tile(self, painter: QPainter, tile: QRectF, pixels: Pixels, text: str) -> None:
        draw_picture(painter, tile, to_image(pixels))
        beside = tile.adjusted(0, 0, self.width() - tile.right(), 0)  # a small tile is narrower than its caption
        self._caption(painter, beside, text, Qt.AlignmentFlag.AlignLeft)

    def _paint_waiting(self, painter: QPainter, main: QRectF, upper: QRectF) -> None:
        photo, net = self._state.current, self._state.net
        if photo is None or net is None:
            return
        self._paint_tile(painter, main, seen(photo, net), "Photo")
        painter.fillRect(upper, QColor(self._theme.tokens.surface))
        painter.setPen(QColor(self._theme.tokens.muted))
        text = "Starting…" if self._state.searching else "Press Reconstruct, and watch the dynamics rebuild the photo."
        room = upper.adjusted(UNIT, UNIT, -UNIT, -UNIT)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)

    def _caption(self, painter: QPainter, under: QRectF, text: str, align: Qt.AlignmentFlag) -> None:
        painter.setPen(QColor(self._theme.tokens.muted))
        room = QRectF(under.left(), under.bottom() + UNIT / 2, under.width(), CAPTION)
        painter.drawText(room, align | Qt.AlignmentFlag.AlignTop, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        main = self.tiles()[0]
        if event.buttons() & Qt.MouseButton.LeftButton and self._state.view == "split":
            self.move_split((event.position().x() - main.left()) / main.width())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if subject := self._state.subject:
            PictureMenu(self, self._theme, self._state.shelf, subject).popup(event.globalPos())

    def enterEvent(self, event: QEvent) -> None:
        is_split = self._state.view == "split" and self._state.shown() is not None
        self.setCursor(Qt.CursorShape.SplitHCursor if is_split else Qt.CursorShape.ArrowCursor)


def difference_of(photo: Pixels, picture: Pixels) -> Pixels:
    """How far apart two pictures are, brighter for further; uint8 (C, H, W)."""
    apart = np.abs(photo.astype(np.int16) - picture) * GAIN
    difference: Pixels = apart.clip(0, 255).astype(np.uint8)
    return difference
