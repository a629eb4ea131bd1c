"""A table: the distances of short runs and of exp(-E / T) from each of the built-in data sets of the plane.

python -m benchmarks.landscape [--seeds 3] [--updates 3000] [--only rings]
python -m benchmarks.landscape --stalls  # what the window feels while it trains
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import torch

from ebm_studio.core.energy.devices import choose_device
from ebm_studio.data.points.landscape import Landscape
from ebm_studio.data.points.scene import Scene
from ebm_studio.data.points.shapes import SHAPES


def main() -> None:
    """Train on each, and print a row for each data set and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--only", nargs="*", default=list(SHAPES))
    parser.add_argument("--stalls", action="store_true", help="measure the window while it trains instead")
    parser.add_argument("--seconds", type=float, default=20.0, help="for which the window is measured")
    args = parser.parse_args()
    if args.stalls:
        from benchmarks.landscape_window import stalls

        stalls(args.seconds)
        return
    choose_device("cpu")
    print(f"{args.updates} updates, {torch.get_num_threads()} threads\n")
    print("| data | seed | TV(data, q_K) | TV(data, exp(−E / T)) | KL q_K | KL exp | counting alone | CPU s | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in args.only:
        for seed in range(args.seeds):
            print(row(name, seed, args.updates), flush=True)


def row(name: str, seed: int, updates: int) -> str:
    """One landscape, trained and measured."""
    scene = Scene(data=SHAPES[name])
    learning = replace(scene.learning, seed=seed, updates=updates)
    landscape = Landscape(replace(scene, learning=learning))
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(updates):
        landscape.update()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    found = landscape.distances()
    figures = (found.tv_short_run, found.tv_energy, found.kl_short_run, found.kl_energy, found.tv_floor)
    return f"| {name} | {seed} | {' | '.join(f'{value:.3f}' for value in figures)} | {cpu:.0f} | {seconds:.0f} |"


if __name__ == "__main__":
    main()
