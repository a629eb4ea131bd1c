"""What each training setting is worth: one change at a time, in equal time, with two seeds.

    OMP_NUM_THREADS=1 python -m benchmarks.candidates faces64.zip -o tried --updates 6000
    OMP_NUM_THREADS=1 python -m benchmarks.candidates faces64.zip -o tried2 --updates 6000 --from faces32  # further

Each candidate is one or more runs of `ebm-studio train`. It gets as many updates as take the time of those of *Good*,
by the ratio of some that are timed in turns, so that other work on the machine takes nothing from it. Rows go to
results.jsonl in the folder, and are not measured again when the command is repeated. The last lines are the table.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np

from ebm_studio.cli.main import main as program
from ebm_studio.core.evaluation.fidelity import frechet, kid
from ebm_studio.core.evaluation.figures import Contrast
from ebm_studio.data.models.evaluation import contrast, some
from ebm_studio.data.models.features import open_extractor
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.datasets import open_split
from ebm_studio.data.pictures.pictures import to_pixels

HELD_OUT = 1000
GOOD = "--batch 16 --data-batch 64 --learning-rate 1e-4 --data-noise 0.03"
LOW = "--beta1 0.5 --final-noise 0.333 --decay-share 0.5"
PROBED, TURNS = 24, 2  # updates that are timed together, and how often
STEPS = (1.0, 1.1, 1.2)  # drawn at so many times the step size of training


@dataclass(frozen=True)
class Stage:
    """A run of `ebm-studio train` with the settings of *Good* and these, for a share of a candidate's time."""

    settings: str = ""
    share: float = 1.0


FURTHER = {
    "*Good*": [Stage()],
    "2 of 16 chains left out": [Stage("--trim 0.125")],
    "4 of 16 left out": [Stage("--trim 0.25")],
    "half of the images mirrored": [Stage("--mirror 0.5")],
    "last 10 steps shorter": [Stage("--settle 10")],
    "β1 .5, σ to .01": [Stage(LOW)],
    "β1 .5, σ to .01, last 10 steps shorter": [Stage(f"{LOW} --settle 10")],
    "β1 .5, σ to .01, n_f 64": [Stage(f"{LOW} --width 64")],  # with --from a model of n_f 32
}
SCRATCH = {
    "*Good*": [Stage()],
    "2 of 16 chains left out": [Stage("--trim 0.125")],
    "last 10 steps shorter": [Stage("--settle 10")],
    "K 25, s 2, then K 50, s 1": [Stage("--steps 25 --step-size 2", 0.5), Stage("--steps 50 --step-size 1", 0.5)],
    "β1 .5, σ to .01, last 10 steps shorter": [Stage(f"{LOW} --settle 10")],
    "rate 3e-4": [Stage("--learning-rate 3e-4")],
    "rate 6e-4": [Stage("--learning-rate 6e-4")],
    "SiLU": [Stage("--activation silu")],
    "rate 3e-4, β1 0": [Stage("--learning-rate 3e-4 --beta1 0")],
    "rate 3e-4, a third of the time at 16 × 16": [
        Stage("--learning-rate 3e-4 --size 16", 1 / 3),
        Stage("--learning-rate 3e-4", 2 / 3),
    ],
}


def main(argv: Sequence[str] | None = None) -> None:
    """Train and measure what has not been measured yet, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.candidates", description=__doc__)
    parser.add_argument("data", help="a data set with more than 1000 images, of which 1000 are held out")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder for the runs and results")
    parser.add_argument("--from", dest="start", metavar="MODEL", help="train this model further")
    parser.add_argument("--updates", type=int, default=6000, help="of *Good*, whose time each candidate and seed gets")
    parser.add_argument("--size", default="32", help="of the images (default: 32)")
    parser.add_argument("--width", default="32", help="n_f (default: 32)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these candidates instead of all")
    parser.add_argument("--count", type=int, default=512, help="samples that are compared with held-out images")
    args = parser.parse_args(argv)
    candidates = FURTHER if args.start else SCRATCH
    args.output.mkdir(parents=True, exist_ok=True)
    results = args.output / "results.jsonl"
    for seed in args.seeds:
        for name in args.only or candidates:
            if not any(row["name"] == name and row["seed"] == seed for row in rows_of(results)):
                folder = args.output / f"{list(candidates).index(name):02d}-{seed}"
                updates = train(candidates[name], args, seed, folder)
                row = {"name": name, "seed": seed, "updates": updates} | measure(folder, args.data, args.count)
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                print(row, flush=True)
    print("\n".join(table(list(rows_of(results)))))


def train(stages: Sequence[Stage], args: argparse.Namespace, seed: int, folder: Path) -> int:
    """Run the stages one after another; returns their updates. The last one's folder is `folder`."""
    begun, total = args.start, 0
    for index, stage in enumerate(stages):
        good = [args.data, *GOOD.split(), "--hold-out", str(HELD_OUT), "--size", args.size]
        good += ["--seed", str(seed), *(["--from", str(begun)] if begun else ["--width", args.width])]
        settings = [*good, *stage.settings.split()]
        into = folder if index == len(stages) - 1 else folder.with_name(f"{folder.name}-{index}")
        updates = max(1, round(args.updates * stage.share / cost(settings, good, folder.with_name("probe"))))
        shutil.rmtree(into, ignore_errors=True)  # left by a command that was stopped
        run([*settings, "--updates", str(updates)], into)
        begun, total = into / "model.safetensors", total + updates
    return total


