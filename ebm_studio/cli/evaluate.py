"""`ebm-studio evaluate`: how good a model's samples are, in metrics that can be repeated."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from typing import Any

from ebm_studio.cli.options import (
    add_computing,
    add_model_and_data,
    counting_bar,
    reading,
    some_path,
)
from ebm_studio.core.evaluation.figures import Estimate, Figures
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.storage.atomic_write import check_place

DOWNLOAD = "inception: the first use downloads about 95 MB of weights from github.com/toshas/torch-fidelity"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="measure how good a model's samples are",
        description="Compare samples with the held-out images of DATA (docs/fidelity.md explains the metrics). "
        "--features inception gives true KID, FID and IS, and downloads its weights when first used.",
    )
    add_model_and_data(parser)
    parser.add_argument("--count", type=int, default=5000, metavar="N", help="samples to compare (default: 5000)")
    parser.add_argument("--features", default="lite0", help="lite0 or inception (default: lite0)")
    parser.add_argument(
        "--held-out", type=int, metavar="N", help="the last N images are held out (default: as the card says)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of samples and draws (default: 0)")
    parser.add_argument(
        "-o",
        "--output",
        type=some_path,
        metavar="FILE",
        help="write a copy of the model with the metrics in its card",
    )
    add_computing(parser, run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and report."""
    if args.output:
        check_place(args.output)
    settings = Evaluation(count=args.count, features=args.features, held_out=args.held_out, seed=args.seed)

    from ebm_studio.data.models.evaluation import evaluate
    from ebm_studio.data.models.evaluation_cache import command_of, other_set
    from ebm_studio.data.models.model import load_model, save_model

    if settings.features == "inception":
        print(DOWNLOAD, file=sys.stderr)
    model = load_model(args.model, args.device, reading=reading(args))
    if other := other_set(model.card.data, args.data):
        print(f"ebm-studio evaluate: {other}", file=sys.stderr)
    began = time.perf_counter()
    with counting_bar() as tell:
        found = evaluate(model, args.data, settings, tell)
    seconds = time.perf_counter() - began

    if args.output:
        save_model(args.output, model.net, replace(model.card, figures=found))
    command = command_of(args.model, args.data, settings)
    if not args.json:
        print(_table(found))
        print(f"{command}   ({seconds:.0f} s)")
        if args.output:
            print(f"{args.output}: {model.card.name} with these metrics in its card")
    return {
        **found.to_dict(),
        "model": model.card.name,
        "data": args.data,
        "settings": settings.to_dict(),
        "short_run": model.card.short_run.to_dict(),
        "device": str(model.device),
        "backend": model.backend,
        "backend_reason": model.backend_reason,
        "seconds": round(seconds, 1),
        "command": command,
        "output": str(args.output) if args.output else None,
    }


def _table(found: Figures) -> str:
    lines = [f"{'':<12} {'model':>18} {'best possible':>18} {'pure noise':>18}"]
    for name, scale in zip(found.names, (found.kid, found.fd), strict=True):
        cells = " ".join(f"{_cell(value):>18}" for value in (scale.model, scale.floor, scale.ceiling))
        lines.append(f"{name:<12} {cells}")
    if found.inception_score is not None:
        lines.append(f"{'IS':<12} {_cell(found.inception_score):>18}")
    lines.append(
        f"{found.samples} samples, {found.training} training images as the best possible, "
        f"{found.held_out} held-out as reference"
    )
    if (contrast := found.contrast) is not None:
        of_both = f"{contrast.samples:.3f} in samples, {contrast.real:.3f} in held-out images"
        lines.append(f"contrast: {of_both} ({contrast.excess:+.1%})")
    near = found.nearest
    lines += [
        f"nearest training image: {near.model:.3f} from samples, {near.held_out:.3f} from held-out images, "
        f"{near.copies:.1%} of samples suspiciously close (1.0% expected)",
        f"reconstruction error on held-out images: {found.heldout_error:.5f} per pixel",
        f"held-out d {found.health.d:+.3f}, v {found.health.v:.3f}, path length K·v {found.health.path_length:.1f}",
    ]
    return "\n".join(lines)


def _cell(value: Estimate) -> str:
    return f"{value.mean:.4f} ± {value.sd:.4f}"
