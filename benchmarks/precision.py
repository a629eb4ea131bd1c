"""Does rounding in the short runs affect training? d and v of the same run by two backends, as CSV and SVG.

`python -m benchmarks.precision DATA -o FILE.csv [--updates 150] [--backends fp32 bf16]`
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import torch

from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.pictures.datasets import natural_channels, open_images

WIDTH, HEIGHT = 640, 160  # pixels of a panel
COLOURS = ("#2563eb", "#d97706", "#059669")


def main() -> None:
    """Train once with each backend, from the same seed, and write a row for each update."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("data")
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--updates", type=int, default=150)
    parser.add_argument("--backends", nargs="+", default=["fp32", "bf16"])
    args = parser.parse_args()

    spec = NetSpec(width=16, channels=natural_channels(args.data))
    images = torch.from_numpy(open_images(args.data, spec.size, spec.channels).images)
    learning = Learning(updates=args.updates, chains=32, images=64, learning_rate=2e-4)
    with args.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["backend", "update", "d", "v"])
        for backend in args.backends:
            learner = Learner(spec, ShortRun(steps=30), learning, images, backend=backend)
            for update in range(args.updates):
                metrics = learner.update(update / args.updates)
                writer.writerow([backend, metrics.update, f"{metrics.d:.6g}", f"{metrics.v:.6g}"])
                file.flush()
    draw(args.output)


def draw(path: Path) -> None:
    """Draw the curves of a CSV file into an SVG file beside it."""
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    backends = list(dict.fromkeys(row["backend"] for row in rows))
    parts = []
    for panel, (quantity, name) in enumerate((("d", "energy difference d"), ("v", "gradient step length v"))):
        top = 30 + panel * (HEIGHT + 40)
        low, high = (pick(float(row[quantity]) for row in rows) for pick in (min, max))
        parts.append(f'<text x="40" y="{top - 8}">{name}, {low:.3g} to {high:.3g}</text>')
        parts.append(f'<rect x="40" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>')
        for backend, colour in zip(backends, COLOURS, strict=False):
            curve = [float(row[quantity]) for row in rows if row["backend"] == backend]
            points = " ".join(
                f"{40 + WIDTH * i / (len(curve) - 1):.1f},{top + HEIGHT * (high - value) / (high - low):.1f}"
                for i, value in enumerate(curve)
            )
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    for i, (backend, colour) in enumerate(zip(backends, COLOURS, strict=False)):
        parts.append(f'<text x="{WIDTH - 80 + 60 * i}" y="22" fill="{colour}">{backend}</text>')
    size = f'width="{WIDTH + 60}" height="{2 * HEIGHT + 90}"'
    style = 'font-family="sans-serif" font-size="13"'
    text = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}><rect {size} fill="#fff"/>'
    path.with_suffix(".svg").write_text(text + "".join(parts) + "</svg>\n", encoding="utf-8")


if __name__ == "__main__":
    main()
