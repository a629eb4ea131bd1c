"""`ebm-studio sample`: pictures from noise, without a window."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ebm_studio.cli.options import add_device, add_json, add_short_run, short_run, within


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sample",
        help="make pictures from noise",
        description="Write a grid of samples, 8 a row; to a .gif, the whole chain from noise to image.",
    )
    parser.add_argument("model", metavar="MODEL", help="a bundled model's name, or a model file")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="a .png, or a .gif")
    parser.add_argument("--count", type=int, default=64, help="how many pictures (default: 64)")
    parser.add_argument("--seed", type=int, default=0, help="picture i of a seed is always the same (default: 0)")
    parser.add_argument("--scale", type=int, default=1, metavar="N", help="show each pixel as N x N (default: 1)")
    add_short_run(parser)
    add_device(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Sample and write the file."""
    from tqdm import tqdm

    from ebm_studio.core.errors import DataError
    from ebm_studio.data.animation import save_gif
    from ebm_studio.data.models import load_model
    from ebm_studio.data.pictures import can_save, grid, save_picture, to_pixels

    if not can_save(args.output):
        raise DataError(f"Cannot save to {args.output.name}: use a name that ends in .png or .gif.")
    scale = within(1, args.scale, 32, "--scale")
    model = load_model(args.model, args.device)
    own = short_run(args, model.card.short_run)

    began = time.perf_counter()
    with tqdm(total=args.count, unit="picture", disable=None, leave=False) as bar:
        if args.output.suffix.lower() == ".gif":
            frames = []
            for step in model.chain(args.count, args.seed, own):
                frames.append(grid(to_pixels(step.images.cpu().numpy()), scale=scale))
                bar.update(round(args.count * step.index / own.steps) - bar.n)
            save_gif(frames, args.output)
        else:
            images = model.sample(args.count, args.seed, own, progress=lambda done: bar.update(done - bar.n))
            save_picture(grid(to_pixels(images.numpy()), scale=scale), args.output)
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
        "seconds": round(seconds, 3),
    }
