"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ebm_studio.core.durations import duration as in_words
from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.models.reading import Reading, Sign
from ebm_studio.data.storage.outside import path_of

if TYPE_CHECKING:
    from tqdm import tqdm

UNITS = (1.0, 60.0, 3600.0)
"""Seconds, minutes and hours, in seconds."""
_NUMBER = r"(\d+(?:\.\d+)?)"


def duration(text: str) -> float:
    """Seconds, more than 0, from "90", "90s", "30m", "1.5h" or "1h30m". Raises `ArgumentTypeError`."""
    # A number without a unit means seconds, but not after hours or minutes: people who write 1h30 mean minutes.
    plain = re.fullmatch(rf"{_NUMBER}s?", text.strip())
    parts = plain or re.fullmatch(rf"(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?", text.strip())
    numbers = [float(part or 0) for part in parts.groups()] if parts else []
    seconds = sum(number * unit for number, unit in zip(reversed(numbers), UNITS, strict=False))
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 30m or 1h30m")
    return seconds


def some_path(text: str) -> Path:
    """A path, in which ~ is a home folder. An empty one, as from a variable that is not set, is refused."""
    # The shell does not expand the ~ of --output=~/x.png.
    try:
        return path_of(text, DataError)
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def some_name(text: str) -> str:
    """The name of a model or a data set; an empty one is refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: give a name or a file")
    return text


def add_model_and_data(parser: argparse.ArgumentParser) -> None:
    """MODEL, and the DATA that it was trained on."""
    parser.add_argument("model", type=some_name, metavar="MODEL", help="a bundled model's name, or a model file")
    parser.add_argument(
        "data", metavar="DATA", help="its training data: a folder or zip of images, or a data set's name"
    )


def add_computing(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], dict[str, Any]]) -> None:
    """How weights without a card are read, the device, --json, and what runs the command."""
    add_reading(parser)
    add_device(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """--sign, --activation and --leak: how weights without a card are read."""
    group = parser.add_argument_group("for weights from another program (a MODEL without a card)")
    group.add_argument(
        "--sign",
        choices=get_args(Sign),
        help="plus if the network's output is the energy E, minus if it is -E as in the paper (default: auto, found "
        "by a test)",
    )
    group.add_argument("--activation", help="leaky_relu or silu (default: leaky_relu)")
    group.add_argument("--leak", type=float, metavar="A", help="slope of LeakyReLU for values below 0 (default: 0.2)")


def reading(args: argparse.Namespace) -> Reading | None:
    """What the options say about weights without a card; None if they say nothing. Raises `SettingsError`."""
    said = {name: value for name in ("sign", "activation", "leak") if (value := getattr(args, name)) is not None}
    return Reading(**said) if said else None


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object on stdout")


def add_device(parser: argparse.ArgumentParser) -> None:
    """--device."""
    parser.add_argument(
        "--device",
        default="auto",
        choices=("auto", "cpu", "cuda", "mps"),
        help="the device to compute on (default: auto)",
    )


def add_backend(parser: argparse.ArgumentParser) -> None:
    """--backend."""
    parser.add_argument(
        "--backend",
        default="auto",
        choices=("auto", "fp32", "winograd", "bf16", "graph", "graph-bf16"),
        help="the way to compute (default: auto, the best for this processor)",
    )


def add_film_look(parser: argparse.ArgumentParser) -> None:
    """--caption and --curve."""
    parser.add_argument("--caption", default="", metavar="TEXT", help="a line of your own under each frame")
    parser.add_argument("--curve", action="store_true", help="draw the energy under a film, with a mark at each frame")


def add_short_run(parser: argparse.ArgumentParser) -> None:
    """--steps, --step-size, --noise-scale, --noise-steps, --settle and --start, each by default the model's own."""
    parser.add_argument("--steps", type=int, metavar="K", help="Langevin steps (default: the model's own)")
    parser.add_argument("--step-size", type=float, metavar="S", help="factor of the energy's gradient")
    parser.add_argument("--noise-scale", type=float, metavar="T", help="standard deviation of each step's noise")
    parser.add_argument("--noise-steps", type=int, metavar="N", help="only the first N steps add noise")
    parser.add_argument("--settle", type=int, metavar="M", help="the last M steps become ever shorter")
    parser.add_argument("--start", metavar="P0", help="the start noise of chains: uniform or gaussian")


def short_run(args: argparse.Namespace, own: ShortRun) -> ShortRun:
    """The model's own short run with the options' changes."""
    names = ("steps", "step_size", "noise_scale", "noise_steps", "settle", "start")
    return replace(own, **{name: value for name in names if (value := getattr(args, name)) is not None})


MEASURED = 2.0
"""Seconds after which the rest can be foretold."""
LONG = 120.0
"""Seconds that are worth a warning."""


@contextmanager
def counting_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr, if that is a terminal, for one task after another; yields a `Progress`."""
    from tqdm import tqdm

    with tqdm(disable=None, leave=False) as bar:

        def tell(what: str, done: int, total: int) -> None:
            if done < bar.n or total != bar.total:
                bar.reset(total)
            bar.set_description(what, refresh=False)
            bar.update(done - bar.n)

        yield tell


@contextmanager
def progress_bar(doing: str) -> Iterator[Callable[[float], None]]:
    """A progress bar on stderr, if that is a terminal; yields a function that takes the share done, 0 to 1."""
    from tqdm import tqdm

    form = "{desc} {percentage:3.0f}%|{bar}| {remaining} left"
    with tqdm(total=1.0, desc=doing, bar_format=form, disable=None, leave=False) as bar:
        tell_time = long_time(bar)

        def show(share: float) -> None:
            bar.update(share - bar.n)
            tell_time()

        yield show


@contextmanager
def runs_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, if that is a terminal, over so many short runs; yields a function that takes more."""
    from tqdm import tqdm

    with tqdm(total=total, unit="run", disable=None, leave=False) as bar:
        tell_time = long_time(bar)

        def add(runs: int) -> None:
            bar.update(runs)
            tell_time()

        yield add


def long_time(bar: tqdm[Any]) -> Callable[[], None]:
    """Say once above a bar how long all of it will take, as soon as that is known and when it is long."""
    began, is_told = time.monotonic(), bar.disable  # without a terminal nobody waits there

    def tell() -> None:
        nonlocal is_told
        if is_told or time.monotonic() - began < MEASURED or not bar.n or not bar.total:
            return
        is_told = True
        expected = (time.monotonic() - began) / bar.n * bar.total
        if expected >= LONG:
            bar.write(f"This will take about {in_words(expected)}.", file=sys.stderr)

    return tell
