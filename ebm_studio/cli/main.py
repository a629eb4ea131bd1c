"""`ebm-studio`: the window, and a headless twin of each page."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from ebm_studio import __version__
from ebm_studio.cli import (
    calibrate,
    diagnose,
    evaluate,
    export_onnx,
    install_desktop,
    interpolate,
    landscape,
    models,
    push,
    reconstruct,
    replay,
    runs,
    sample,
    tensorboard,
    train,
)
from ebm_studio.cli.streams import safe_streams
from ebm_studio.core.errors import StudioError

COMMANDS = (
    calibrate,
    diagnose,
    evaluate,
    export_onnx,
    install_desktop,
    interpolate,
    landscape,
    models,
    push,
    reconstruct,
    replay,
    runs,
    sample,
    tensorboard,
    train,
)
"""Each has the name of its module, with `-` for `_`."""
BAD_INPUT = 2
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # One line, like every other error here; --help has the rest.
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="ebm-studio",
        usage="ebm-studio [--model NAME|FILE] [FILE ...]\n       ebm-studio COMMAND ...",
        description="Explore short-run MCMC energy-based models. Without a command, open the window and in it the "
        "given photos, models, latents or exported files. If a window is already open, it shows the files.",
    )
    parser.add_argument("--version", action="version", version=f"ebm-studio {__version__}")
    parser.add_argument("--model", metavar="NAME|FILE", help="the model to open in the window")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", prog="ebm-studio")
    for command in COMMANDS:
        command.add(commands)
    return parser


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command and its options; without a command, `model` and `files` for the window."""
    if not _opens_files(argv):
        return build_parser().parse_args(argv, argparse.Namespace(files=[]))
    parser = _Parser(prog="ebm-studio", add_help=False)
    parser.add_argument("--model")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args(argv, argparse.Namespace(command=None))
    for file in args.files:
        if not os.path.lexists(file):
            parser.error(f"There is no file or command {' '.join(file.split())}")
    return args


def _opens_files(argv: Sequence[str]) -> bool:
    """Whether the first word that is not an option is not a command either."""
    words = iter(argv)
    for word in words:
        if word == "--model":
            next(words, None)
        elif not word.startswith("-"):
            return word not in [command.__name__.rpartition(".")[2].replace("_", "-") for command in COMMANDS]
    return False


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code: 0, 2 for bad input, 130 when interrupted."""
    with safe_streams() as out:
        args = _parse(sys.argv[1:] if argv is None else argv)
        code = _run_told(args)
        out.flush()
        if out.error is None:
            return code
        print(f"{_name(args)}: cannot print the result: {out.error.strerror}.", file=sys.stderr)
        return code or BAD_INPUT


def _name(args: argparse.Namespace) -> str:
    return f"ebm-studio {args.command}" if args.command else "ebm-studio"


def _run_told(args: argparse.Namespace) -> int:
    try:
        return _run(args)
    except StudioError as error:
        print(f"{_name(args)}: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"{_name(args)}: interrupted.", file=sys.stderr)
        return INTERRUPTED


def _run(args: argparse.Namespace) -> int:
    if args.command is None:
        from ebm_studio.app.main import run_window

        return run_window(args.model, args.files)
    result: Any = args.run(args)
    code = INTERRUPTED if isinstance(result, dict) and result.get("stopped") else 0
    if args.json:
        print(json.dumps(result))
    return code
