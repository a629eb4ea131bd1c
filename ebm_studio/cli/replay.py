"""`ebm-studio replay`: make an exported file again, from the recipe inside it."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from ebm_studio.cli.options import add_device, add_json, progress_bar, some_path
from ebm_studio.core.errors import DataError

if TYPE_CHECKING:
    from ebm_studio.data.exports.encoders import Kind
    from ebm_studio.data.exports.recipe import LandscapeRecipe, OfModels


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "replay",
        help="make an exported file again from the recipe inside it",
        description="Read the recipe in FILE and make its pictures again, in the format that the suffix of OUT names.",
    )
    parser.add_argument("file", metavar="FILE", type=some_path, help="an export of EBM Studio, or a .recipe.json")
    parser.add_argument("-o", "--output", required=True, type=some_path, metavar="OUT", help="the new file")
    parser.add_argument(
        "--model",
        metavar="NAME|FILE",
        action="append",
        default=[],
        help="the recipe's model, if it is not found by its name; once for each side of a comparison",
    )
    add_device(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Replay and write the file. Raises `StudioError`."""
    from ebm_studio.data.exports.encoders import check_target
    from ebm_studio.data.exports.recipe import HistoryRecipe, LandscapeRecipe
    from ebm_studio.data.exports.recipe_files import read_recipe

    target = check_target(args.output)
    recipe = read_recipe(args.file)
    if isinstance(recipe, LandscapeRecipe):
        return _replay_landscape(args, recipe)
    if isinstance(recipe, HistoryRecipe):
        raise DataError(
            f"{args.file} is a film of the training run {recipe.run}, which only training makes again: {recipe.command}"
        )
    return _replay_models(args, recipe, target)


def _replay_models(args: argparse.Namespace, recipe: OfModels, target: Kind) -> dict[str, Any]:
    from ebm_studio.data.exports.encoders import check_size, export, left_out
    from ebm_studio.data.exports.frames import picked
    from ebm_studio.data.exports.recipe_frames import expected
    from ebm_studio.data.exports.replay import load_recipe_models, make_frames, other_backend

    began = time.perf_counter()
    models = load_recipe_models(recipe, args.file, args.model, args.device)
    frame, count = expected(recipe, *(model.card.net.shape for model in models))
    check_size(target, recipe.look, frame, count)
    if told := left_out(len(picked(count, recipe.look.every)), recipe.look, target):
        print(f"ebm-studio replay: {told}", file=sys.stderr)
    with progress_bar("replaying") as show:
        frames = make_frames(recipe, models, show)
    size = export(frames, args.output, recipe.look, recipe)
    seconds = time.perf_counter() - began

    if note := other_backend(recipe, models):
        print(f"ebm-studio replay: {note}", file=sys.stderr)
    if not args.json:
        names = " and ".join(side.model for side in recipe.sides)
        print(f"{args.output}: {recipe.kind} of {names}, {size} bytes, in {seconds:.1f} s")
    return {
        "output": str(args.output),
        "bytes": size,
        "kind": recipe.kind,
        "model": recipe.sides[0].model,
        "frames": len(frames),
        "device": str(models[0].device),
        "backend": models[0].backend,
        "backend_reason": models[0].backend_reason,
        "note": note,
        "seconds": round(seconds, 3),
    }


def _replay_landscape(args: argparse.Namespace, recipe: LandscapeRecipe) -> dict[str, Any]:
    """Of a landscape, which contains its own model."""
    from ebm_studio.core.energy.devices import choose_device
    from ebm_studio.data.exports.encoders import export
    from ebm_studio.data.points.files import unpacked
    from ebm_studio.data.points.shooting import frames_of

    began = time.perf_counter()
    choose_device("cpu")
    landscape = unpacked(recipe.file)
    frames = frames_of(landscape, recipe)
    size = export(frames, args.output, recipe.look, recipe)
    seconds = time.perf_counter() - began
    if not args.json:
        print(f"{args.output}: a landscape of {landscape.scene.data.name}, {size} bytes, in {seconds:.1f} s")
    return {
        "output": str(args.output),
        "bytes": size,
        "kind": recipe.kind,
        "model": landscape.scene.data.name,
        "frames": len(frames),
        "device": "cpu",
        "seconds": round(seconds, 3),
    }
