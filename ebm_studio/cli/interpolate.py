"""`ebm-studio interpolate`: a path between latents, without a window."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ebm_studio.cli.options import (
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
from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.data.storage.outside import path_of

if TYPE_CHECKING:
    from torch import Tensor

    from ebm_studio.core.specs import ShortRun
    from ebm_studio.data.exports.frames import Look
    from ebm_studio.data.models.latent import Latent
    from ebm_studio.data.models.model import Model


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "interpolate",
        help="make a film of the path between latents",
        description="Run the short run from latents between A and B (and C ...), and write the final pictures as a "
        "film. A .png gets them as a sheet; a name without a suffix becomes a folder of .png files. The file "
        "contains its recipe.",
    )
    parser.add_argument("model", type=some_name, metavar="MODEL", help="a bundled model's name, or a model file")
    parser.add_argument(
        "stops",
        metavar="STOP",
        nargs="+",
        help="two or more: seed:7, chain 3 of a seed as seed:7:3, a photo, or a latent (.safetensors)",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=some_path,
        metavar="FILE",
        help=".gif, .webp, .apng, .mp4, .png, or a folder",
    )
    parser.add_argument("--frames", type=int, default=33, metavar="N", help="total number of frames (default: 33)")
    parser.add_argument(
        "--path", default="paper", help="paper (rho z1 + sqrt(1 - rho^2) z2), slerp or linear (default: paper)"
    )
    parser.add_argument(
        "--spacing",
        default="angle",
        help="frames evenly spaced in: angle, image (how much the picture changes) or rho (default: angle)",
    )
    parser.add_argument(
        "--noise",
        default="own",
        help="noise of the steps: own (of each stop, mixed), first (of the first stop) or off (default: own)",
    )
    parser.add_argument("--loop", action="store_true", help="continue from the last stop to the first")
    _add_look(parser)
    add_short_run(parser)
    add_reading(parser)
    add_device(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def _add_look(parser: argparse.ArgumentParser) -> None:
    """How the film is played and drawn."""
    parser.add_argument("--ping-pong", action="store_true", help="play forward and back")
    parser.add_argument("--fps", type=float, default=20.0, help="frames per second (default: 20)")
    parser.add_argument("--hold", type=float, default=0.0, metavar="S", help="seconds to hold both ends (default: 0)")
    parser.add_argument("--scale", type=int, default=4, metavar="N", help="draw each model pixel as N x N (default: 4)")
    parser.add_argument("--smooth", action="store_true", help="enlarge smoothly instead of as squares")
    parser.add_argument("--captions", action="store_true", help="write rho and the energy under each frame")
    add_film_look(parser)
    parser.add_argument(
        "--palette", default="shared", help="palette of a GIF: shared (by all frames) or own (default: shared)"
    )
    parser.add_argument(
        "--dither", default="none", help="dithering of a GIF: none, ordered or diffusion (default: none)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Interpolate and write the file."""
    from ebm_studio.core.specs import Interpolation, check_stops
    from ebm_studio.data.exports.encoders import check_size, check_target, export, left_out
    from ebm_studio.data.exports.recipe import PathRecipe, side_of
    from ebm_studio.data.exports.recipe_frames import expected_path, path_of
    from ebm_studio.data.exports.recipe_sources import sources_of
    from ebm_studio.data.exports.replay import shown_path
    from ebm_studio.data.models.model import load_model

    kind = check_target(args.output)
    spec = Interpolation(path=args.path, spacing=args.spacing, frames=args.frames, noise=args.noise, closed=args.loop)
    look = _look(args)
    check_stops(len(args.stops), spec.closed)
    model = load_model(args.model, args.device, reading=reading(args))
    photos_run = run_of_photos(args.stops, model.card.short_run)
    own = short_run(args, photos_run or model.card.short_run)
    check_size(kind, look, *expected_path(spec, len(args.stops), model.card.net.shape))
    if told := left_out(spec.frames, look, kind):
        print(f"ebm-studio interpolate: {told}", file=sys.stderr)
    latents = [read_stop(text, model, own, photos_run) for text in args.stops]

    began = time.perf_counter()
    with progress_bar("interpolating") as show:
        path = model.interpolate(latents, spec, own, show)
    recipe = PathRecipe(side=side_of(model, own), sources=sources_of(latents), path=spec, look=look)
    size = export(path_of(recipe, shown_path(path)), args.output, look, recipe)
    seconds = time.perf_counter() - began

    if not args.json:
        print(
            f"{args.output}: {spec.frames} frames of {model.card.name} over {', '.join(args.stops)}, {size} bytes, "
            f"largest step {path.smoothness.unevenness:.2f} times the mean, in {seconds:.1f} s"
        )
    return {
        "output": str(args.output),
        "bytes": size,
        "model": model.card.name,
        "stops": args.stops,
        **spec.to_dict(),
        "rho": [round(rho, 6) for rho in path.rho],
        "energy": path.energy.tolist(),
        "distances": list(path.smoothness.distances),
        "unevenness": path.smoothness.unevenness,
        "short_run": own.to_dict(),
        "device": str(model.device),
        "backend": model.backend,
        "backend_reason": model.backend_reason,
        "seconds": round(seconds, 3),
    }