def cost(settings: Sequence[str], good: Sequence[str], folder: Path) -> float:
    """How many times the time of an update with *Good* one with these settings takes, timed in turns."""
    if settings == good:
        return 1.0
    times: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(TURNS):
        for which, each in enumerate((settings, good)):
            shutil.rmtree(folder, ignore_errors=True)
            run([*each, "--updates", str(1 + PROBED)], folder)
            rows = metrics(folder)
            times[which].append(float(rows[-1]["seconds"]) - float(rows[0]["seconds"]))
    return max(min(times[0]), 0.01) / max(min(times[1]), 0.01)  # the log has hundredths


def run(settings: Sequence[str], folder: Path) -> None:
    """Train; ends the program when that fails."""
    if program(["train", *settings, "-o", str(folder)]):
        sys.exit("A run failed.")


def measure(folder: Path, data: str, count: int) -> dict[str, float]:
    """At each of the step sizes KID-lite0 and its standard error, Fréchet distance, and how much more contrast samples
    have than real images, as a share; v at the end of training.
    """
    model = load_model(str(folder / "model.safetensors"))
    extractor = open_extractor("lite0", model.device)
    _, unseen = open_split(data, model.card.net.size, model.card.net.channels, HELD_OUT)
    real = some(unseen, HELD_OUT, np.random.default_rng(0))
    target = extractor.cached(real)
    found = {"v": mean(float(row["v"]) for row in metrics(folder)[-100:])}
    for factor in STEPS:
        short_run = replace(model.card.short_run, step_size=factor * model.card.short_run.step_size)
        drawn = to_pixels(model.sample(count, 0, short_run).numpy())
        features = extractor(drawn)
        distance = kid(features, target)
        found |= {f"kid {factor}": distance.mean, f"sd {factor}": distance.sd}
        found |= {f"fd {factor}": frechet(features, target).mean}
        found |= {f"contrast {factor}": Contrast(contrast(drawn), contrast(real)).excess}
    return found


def metrics(folder: Path) -> list[dict[str, str]]:
    """The rows of a run's metrics.csv."""
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def rows_of(results: Path) -> Iterator[dict[str, str | float]]:
    """What has been measured so far."""
    if results.exists():
        yield from map(json.loads, results.read_text(encoding="utf-8").splitlines())


def table(rows: Sequence[dict[str, str | float]]) -> Iterator[str]:
    """A Markdown table with a line for each candidate, and the values of its seeds side by side."""
    at = " | ".join(f"{name} at {factor:g}" for name in ("KID-lite0", "FD-lite0", "contrast") for factor in STEPS)
    yield f"| | updates | v | {at} |"
    yield f"|---|---|---|{'---|' * 3 * len(STEPS)}"
    for name in dict.fromkeys(row["name"] for row in rows):
        own = sorted((row for row in rows if row["name"] == name), key=lambda row: row["seed"])
        cells = [", ".join(form(row[key]) for row in own) for key, form in _COLUMNS.items()]
        yield f"| {name} | {' | '.join(cells)} |"


def _short(value: str | float) -> str:
    return f"{float(value):.3f}".removeprefix("0")


def _whole(value: str | float) -> str:
    return f"{float(value):.0f}"


def _decimals(value: str | float) -> str:
    return f"{float(value):.2f}"


def _percent(value: str | float) -> str:
    return f"{float(value):+.0%}".replace("-", "−")


_COLUMNS = {
    "updates": _whole,
    "v": _decimals,
    **{f"kid {factor}": _short for factor in STEPS},
    **{f"fd {factor}": _whole for factor in STEPS},
    **{f"contrast {factor}": _percent for factor in STEPS},
}

if __name__ == "__main__":
    main()
