"""Makes the films in docs/images/, by the command line, from the bundled models and photos.

    python docs/films.py [NAME...]

Each is one command: `python docs/films.py --list` prints them. Seeds are the first ones, not cherry-picked.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from ebm_studio.cli.main import main as ebm_studio

ROOT = Path(__file__).resolve().parents[1]
FILMS = {
    "chain": "sample faces32 --count 5 --scale 3 --every 3",
    "seeds": "interpolate faces32 seed:1 seed:2 seed:3 --loop --frames 42 --scale 5",
    "photos": "interpolate fashion32 resources/samples/garment-pullover.png resources/samples/garment-shirt.png "
    "--frames 25 --scale 5 --ping-pong --hold 0.8",
}


def main() -> None:
    """Make them all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FILMS))
    parser.add_argument("--list", action="store_true", help="only print the commands")
    args = parser.parse_args()
    for name in args.names or FILMS:
        if name not in FILMS:
            parser.error(f"there is no film {name}: choose from {', '.join(FILMS)}")
        file = f"docs/images/{name}.gif"
        words = [*shlex.split(FILMS[name]), "-o", file]
        if args.list:
            print("ebm-studio", *words)
            continue
        inside = [str(ROOT / word) if word.startswith(("resources/", "docs/")) else word for word in words]
        if code := ebm_studio(inside):
            raise SystemExit(code)
        print(f"{file}: {(ROOT / file).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
