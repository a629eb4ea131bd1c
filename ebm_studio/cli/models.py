"""`ebm-studio models`: what there is to run."""

from __future__ import annotations

import argparse
from typing import Any

from ebm_studio.cli.options import add_json
from ebm_studio.data.cards import bundled_models, read_card


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("models", help="list the bundled models with their cards")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The bundled models, as objects with `name`, `path` and `card`."""
    found = [{"name": path.stem, "path": str(path), "card": read_card(path).to_dict()} for path in bundled_models()]
    if not args.json:
        for model in found:
            card: Any = model["card"]
            net = card["net"]
            print(
                f"{model['name']:<12} {net['size']}x{net['size']}x{net['channels']}  n_f {net['width']}  "
                f"K {card['short_run']['steps']}  {card['updates']} updates  {card['data']['name']}"
            )
    return found
