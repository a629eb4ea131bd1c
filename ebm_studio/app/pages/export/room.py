"""What fits in a file: why something does not, and how a sheet or a film is rearranged until it does."""

from __future__ import annotations

import math
from dataclasses import replace

from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.core.errors import SettingsError
from ebm_studio.data.exports.encoders import Kind, check_size
from ebm_studio.data.exports.frames import Look, Reel, picked

COARSEST = 64
"""When something is rearranged, at least every n-th frame stays, n up to this."""


def problem_of(thing: Exportable, kind: Kind, look: Look) -> str:
    """Why the thing cannot be written so; empty when it can."""
    try:
        check_size(kind, look, thing.frames[0], len(thing.frames))
    except SettingsError as error:
        return str(error)
    return ""


def fitted(thing: Exportable, kind: Kind, look: Look) -> Look:
    """The look, or for what is too large the one nearest to it that fits: a sheet in other rows, smaller, fewer frames.

    It is the look itself where none fits.
    """
    if not problem_of(thing, kind, look):
        return look
    every = look.every
    while every <= COARSEST:
        square = math.ceil(math.sqrt(len(picked(len(thing.frames), every))))
        for scale in range(look.scale, 0, -1):
            for columns in (look.columns, min(square, 256)) if kind == "png" else (look.columns,):
                tried = replace(look, every=every, scale=scale, columns=columns)
                if not problem_of(thing, kind, tried):
                    return tried
        every *= 2
    return look


def scale_for(thing: Exportable, look: Look, side: int, most: int) -> int:
    """The largest scale up to `most` at which a frame is no longer than `side` pixels a side."""
    longest: int = max(Reel(thing.frames[:1], replace(look, scale=1)).size)
    return max(1, min(most, side // longest))
