"""`ebm-studio models`: the models that come with the program."""

from __future__ import annotations

import argparse
from typing import Any

from ebm_studio.cli.options import add_json
from ebm_studio.data.models.card import Card, bundled_models, read_card
from ebm_studio.data.models.card_text import data_title


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("models", help="list the bundled models with their cards")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The bundled models, as objects with `name`, `path` and `card`."""
    cards = {path: read_card(path) for path in bundled_models()}
    if not args.json:
        for path, card in cards.items():
            print(_line(path.stem, card))
    return [{"name": path.stem, "path": str(path), "card": card.to_dict()} for path, card in cards.items()]


def _line(name: str, card: Card) -> str:
    net, figures = card.net, card.figures
    line = (
        f"{name:<12} {net.size}x{net.size}x{net.channels}  n_f {net.width}  K {card.short_run.steps}  "
        f"{card.updates} updates  {data_title(card.data)}"
    )
    return line + (f"  {figures.names[0]} {figures.kid.model.mean:.4f}" if figures else "")
