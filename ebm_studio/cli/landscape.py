"""`ebm-studio landscape`: an energy over the plane, trained and measured without a window."""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ebm_studio.cli.options import add_json, add_short_run, progress_bar, short_run, some_name, some_path
from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.core.specs import check_seed

if TYPE_CHECKING:
    from ebm_studio.data.points.landscape import Landscape
    from ebm_studio.data.points.scene import Scene

NET = ("width", "depth", "activation")
LEARNING = {
    "batch": "chains",
    "data_batch": "images",
    "learning_rate": "learning_rate",
    "data_noise": "data_noise",
    "chains_from": "chains_from",
    "seed": "seed",
}
SUFFIX = ".safetensors"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "landscape",
        help="train an energy over points in the plane, where you can see all of it",
        description="Train a small energy on points in the plane. Measure how far its short runs, and its own density "
        "exp(-E / T), are from the data.",
    )
    parser.add_argument(
        "data",
        type=some_name,
        metavar="DATA",
        help="rings, moons, eight, pinwheel, checkerboard, spirals or swiss-roll; text:HELLO; a .csv or .npy file of "
        "points; a picture, where dark means dense; or a landscape's .safetensors file, to continue training",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=some_path,
        metavar="FILE",
        help="a film (.gif, .mp4, ...), a .png, or the landscape itself (.safetensors)",
    )
    parser.add_argument("--updates", type=int, metavar="N", help="total number of updates (default: 3000)")
    parser.add_argument("--width", type=int, help="units in each layer (default: 64)")
    parser.add_argument("--depth", type=int, help="hidden layers, 2 to 4 (default: 3)")
    parser.add_argument("--activation", help="silu, gelu, leaky_relu, tanh or softplus (default: silu)")
    parser.add_argument("--batch", type=int, metavar="M", help="chains in each update")
    parser.add_argument("--data-batch", type=int, metavar="M", help="data points in each update")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="learning rate of Adam")
    parser.add_argument("--data-noise", type=float, metavar="SIGMA", help="noise on the data")
    parser.add_argument(
        "--chains-from",
        metavar="WHERE",
        help="start chains from: noise (the paper), data (contrastive divergence) or chains (PCD)",
    )
    parser.add_argument("--seed", type=int, help="seed of everything random (default: 0)")
    parser.add_argument("--show", type=int, default=500, metavar="N", help="chains in the film (default: 500)")
    parser.add_argument(
        "--past", type=float, default=1.0, metavar="F", help="show F times K steps (default: 1, at most 100)"
    )
    parser.add_argument(
        "--side", type=int, default=360, metavar="PX", help="width of each view, in pixels (default: 360)"
    )
    add_short_run(parser)
    parser.add_argument("--start-range", type=float, metavar="R", help="scale of the start noise (default: 1)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train, measure, and write the file."""
    from ebm_studio.core.energy.devices import choose_device
    from ebm_studio.data.points.landscape import as_json

    _check(args)
    choose_device("cpu")
    landscape = _opened(args)
    landscape.scene.past(args.past)  # raises if it is too long a run
    began = time.perf_counter()
    with progress_bar("training") as show:
        first, total = landscape.updates, landscape.scene.learning.updates
        while landscape.updates < total:
            landscape.update()
            show((landscape.updates - first) / (total - first))
    trained = time.perf_counter() - began
    with progress_bar("measuring") as show:
        found = landscape.distances(progress=show)
    if args.output:
        with progress_bar("writing") as show:
            _write(landscape, args, show)
    seconds = time.perf_counter() - began
    scene = landscape.scene
    if not args.json:
        print(
            f"{scene.data.name}, K {scene.short_run.steps}, {landscape.updates} updates in {trained:.0f} s: "
            f"TV(data, short run) {found.tv_short_run:.3f}, TV(data, exp(-E/T)) {found.tv_energy:.3f}, "
            f"counting alone {found.tv_floor:.3f}"
        )
    return {
        **as_json(found),
        "updates": landscape.updates,
        "seconds": round(seconds, 2),
        "data": scene.data.name,
        "warning": landscape.warning,
        "net": scene.net.to_dict(),
        "short_run": scene.short_run.to_dict(),
        "learning": scene.learning.to_dict(),
        "output": str(args.output) if args.output else None,
    }


def _check(args: argparse.Namespace) -> None:
    from ebm_studio.data.exports.encoders import check_target
    from ebm_studio.data.storage.atomic_write import check_place

    if not 0 <= args.past <= 100:
        raise SettingsError(f"--past must be from 0 to 100, not {args.past:g}.")
    if not 32 <= args.side <= 2048:
        raise SettingsError(f"A view must be 32 to 2048 pixels wide, not {args.side}.")
    if not 1 <= args.show <= 5000:
        raise SettingsError(f"A film shows 1 to 5000 chains, not {args.show}.")
    if args.output and args.output.suffix.lower() == SUFFIX:
        check_place(args.output)
    elif args.output:
        check_target(args.output)


def _opened(args: argparse.Namespace) -> Landscape:
    """The landscape to train: a new one for the data, or one from a file with the options' changes."""
    from ebm_studio.data.points.files import is_landscape_file, load_landscape
    from ebm_studio.data.points.landscape import Landscape
    from ebm_studio.data.points.scene import Scene
    from ebm_studio.data.points.sources import open_points
    from ebm_studio.data.storage.outside import path_of

    path = path_of(args.data, DataError)
    if path.suffix.lower() == SUFFIX:
        if os.path.isfile(path) and not is_landscape_file(path):
            raise DataError(f"{path} is not a landscape.")
        landscape = load_landscape(path)
        landscape.change(_changed(landscape.scene, args, landscape.updates))
        return landscape
    scene = Scene(data=open_points(args.data))
    return Landscape(_changed(scene, args, scene.learning.updates))


def _changed(scene: Scene, args: argparse.Namespace, updates: int) -> Scene:
    """A scene with the options' changes. A trained network keeps its architecture."""
    net = {name: value for name in NET if (value := getattr(args, name)) is not None}
    learning = {field: value for name, field in LEARNING.items() if (value := getattr(args, name)) is not None}
    updates = updates if args.updates is None else args.updates
    own = short_run(args, scene.short_run)
    if args.start_range is not None:
        own = replace(own, start_range=args.start_range)
    check_seed(learning.get("seed", 0))
    return replace(
        scene,
        net=replace(scene.net, **net),
        short_run=own,
        learning=replace(scene.learning, updates=updates, **learning),
    )


def _write(landscape: Landscape, args: argparse.Namespace, progress: Any) -> None:
    from ebm_studio.data.exports.encoders import MOVING, export, kind_of
    from ebm_studio.data.points.files import save_landscape
    from ebm_studio.data.points.shooting import frames_of, recipe_of

    if args.output.suffix.lower() == SUFFIX:
        save_landscape(args.output, landscape)
        return
    moving = kind_of(args.output) in (*MOVING, "folder")
    recipe = recipe_of(landscape, count=args.show, past=args.past, side=args.side, moving=moving)
    frames = frames_of(landscape, recipe)
    export(frames, args.output, recipe.look, recipe, progress)
