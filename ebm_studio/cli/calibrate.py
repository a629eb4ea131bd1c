"""`ebm-studio calibrate`: the step size at which a trained model draws best."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ebm_studio.cli.options import (
    add_computing,
    add_model_and_data,
    counting_bar,
    reading,
    some_path,
)
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.storage.atomic_write import check_place


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "calibrate",
        help="find the step size at which a model draws best",
        description="Draw at step sizes from the model's own to 1.5 times that, compare with training images "
        "(KID-lite0), and write the model with the smallest step size that is not measurably worse than the best.",
    )
    add_model_and_data(parser)
    parser.add_argument("-o", "--output", type=some_path, metavar="FILE", help="the model to write (default: none)")
    parser.add_argument(
        "--most",
        type=float,
        default=1.5,
        metavar="F",
        help="the largest step size to try, as a multiple of the model's own (default: 1.5); large steps reconstruct "
        "photos less well",
    )
    parser.add_argument("--count", type=int, default=512, metavar="N", help="samples for each step size (default: 512)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples (default: 0)")
    add_computing(parser, run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Try, choose and write."""
    if args.output:
        check_place(args.output)
    settings = Evaluation(count=args.count, seed=args.seed)

    from tqdm import tqdm

    from ebm_studio.data.models.calibration import calibrated, chosen, trials
    from ebm_studio.data.models.model import load_model, save_model

    model = load_model(args.model, args.device, reading=reading(args))
    tried = []
    with counting_bar() as tell:
        for trial in trials(model, args.data, settings, args.most, tell):
            tried.append(trial)
            if not args.json:
                tqdm.write(
                    f"step size {trial.step_size:<6g} KID-lite0 {trial.kid.mean:.4f} ± {trial.kid.sd:.4f}  "
                    f"contrast {trial.contrast.excess:+.0%}"
                )
                sys.stdout.flush()
    best = chosen(tried)
    if args.output:
        words = [model.card.name, Path(args.data).name, "--most", f"{args.most:g}", "--count", str(args.count)]
        command = f"ebm-studio calibrate {shlex.join(words)}"
        save_model(args.output, model.net, calibrated(model.card, best, command))
    if not args.json:
        print(f"{model.card.name} draws best at step size {best.step_size:g}" + f": {args.output}" * bool(args.output))
    return {
        "model": model.card.name,
        "step_size": best.step_size,
        "trials": [asdict(trial) for trial in tried],
        "output": str(args.output) if args.output else None,
    }
