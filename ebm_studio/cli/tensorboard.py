"""`ebm-studio tensorboard`: training runs for TensorBoard."""

from __future__ import annotations

import argparse
from typing import Any

from ebm_studio.cli.options import add_json, some_path
from ebm_studio.cli.signals import stop_signals
from ebm_studio.data.training.run_folder import RunFolder

PAUSE = 2.0  # seconds between two checks of a run


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "tensorboard",
        help="copy a training run for TensorBoard",
        description="Copy metrics, samples, settings and events of a run into LOG_DIR/NAME, for "
        "`tensorboard --logdir LOG_DIR`. The run's own metrics.csv stays the original.",
    )
    parser.add_argument("folder", type=some_path, metavar="RUN_DIR", help="the run's folder")
    parser.add_argument(
        "-o", "--output", required=True, type=some_path, metavar="LOG_DIR", help="the folder to give to TensorBoard"
    )
    parser.add_argument("--follow", action="store_true", help="keep copying until the training ends, or Ctrl-C")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Copy, once or until the run ends."""
    folder = RunFolder(args.folder)
    folder.plan()

    from ebm_studio.data.training.tensorboard import BoardCopy

    copy = BoardCopy(folder, args.output)
    try:
        with stop_signals() as stopped:
            is_going_on = args.follow
            while is_going_on:
                is_going_on = folder.alive and not stopped.is_set()  # before the last check, so that it misses nothing
                copy.update()
                if is_going_on:
                    stopped.wait(PAUSE)
            updates = copy.update()
    finally:
        copy.close()
    if not args.json:
        print(f"{copy.folder}: {folder.name} until update {max(updates, 0)}")
    return {"run": str(folder.path), "output": str(copy.folder), "updates": max(updates, 0)}
