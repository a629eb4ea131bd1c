"""The one guard around what Qt calls at any moment: painting, event filters and `event`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from PySide6.QtGui import QPainter

F = TypeVar("F", bound=Callable[..., object])
ANSWERS = ("event", "eventFilter")


def guarded(override: F) -> F:
    """Keeps the exceptions of a `paintEvent`, `paint`, `event` or `eventFilter` away from Qt. Each of them needs it.

    Each place and object reports it once. Qt calls these in the middle of other work, also of other
    overrides, and cannot go on from an exception there: a painter that is left active ends the process,
    and so does an exception that waits while the next override is called. A painter that Qt lends is
    given back as it came. An event whose override failed counts as not handled.

    >>> @guarded
    ... def paintEvent(self, event: QPaintEvent) -> None: ...
    """

    @wraps(override)
    def safe(self: object, *args: object) -> object:
        lent = next((arg for arg in args if isinstance(arg, QPainter)), None)
        if lent is not None:
            lent.save()
        try:
            return override(self, *args)
        except Exception as error:
            _report(self, error)
            return False if override.__name__ in ANSWERS else None
        finally:
            if lent is not None:
                lent.restore()

    return cast(F, safe)  # it takes and returns what the method does


def _report(owner: object, error: Exception) -> None:
    places = owner.__dict__.setdefault("_reported_errors", set())
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = (last.filename, last.lineno, type(error))
    if place not in places:
        places.add(place)
        sys.excepthook(type(error), error, error.__traceback__)
    traceback.clear_frames(error.__traceback__)  # which end the painters that the frames hold
