"""What a landscape is as a line of the command line: the same data, network and training, from the start. No torch."""

from __future__ import annotations

import shlex
from dataclasses import replace

from ebm_studio.core.errors import DataError
from ebm_studio.data.points.scene import Scene
from ebm_studio.data.points.shapes import FromPicture, FromShape, Origin
from ebm_studio.data.points.sources import TEXT, of_text

NET = {"width": "width", "depth": "depth", "activation": "activation"}
RUN = {
    "steps": "steps",
    "step-size": "step_size",
    "noise-scale": "noise_scale",
    "noise-steps": "noise_steps",
    "settle": "settle",
    "start": "start",
    "start-range": "start_range",
}
LEARNING = {
    "updates": "updates",
    "batch": "chains",
    "data-batch": "images",
    "learning-rate": "learning_rate",
    "data-noise": "data_noise",
    "chains-from": "chains_from",
    "seed": "seed",
}
"""The options of each part of a scene, with their fields."""


def command_of(scene: Scene, shown: int, past: float) -> str:
    """The line that trains the scene to its last update and writes the film of so many chains.

    Options at their defaults are left out. Raises `DataError` for data that have no name.
    """
    plain = Scene()
    words = ["ebm-studio", "landscape", _source(scene.data.origin), "-o", "landscape.gif"]
    for part, options in (("net", NET), ("short_run", RUN), ("learning", LEARNING)):
        own, usual = getattr(scene, part), getattr(plain, part)
        words += [
            f"--{option}={value}"
            for option, field in options.items()
            if (value := getattr(own, field)) != getattr(usual, field)
        ]
        if replace(usual, **{field: getattr(own, field) for field in options.values()}) != own:
            raise DataError("No command can say all these settings: save the landscape, and continue from its file.")
    words += [f"--show={shown}"] * (shown != 500) + [f"--past={past:g}"] * (past != 1)
    return shlex.join(words)


def _source(origin: Origin) -> str:
    if isinstance(origin, FromShape):
        return origin.name
    if isinstance(origin, FromPicture):
        try:
            if of_text(origin.name).origin == origin:
                return f"{TEXT}{origin.name}"
        except DataError:
            pass  # a picture whose name is no text for `of_text`
    raise DataError("No command can draw this data: save the landscape, and continue from its file.")
