"""Pictures at zooms between whole ones: as large as the room, their pixels squares of one size."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.pixel_snapping import crisp_zoom, draw_picture


@pytest.mark.parametrize(
    ("room", "pixels", "zoom"), [(130, 32, 4), (150, 32, 150 / 32), (150.7, 32, 150 / 32), (16, 32, 0.5)]
)
def test_a_picture_fills_whole_pixels_of_the_room(room, pixels, zoom):
    assert crisp_zoom(room, pixels) == zoom


def drawn(zoom: float) -> np.ndarray:
    checks = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)[None]
    side = round(8 * zoom)
    canvas = QImage(side, side, QImage.Format.Format_RGB32)
    canvas.fill(QColor("red"))
    painter = QPainter(canvas)
    draw_picture(painter, QRectF(0, 0, side, side), to_image(checks))
    painter.end()
    return np.array([[canvas.pixelColor(x, y).green() for x in range(side)] for y in range(side)])


@pytest.mark.usefixtures("qapp")
def test_pixels_are_squares_of_one_size_with_soft_edges_only():
    pixels = drawn(4.5)
    middles = (np.arange(8) * 4.5 + 2).astype(int)
    assert set(np.unique(pixels[np.ix_(middles, middles)])) == {0, 255}
    assert np.isin(pixels, (0, 255)).mean() > 0.5  # crisp, not smoothed throughout


@pytest.mark.usefixtures("qapp")
def test_a_whole_zoom_needs_no_smoothing():
    assert set(np.unique(drawn(4))) == {0, 255}
