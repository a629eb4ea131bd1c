from __future__ import annotations

import numpy as np
import pytest

from ebm_studio.app.widgets.mosaic import Mosaic


@pytest.mark.parametrize(
    ("size", "side", "count", "shown"),
    [
        ((743, 588), 32, 64, 64),  # 8 x 8 at twice their size
        ((743, 428), 32, 64, 50),  # where all of them would stand at their own size only
        ((743, 428), 16, 64, 64),  # at a zoom between two whole ones
        ((743, 428), 64, 64, 64),  # too large for that: better all of them than very few
        ((743, 428), 32, 5, 5),
        ((200, 150), 128, 64, 64),
    ],
)
def test_as_many_pictures_are_shown_as_can_be_seen(qtbot, theme, size, side, count, shown):
    mosaic = Mosaic(theme, "Samples")
    qtbot.addWidget(mosaic)
    assert mosaic.tiles() == []
    mosaic.resize(*size)
    mosaic.show_pixels(np.zeros((count, 1, side, side), np.uint8))
    tiles = mosaic.tiles()
    assert len(tiles) == shown
    assert all(mosaic.rect().contains(tile.toAlignedRect()) for tile in tiles)
    mosaic.grab()


def test_without_pictures_it_says_why(qtbot, theme):
    mosaic = Mosaic(theme, "Samples")
    qtbot.addWidget(mosaic)
    empty = mosaic.grab().toImage()
    mosaic.show_pixels(None, "No samples yet.")
    assert mosaic.grab().toImage() != empty
