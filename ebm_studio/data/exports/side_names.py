"""What the sides of a comparison are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from ebm_studio.core.specs import ShortRun
from ebm_studio.data.exports.recipe import Side

PLACES = {2: ("left", "right"), 3: ("left", "middle", "right")}
MOST_LETTERS = 24
"""Of a model's name, so that a caption is not wider than the pictures by far."""
SYMBOLS = {"steps": "K", "step_size": "s", "noise_scale": "tau", "noise_steps": "n", "settle": "m", "start": "start"}


def side_names(sides: Sequence[Side]) -> list[str]:
    """What tells them apart, as their models or the one number that differs; else their places."""
    models, runs = [side.model for side in sides], [side.short_run for side in sides]
    if len(set(models)) == len(models):
        return [model if len(model) <= MOST_LETTERS else f"{model[:MOST_LETTERS]}..." for model in models]
    differing = [spec.name for spec in fields(ShortRun) if len({getattr(run, spec.name) for run in runs}) > 1]
    if len(set(models)) == 1 and len(differing) == 1 and len(set(runs)) == len(runs):
        [name] = differing
        return [f"{SYMBOLS.get(name, name)} {_text(getattr(run, name))}" for run in runs]
    return list(PLACES.get(len(sides)) or (str(place + 1) for place in range(len(sides))))


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "all" if value is None else str(value)
