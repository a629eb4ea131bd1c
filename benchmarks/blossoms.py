"""Selects the pictures of a set in which something stands out in the middle: the training set of flowers32.

    python -m benchmarks.blossoms flowers64.zip blossoms.zip --count 1300

A picture scores by how far the mean colour of its middle is from that of its border, in units of how much
colours vary within the two. The best are copied byte for byte, in their folders, under their names.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 32
MIDDLE, BORDER = 8, 15  # the radius of the middle, and where the border begins, in pixels
EVEN = 0.3  # variations below this count as none, or flat drawings would always win


def stands_out(picture: Image.Image) -> float:
    """How much the middle of a picture stands out from its border."""
    pixels = np.asarray(picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BOX), np.float32) / 127.5 - 1
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    radius = np.hypot(rows, columns)
    middle, border = pixels[radius < MIDDLE], pixels[radius > BORDER]
    variation = middle.std(0).mean() + border.std(0).mean()
    return float(np.linalg.norm(middle.mean(0) - border.mean(0)) / (EVEN + variation))


def main() -> None:
    """Copy the best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="a zip of pictures")
    parser.add_argument("output", type=Path, help="the zip to write")
    parser.add_argument("--count", type=int, default=1300)
    args = parser.parse_args()

    with zipfile.ZipFile(args.source) as source, zipfile.ZipFile(args.output, "w") as output:
        names = [name for name in source.namelist() if name.endswith(".webp")]
        best = sorted(names, key=lambda name: -stands_out(Image.open(source.open(name))))[: args.count]
        for name in sorted(best):
            output.writestr(zipfile.ZipInfo(name), source.read(name))
    print(f"{args.output}: {len(best)} of {len(names)} pictures")


if __name__ == "__main__":
    main()
