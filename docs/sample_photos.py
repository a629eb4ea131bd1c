"""Makes resources/samples/: pictures that may be shown, to try a reconstruction with.

    python docs/sample_photos.py

The garments are test images of Fashion-MNIST (Zalando, MIT licence, see resources/fashion-mnist/LICENSE);
the drawings are made here.
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from ebm_studio.data.pictures.datasets import open_images
from ebm_studio.data.pictures.pictures import grid, save_picture

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "samples"
GARMENTS = {"boot": 0, "pullover": 1, "trousers": 2, "sandal": 8, "dress": 13, "bag": 18, "shirt": 19}
SIDE = 256
FINE = 4  # times finer is drawn, to be smooth


def main() -> None:
    """Write them all."""
    images = open_images("fashion-mnist-test", 32, 1).images
    for name, index in GARMENTS.items():
        save_picture(grid(images[index : index + 1]), FOLDER / f"garment-{name}.png")
    for draw in (face, flower, shore):
        save_picture(draw().resize((SIDE, SIDE), Image.Resampling.LANCZOS), FOLDER / f"drawing-{draw.__name__}.png")


def canvas(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A sheet whose colour goes from top to bottom."""
    ends = Image.new("RGB", (1, 2))
    ends.putpixel((0, 0), top)
    ends.putpixel((0, 1), bottom)
    sheet = ends.resize((SIDE * FINE, SIDE * FINE), Image.Resampling.BILINEAR)
    return sheet, ImageDraw.Draw(sheet)


def spot(draw: ImageDraw.ImageDraw, x: float, y: float, rx: float, ry: float, color: str) -> None:
    """An ellipse; all lengths as shares of the side."""
    s = SIDE * FINE
    draw.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=color)


def face() -> Image.Image:
    """A face from the front."""
    sheet, draw = canvas((120, 160, 190), (70, 100, 130))
    s = SIDE * FINE
    spot(draw, 0.5, 0.44, 0.33, 0.36, "#4a2f22")
    draw.rectangle((0.17 * s, 0.44 * s, 0.83 * s, 0.8 * s), fill="#4a2f22")
    spot(draw, 0.5, 1.05, 0.42, 0.25, "#7a3b46")
    draw.rectangle((0.41 * s, 0.7 * s, 0.59 * s, 0.9 * s), fill="#d39b78")
    spot(draw, 0.5, 0.52, 0.25, 0.32, "#e8b592")
    draw.chord((0.24 * s, 0.16 * s, 0.76 * s, 0.66 * s), 195, 345, fill="#4a2f22")
    for x in (0.4, 0.6):
        spot(draw, x, 0.5, 0.05, 0.028, "#ffffff")
        spot(draw, x, 0.5, 0.026, 0.028, "#33261f")
        draw.arc(((x - 0.07) * s, 0.41 * s, (x + 0.07) * s, 0.5 * s), 205, 335, fill="#4a2f22", width=14)
    draw.line([(0.5 * s, 0.5 * s), (0.47 * s, 0.62 * s), (0.52 * s, 0.63 * s)], fill="#c98e6c", width=14, joint="curve")
    draw.chord((0.4 * s, 0.62 * s, 0.6 * s, 0.76 * s), 15, 165, fill="#b4505a")
    return sheet.filter(ImageFilter.GaussianBlur(6))


def flower() -> Image.Image:
    """A daisy on a meadow."""
    sheet, draw = canvas((60, 110, 60), (28, 66, 36))
    s = SIDE * FINE
    draw.line([(0.52 * s, 0.5 * s), (0.47 * s, s)], fill="#7fae4e", width=30)
    for i in range(14):
        angle = 2 * math.pi * i / 14
        x, y = 0.52 + 0.24 * math.cos(angle), 0.44 + 0.24 * math.sin(angle)
        spot(draw, (x + 0.52) / 2, (y + 0.44) / 2, 0.055, 0.055, "#f3eef4")
        spot(draw, x, y, 0.058, 0.058, "#fbf8fb")
        draw.line([(0.52 * s, 0.44 * s), (x * s, y * s)], fill="#e6dfe9", width=50)
    spot(draw, 0.52, 0.44, 0.11, 0.11, "#f2c230")
    spot(draw, 0.5, 0.42, 0.05, 0.05, "#f8d95e")
    return sheet.filter(ImageFilter.GaussianBlur(5))


def shore() -> Image.Image:
    """An evening by the sea."""
    sheet, draw = canvas((52, 70, 120), (245, 170, 110))
    s = SIDE * FINE
    spot(draw, 0.62, 0.56, 0.1, 0.1, "#ffe9b0")
    draw.rectangle((0, 0.58 * s, s, s), fill="#2b4a6b")
    for i in range(7):
        y, half = 0.6 + 0.045 * i, 0.09 - 0.008 * i
        draw.line([((0.62 - half) * s, y * s), ((0.62 + half) * s, y * s)], fill="#f4c48a", width=14)
    draw.polygon([(0, 0.58 * s), (0.12 * s, 0.4 * s), (0.24 * s, 0.47 * s), (0.42 * s, 0.58 * s)], fill="#1f2c45")
    return sheet.filter(ImageFilter.GaussianBlur(4))


if __name__ == "__main__":
    main()
