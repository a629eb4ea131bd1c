"""`ebm-studio sample`: pictures from noise, without a window."""

from __future__ import annotations

import argparse
import time
from typing import Any

from ebm_studio.cli.options import (
    add_backend,
    add_device,
    add_film_look,
    add_json,
    add_reading,
    add_short_run,
    progress_bar,
    reading,
    short_run,
    some_name,
    some_path,
)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sample",
        help="make pictures from noise",
        description="Write a grid of samples, 8 in a row. A film (.gif, .apng, .mp4) gets the whole chain from noise "
        "to image.",
    )
    parser.add_argument("model", type=some_name, metavar="MODEL", help="a bundled model's name, or a model file")
    parser.add_argument(
        "-o", "--output", required=True, type=some_path, metavar="FILE", help="the .png, .gif, ... to write"
    )
    parser.add_argument("--count", type=int, default=64, help="number of pictures (default: 64)")
    parser.add_argument("--seed", type=int, default=0, help="picture i of a seed is always the same (default: 0)")
    parser.add_argument("--scale", type=int, default=1, metavar="N", help="draw each model pixel as N x N (default: 1)")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="in a film, show every N-th step and the last (default: 1)"
    )
    parser.add_argument("--gap", type=int, default=0, metavar="N", help="model pixels between pictures (default: 0)")
    add_film_look(parser)
    add_short_run(parser)
    add_reading(parser)
    add_device(parser)
    add_backend(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Sample and write the file."""
    from ebm_studio.core.specs import check_count, check_seed
    from ebm_studio.data.exports.encoders import check_size, check_target, export
    from ebm_studio.data.exports.frames import Look
    from ebm_studio.data.exports.recipe import ChainRecipe, side_of
    from ebm_studio.data.exports.recipe_frames import expected
    from ebm_studio.data.exports.recipe_sources import Seeds
    from ebm_studio.data.exports.replay import make_frames
    from ebm_studio.data.models.model import load_model

    target = check_target(args.output)
    moving = target in ("gif", "apng", "mp4", "folder")
    look = Look(
        scale=args.scale,
        every=args.every,
        gap=args.gap,
        text=args.caption,
        curve=args.curve,
        hold_last=1.5 if moving else 0,
    )
    model = load_model(args.model, args.device, args.backend, reading=reading(args))
    own = short_run(args, model.card.short_run)
    seeds = Seeds(check_seed(args.seed), 0, check_count(args.count))
    recipe = ChainRecipe(side=side_of(model, own), seeds=seeds, moving=moving, look=look)

    check_size(target, look, *expected(recipe, model.card.net.shape))
    began = time.perf_counter()
    with progress_bar("sampling") as show:
        frames = make_frames(recipe, [model], show)
    export(frames, args.output, look, recipe)
    seconds = time.perf_counter() - began

    if not args.json:
        print(f"{args.output}: {args.count} pictures of {model.card.name}, seed {args.seed}, in {seconds:.1f} s")
    return {
        "output": str(args.output),
        "model": model.card.name,
        "count": args.count,
        "seed": args.seed,
        "short_run": own.to_dict(),
        "device": str(model.device),
        "backend": model.backend,
        "backend_reason": model.backend_reason,
        "seconds": round(seconds, 3),
    }
