"""Pictures as PNG without Pillow, held against Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ebm_studio.core.sheet import png_sheet
from ebm_studio.data.pictures.pictures import grid, to_pixels


@pytest.mark.parametrize(("count", "channels", "side", "scale"), [(1, 1, 16, 6), (5, 3, 32, 3), (11, 3, 128, 1)])
def test_a_sheet_is_the_picture_that_pillow_writes(count: int, channels: int, side: int, scale: int) -> None:
    images = torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(count))
    with Image.open(io.BytesIO(png_sheet(images))) as picture:
        assert picture.format == "PNG"
        assert np.array_equal(np.asarray(picture), np.asarray(grid(to_pixels(images.numpy()), 8, scale)))
