"""Pictures on the screen: crisp at integer zoom, in whole pixels of the screen."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from ebm_studio.app.widgets.images import to_image


def image_of_photo(picture: Image.Image) -> QImage:
    """An 8-bit photo, RGB or grey, as a QImage of its own."""
    pixels = np.asarray(picture)
    return to_image(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))


def crisp_side(widget: QWidget, room: float, pixels: int) -> float:
    """The side of a picture `pixels` wide in a room: the largest integer zoom in the screen's own pixels."""
    ratio = widget.devicePixelRatioF()
    zoom = room * ratio / pixels
    return (math.floor(zoom) if zoom >= 1 else max(zoom, 1e-3)) * pixels / ratio


def snapped(widget: QWidget, rect: QRectF) -> QRectF:
    """The rectangle moved so that its corner lies on a pixel of the screen."""
    ratio = widget.devicePixelRatioF()
    return QRectF(QPointF(round(rect.x() * ratio) / ratio, round(rect.y() * ratio) / ratio), rect.size())


def draw_crisp(painter: QPainter, target: QRectF, image: QImage) -> None:
    """Draw a picture without smoothing, unless it must shrink."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, target.width() < image.width())
    painter.drawImage(target, image)