def _look(args: argparse.Namespace) -> Look:
    from ebm_studio.data.exports.frames import Look

    return Look(
        scale=args.scale,
        smooth=args.smooth,
        captions=args.captions,
        text=args.caption,
        curve=args.curve,
        fps=args.fps,
        ping_pong=args.ping_pong,
        hold_first=args.hold,
        hold_last=args.hold,
        palette=args.palette,
        dither=args.dither,
    )


def run_of_photos(stops: Sequence[str], own: ShortRun) -> ShortRun | None:
    """The short run of a path's first photo: with any other the photo would not come back. None without photos."""
    from ebm_studio.data.models.latent import SUFFIX, FromPhoto, read_latent

    for text in stops:
        if text.startswith("seed:"):
            continue
        path = path_of(text, DataError)
        if path.suffix.lower() != SUFFIX:
            return own.for_photos()
        latent = read_latent(path)
        if isinstance(latent.origin, FromPhoto):
            return latent.short_run
    return None


def read_stop(text: str, model: Model, own: ShortRun, photos_run: ShortRun | None) -> Latent:
    """The latent that a stop names: seed:7, seed:7:3, a latent file, or a photo. Raises `StudioError`.

    On a path with photos, the picture of a stop that was made for another short run is reconstructed with theirs.
    """
    from ebm_studio.data.models.latent import SUFFIX, read_latent
    from ebm_studio.data.models.reconstruction import drawn_again, on_path

    if text.startswith("seed:"):
        match = re.fullmatch(r"seed:(\d{1,19})(?::(\d{1,4}))?", text)
        if not match:
            raise SettingsError(f"{text} is not a seed: write seed:7, or seed:7:3 for chain 3 of that seed.")
        run = model.card.short_run if photos_run else own
        latent = model.latent(int(match[1]), int(match[2] or 0), run)
    else:
        path = path_of(text, DataError)
        if path.suffix.lower() != SUFFIX:
            return on_path(model, path.name, _photo(path, model), own).latent
        latent = read_latent(path)
        model.check_latents([latent])
    if photos_run in (None, latent.short_run):
        return latent
    return on_path(model, text, drawn_again(model, latent), own).latent


def _photo(path: Path, model: Model) -> Tensor:
    """A photo as the model sees it, (1, C, H, W)."""
    import torch

    from ebm_studio.data.pictures.pictures import fit, open_picture, to_images

    net = model.card.net
    return torch.from_numpy(to_images(fit(open_picture(path, enough=2 * net.size), net.size, net.channels)[None]))
