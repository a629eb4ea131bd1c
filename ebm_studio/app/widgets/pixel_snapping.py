"""Pictures on the screen: crisp at any zoom, in whole pixels of the screen."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from ebm_studio.app.widgets.images import to_image
from ebm_studio.data.pictures.pictures import planar

NEARLY = 1.04  # a whole zoom is worth so much of the room


def image_of_photo(picture: Image.Image) -> QImage:
    """An 8-bit photo, RGB or grey, as a QImage of its own."""
    return to_image(planar(np.asarray(picture)))


def crisp_zoom(room: float, pixels: int) -> float:
    """The zoom of a picture `pixels` wide in a room of screen pixels: it fills whole ones, so that its edges are sharp.

    A whole zoom, which needs no smoothing at all, when it leaves hardly any room; below 1 any fraction.
    """
    zoom = room / pixels
    if zoom < 1:
        return max(zoom, 1e-3)
    return math.floor(zoom) if zoom < math.floor(zoom) * NEARLY else math.floor(room) / pixels


def crisp_side(widget: QWidget, room: float, pixels: int) -> float:
    """The side of a picture `pixels` wide in a room, both in the widget's own pixels."""
    ratio = widget.devicePixelRatioF()
    return crisp_zoom(room * ratio, pixels) * pixels / ratio


def on_pixel(widget: QWidget, place: float) -> float:
    """The nearest place, in the widget's own pixels, where a pixel of the screen begins."""
    ratio = widget.devicePixelRatioF()
    return round(place * ratio) / ratio


def snapped(widget: QWidget, rect: QRectF) -> QRectF:
    """The rectangle moved so that its corner lies on a pixel of the screen."""
    return QRectF(QPointF(on_pixel(widget, rect.x()), on_pixel(widget, rect.y())), rect.size())


def draw_picture(painter: QPainter, target: QRectF, image: QImage, smooth: bool = False) -> None:
    """Draw a picture over a rectangle; its pixels stay crisp squares of one size, unless `smooth` or it must shrink.

    At a zoom between two whole ones it is enlarged crisply to the next, then brought down by less than half:
    only the edges of its pixels are soft.
    """
    zoom = target.width() * painter.device().devicePixelRatioF() / image.width()
    if smooth or zoom <= 1 or abs(zoom - round(zoom)) < 1e-6:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth or zoom < 1)
    else:
        image = image.scaled(image.size() * math.ceil(zoom))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(target, image)
