"""`ebm-studio install-desktop`: a menu entry, an icon and our file types, on Linux."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ebm_studio.cli.options import add_json
from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.bundle import this_program


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "install-desktop",
        help="add the program to the desktop's menu, and open its files with it (Linux)",
        description="For this user only: add a menu entry, an icon, and the file types of models, latents and "
        "recipes, so that a double click opens them. Pictures and films list the program in Open With.",
    )
    parser.add_argument("--remove", action="store_true", help="remove everything again")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the files, or remove them. Raises `StudioError`."""
    from ebm_studio.data.storage.desktop import install_desktop, remove_desktop

    if not sys.platform.startswith("linux"):
        raise StudioError("Only Linux desktops have these entries. On this system, make a shortcut to the program.")
    files = remove_desktop() if args.remove else install_desktop(_command())
    if not args.json:
        for file in files:
            print(f"{'removed' if args.remove else 'wrote'} {file}")
        if not files:
            print("there was nothing to remove")
    return {"removed" if args.remove else "written": [str(file) for file in files]}


def _command() -> list[str]:
    """The command that starts this copy of the program."""
    script = Path(sys.argv[0]).resolve()
    if script.name == "ebm-studio" and script.is_file():
        return [str(script)]
    return this_program()
