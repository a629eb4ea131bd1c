"""`ebm-studio export-onnx`: a model for other runtimes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ebm_studio.cli.options import add_json, some_name, some_path
from ebm_studio.data.storage.atomic_write import check_place


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export-onnx",
        help="write a model for other runtimes",
        description="Write the energy and its gradient as plain ONNX operators, with the card in the file's metadata. "
        "A Langevin step is x - step_size * gradient + noise_scale * noise; in the last `settle` steps both factors "
        "fall evenly to 1 / (settle + 1).",
    )
    parser.add_argument("model", type=some_name, metavar="MODEL", help="a bundled model's name, or a model file")
    parser.add_argument("-o", "--output", required=True, type=some_path, metavar="FILE", help="the .onnx file to write")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the file."""
    output: Path = args.output
    check_place(output)

    from ebm_studio.data.models.model import load_model
    from ebm_studio.data.models.onnx_export import ENERGY, GRADIENT, INPUT, export_onnx

    model = load_model(args.model, "cpu", "fp32")
    size = export_onnx(model, output)
    if not args.json:
        print(f"{output}: {INPUT} to {ENERGY} and {GRADIENT} of {model.card.name}, {size} bytes")
    return {"output": str(output), "bytes": size, "model": model.card.name, "short_run": model.card.short_run.to_dict()}
