"""Does learning care how its short runs are rounded? d and v of the same run by two backends, as CSV.

`python -m benchmarks.precision DATA -o FILE.csv [--updates 150] [--backends fp32 bf16]`
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import torch

from ebm_studio.core.learning import Learner
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.datasets import natural_channels, open_images


def main() -> None:
    """Learn once with each backend, from the same seed, and write a row an update."""
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


if __name__ == "__main__":
    main()
