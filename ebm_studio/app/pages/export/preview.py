"""The preview of an export: the very file, played."""

from __future__ import annotations

import io
from typing import Protocol

from PIL import Image
from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.pixel_snapping import draw_picture, image_of_photo, snapped
from ebm_studio.data.exports.frames import Look, Reel, film

MARGIN = 2 * UNIT


class Film(Protocol):
    """Something to play."""

    count: int

    def frame(self, index: int) -> tuple[QImage, int]:
        """A picture, and its milliseconds."""
        ...


class Decoded:
    """A file in memory, as any program would show it."""

    def __init__(self, content: bytes) -> None:
        self._image = Image.open(io.BytesIO(content))
        self.count = getattr(self._image, "n_frames", 1)

    def frame(self, index: int) -> tuple[QImage, int]:
        self._image.seek(index)
        self._image.load()
        return _qimage(self._image), int(self._image.info.get("duration", 0))


class Drawn:
    """Frames as they go into a file that is not decoded here."""

    def __init__(self, reel: Reel, look: Look) -> None:
        self._reel = reel
        self._shots = film(len(reel), look)
        self.count = len(self._shots)

    def frame(self, index: int) -> tuple[QImage, int]:
        shot = self._shots[index]
        return _qimage(self._reel[shot.index]), round(shot.seconds * 1000)


class PreviewPlayer(QWidget):
    """Plays a film, crisp at an integer zoom where it fits, else made smaller."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Preview")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self._theme = theme
        self._film: Film | None = None
        self._index = 0
        self._loops = True
        self.image: QImage | None = None
        self.note = ""
        """Shown where there is no picture."""
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._next)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(480, 400)

    def play(self, film: Film | None, loops: bool = True) -> None:
        """Play another film from its beginning; None keeps the picture and stops."""
        self._timer.stop()
        self._film, self._index, self._loops = film, 0, loops
        if film is not None:
            self._show()
        self.update()

    def stop(self) -> None:
        """Show nothing."""
        self.image = None
        self.play(None)

    def _show(self) -> None:
        assert self._film is not None
        self.image, milliseconds = self._film.frame(self._index)
        if self._film.count > 1 and (self._loops or self._index < self._film.count - 1):
            self._timer.start(max(10, milliseconds))
        self.update()

    def _next(self) -> None:
        if self._film is not None:
            self._index = (self._index + 1) % self._film.count
            self._show()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        t = self._theme.tokens
        painter.fillRect(self.rect(), QColor(t.canvas))
        if self.image is None:
            painter.setPen(QColor(t.muted))
            room = self.rect().adjusted(4 * UNIT, 0, -4 * UNIT, 0)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.note)
            return
        ratio = self.devicePixelRatioF()
        space = ((self.width() - 2 * MARGIN) * ratio, (self.height() - 2 * MARGIN) * ratio)
        zoom = min(space[0] / self.image.width(), space[1] / self.image.height(), ratio)
        zoom = float(int(zoom)) if zoom >= 1 else zoom
        width, height = self.image.width() * zoom / ratio, self.image.height() * zoom / ratio
        box = QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)
        draw_picture(painter, snapped(self, box), self.image)

    def hideEvent(self, event: object) -> None:
        self._timer.stop()


def _qimage(image: Image.Image) -> QImage:
    return image_of_photo(image.convert("L" if image.mode == "L" else "RGB"))
