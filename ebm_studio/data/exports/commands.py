"""What a recipe makes as a line of the command line, and such a line read again. Free of torch.

A line says a model, seeds and settings. It never names a file that is opened: the model is one that is
bundled or open already.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import Interpolation, ShortRun, check_stops
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.exports.recipe import ChainRecipe, ComparisonRecipe, PathRecipe, Recipe, Side
from ebm_studio.data.exports.recipe_sources import Seeds

PROGRAM = "ebm-studio"
MAX_LINE = 10_000
RUN: Mapping[str, Callable[[str], Any]] = {
    "steps": int,
    "step_size": float,
    "noise_scale": float,
    "noise_steps": int,
    "settle": int,
    "start": str,
}
PATH: Mapping[str, Callable[[str], Any]] = {"frames": int, "path": str, "spacing": str, "noise": str}
LEFT_OUT = frozenset(
    {"output", "scale", "every", "gap", "caption", "device", "backend", "fps", "hold", "palette", "dither"}
)
"""Options with a value that say how a file looks or what computes it: the window has its own."""
FLAGS = frozenset({"json", "smooth", "captions", "ping_pong", "curve"})
STOP = re.compile(r"seed:(\d{1,19})(?::(\d{1,4}))?")


@dataclass(frozen=True)
class SampleLine:
    """What a line of `sample` asks for."""

    model: str
    """As it is named there."""
    seeds: Seeds
    run: Mapping[str, Any] = field(default_factory=dict)
    """What it changes of the model's own short run."""

    def recipe(self, side: Side) -> ChainRecipe:
        """The recipe of it, with this model and short run."""
        return ChainRecipe(side=side, seeds=self.seeds, moving=True, look=Look())


@dataclass(frozen=True)
class PathLine:
    """What a line of `interpolate` asks for."""

    model: str
    """As it is named there."""
    stops: tuple[Seeds, ...]
    path: Interpolation
    run: Mapping[str, Any] = field(default_factory=dict)
    """What it changes of the model's own short run."""

    def recipe(self, side: Side) -> PathRecipe:
        """The recipe of it, with this model and short run."""
        return PathRecipe(side=side, sources=self.stops, path=self.path, look=Look())


Line = SampleLine | PathLine


def command_of(recipe: Recipe, model: str = "") -> str:
    """The line that makes what a recipe makes; of a comparison one for each side.

    `model` names its first model, if not by its card. Raises `DataError` for what no line can say.
    """
    match recipe:
        case ChainRecipe(side=side, seeds=Seeds(first=0) as seeds):
            return _sample(side, model or side.model, seeds, recipe.moving)
        case ComparisonRecipe(sides=sides):
            seeds = Seeds(recipe.seed, 0, recipe.count)
            own = {sides[0].model: model or sides[0].model}
            return "\n".join(
                _sample(side, own.get(side.model, side.model), seeds, recipe.moving, f"{number}-")
                for number, side in enumerate(sides, 1)
            )
        case PathRecipe(side=side, step=None):
            stops = [source for source in recipe.sources if isinstance(source, Seeds)]
            if len(stops) == len(recipe.sources):
                return _interpolate(side, model or side.model, stops, recipe.path)
    raise DataError("No command can draw this: export it, and replay the file.")


def _sample(side: Side, model: str, seeds: Seeds, moving: bool, number: str = "") -> str:
    file = f"{number}{side.model}-{seeds.seed}.{'gif' if moving else 'png'}"
    return shlex.join(
        [PROGRAM, "sample", model, "-o", file, "--count", str(seeds.count), "--seed", str(seeds.seed), *_run(side)]
    )


def _interpolate(side: Side, model: str, seeds: list[Seeds], path: Interpolation) -> str:
    chains = [(source.seed, source.first + i) for source in seeds for i in range(source.count)]
    stops = [f"seed:{seed}:{chain}" if chain else f"seed:{seed}" for seed, chain in chains]
    words = [
        f"--{name}={getattr(path, name)}" for name in PATH if getattr(path, name) != getattr(Interpolation(), name)
    ]
    words += ["--loop"] if path.closed else []
    return shlex.join([PROGRAM, "interpolate", model, *stops, "-o", f"{side.model}-path.gif", *words, *_run(side)])


def _run(side: Side) -> list[str]:
    """Every setting of the short run: the line must mean the same whatever the model's own settings are."""
    values = side.short_run.to_dict()
    return [f"--{name.replace('_', '-')}={values[name]}" for name in RUN if values[name] is not None]


def is_command(text: str) -> bool:
    """Whether a text starts like a command of this program."""
    return text.lstrip().startswith(f"{PROGRAM} ")


def parse_command(text: str) -> Line:
    """What a line of `command_of`, or one that a person wrote, asks for.

    Raises `StudioError`, with what cannot be read.
    """
    try:
        words = shlex.split(text[:MAX_LINE].strip().splitlines()[0])
    except (ValueError, IndexError):
        raise DataError("The command cannot be read: a quotation mark is missing.") from None
    if len(words) < 3 or words[0] != PROGRAM or words[1] not in ("sample", "interpolate"):
        raise DataError(f"Paste a line that starts with {PROGRAM} sample MODEL or {PROGRAM} interpolate MODEL.")
    plain, options = _sorted_out(words[2:])
    run = {name: options.pop(name) for name in RUN if name in options}
    ShortRun(**run)  # says what is out of range
    if words[1] == "sample":
        seeds = Seeds(_taken(options, "seed", 0), 0, _taken(options, "count", 64))
        line: Line = SampleLine(plain[0], seeds, run)
    else:
        path = {name: options.pop(name) for name in PATH if name in options}
        spec = Interpolation(**path, closed=bool(options.pop("loop", False)))
        stops = tuple(_stop(word) for word in plain[1:])
        check_stops(len(stops), spec.closed)
        line = PathLine(plain[0], stops, spec, run)
    if options or (words[1] == "sample" and len(plain) != 1):
        odd = f"--{next(iter(options))}" if options else plain[1]
        raise DataError(f"The command cannot be restored: {PROGRAM} {words[1]} cannot use {odd[:40]} here.")
    return line


def _taken(options: dict[str, Any], name: str, default: int) -> int:
    value: int = options.pop(name, default)
    return value


def _stop(word: str) -> Seeds:
    found = STOP.fullmatch(word)
    if not found:
        raise DataError(f"Only seeds can be pasted as stops, such as seed:7 or seed:7:3, not {word[:40]}.")
    return Seeds(int(found[1]), int(found[2] or 0))


def _sorted_out(words: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Words without an option, and options with their values; those that say how a file looks are left out."""
    kinds: dict[str, Callable[[str], Any]] = {**RUN, **PATH, "seed": int, "count": int}
    plain: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            plain.append(word)
            continue
        name, given, value = word.lstrip("-").partition("=")
        name = {"o": "output"}.get(name, name).replace("-", "_")
        if name in FLAGS:
            continue
        if name == "loop":
            options[name] = True
            continue
        value = value if given else next(rest, "")
        if name in LEFT_OUT:
            continue
        try:
            options[name] = kinds[name](value)
        except (KeyError, ValueError):
            raise DataError(f"The command cannot be read: {word[:40]} {value[:40]}.") from None
    if not plain:
        raise DataError("The command names no model.")
    return plain, options
