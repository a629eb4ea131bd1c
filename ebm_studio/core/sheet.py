"""Pictures side by side as a PNG, for notebooks. Without Pillow, which the science does without."""

from __future__ import annotations

import math
import struct
import zlib

import torch
from torch import Tensor

COLUMNS = 8
SIDE = 96
"""Pixels that a picture has at least a side."""
PALETTES = {1: 0, 3: 2}
"""PNG's colour types for grey and colour."""


def png_sheet(images: Tensor, columns: int = COLUMNS) -> bytes:
    """Images (N, C, H, W), clamped to [-1, 1], `columns` a row, enlarged with crisp pixels, as a PNG file's bytes."""
    count, channels, height, width = images.shape
    columns = min(columns, count)
    rows, scale = math.ceil(count / columns), max(1, SIDE // width)
    shown = images.detach().cpu().float().nan_to_num(0, 1, -1).clamp(-1, 1)
    pixels = (shown * 127.5 + 127.5).round().to(torch.uint8)
    sheet = torch.zeros(rows * columns, channels, height, width, dtype=torch.uint8)
    sheet[:count] = pixels
    sheet = sheet.view(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return _png(sheet.repeat_interleave(scale, 0).repeat_interleave(scale, 1))


def _png(pixels: Tensor) -> bytes:
    """uint8 (H, W, 1 or 3) as a PNG: each row after a 0, which says that it is stored as it is."""
    height, width, channels = pixels.shape
    lines = torch.cat([torch.zeros(height, 1, dtype=torch.uint8), pixels.reshape(height, -1)], 1)
    header = struct.pack(">IIBBBBB", width, height, 8, PALETTES[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.numpy().tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
