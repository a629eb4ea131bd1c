"""Long curves cut down to what a plot can show. Arrays only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]

POINTS = 1200
"""Of a curve that is drawn: more than a plot has pixels across."""


def thin(x: Values, y: Values, points: int = POINTS) -> tuple[Values, Values]:
    """No more points than these, (n,) both: of each stretch the least and the greatest, so that no peak is lost."""
    if len(x) <= points:
        return x, y
    stretches = points // 2
    edges = np.linspace(0, len(x), stretches + 1).astype(int)[:-1]
    low, high = np.fmin.reduceat(y, edges), np.fmax.reduceat(y, edges)
    return np.repeat(x[edges], 2), np.stack([low, high], 1).ravel()
