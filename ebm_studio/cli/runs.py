"""`ebm-studio runs`: the training runs and their status."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from typing import Any

from ebm_studio.cli.options import add_json, some_path
from ebm_studio.core.errors import StudioError
from ebm_studio.data.training.run_folder import default_root, list_runs


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("runs", help="list the training runs and their status")
    parser.add_argument(
        "root", nargs="?", type=some_path, metavar="DIR", help="the folder that has the runs (default: the window's)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The runs, most recently started first, as objects with `name`, `path`, `status` and the last `events`.

    Raises `StudioError` when there is no such folder.
    """
    if args.root and not os.path.isdir(args.root):
        raise StudioError(f"There is no folder {args.root}: give one that has runs in it.")
    found = [
        {
            "name": folder.name,
            "path": str(folder.path),
            "status": asdict(folder.status()),
            "events": [asdict(event) for event in folder.events()[-10:]],
        }
        for folder in list_runs(args.root or default_root())
    ]
    if not args.json:
        for each in found:
            status: Any = each["status"]
            left = status["seconds_left"]
            time_left = f", {left / 60:.0f} min left" if left is not None else ""
            print(
                f"{each['name']:<24} {status['state']:<9} {status['updates']:>7} updates "
                f"{status['progress']:4.0%}{time_left}  {status['text']}".rstrip()
            )
    return found
