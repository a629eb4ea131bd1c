"""`ebm-studio push`: a model to the Hugging Face hub."""

from __future__ import annotations

import argparse
from typing import Any

from ebm_studio.cli.options import add_device, add_json, some_name


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "push",
        help="share a model on the Hugging Face hub",
        description="Put a model on the hub, with its card as README and a grid of samples. Sign in first with `hf "
        "auth login`, or put your token in HF_TOKEN.",
    )
    parser.add_argument("model", type=some_name, metavar="MODEL", help="a bundled model's name, or a model file")
    parser.add_argument(
        "place", metavar="hf:OWNER/NAME[/FILE]", help="the repository on the hub; it is created if it does not exist"
    )
    parser.add_argument("--private", action="store_true", help="create a private repository")
    add_device(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Open the repository, draw samples, write the README and upload."""
    from ebm_studio.data.models.card import find_model
    from ebm_studio.data.models.model import load_model
    from ebm_studio.data.models.sharing import push_model
    from ebm_studio.data.storage.hub import HubName

    HubName.parse(args.place)
    model = load_model(args.model, args.device)
    address = push_model(find_model(args.model), model, args.place, args.private)
    if not args.json:
        print(f"{model.card.name} is at {address}")
    return {"model": model.card.name, "place": args.place, "address": address}
