"""The one guard around everything that Qt calls to paint."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from PySide6.QtGui import QPainter

F = TypeVar("F", bound=Callable[..., None])


def guarded(paint: F) -> F:
    """For every `paintEvent` and `paint`: an exception never reaches Qt. Each place and widget reports it once.

    Qt cannot go on from an exception in the middle of painting: a painter that is left active ends
    the process. A painter that Qt lends is given back as it came.

    >>> @guarded
    ... def paintEvent(self, event: QPaintEvent) -> None: ...
    """

    @wraps(paint)
    def safe(self: object, *args: object) -> None:
        lent = next((arg for arg in args if isinstance(arg, QPainter)), None)
        if lent is not None:
            lent.save()
        try:
            paint(self, *args)
        except Exception as error:
            _report(self, error)
        finally:
            if lent is not None:
                lent.restore()

    return cast(F, safe)  # it takes and returns what the method does


def _report(painted: object, error: Exception) -> None:
    places = painted.__dict__.setdefault("_painting_errors", set())
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = (last.filename, last.lineno, type(error))
    if place not in places:
        places.add(place)
        sys.excepthook(type(error), error, error.__traceback__)
    traceback.clear_frames(error.__traceback__)  # which end the painters that the frames hold
