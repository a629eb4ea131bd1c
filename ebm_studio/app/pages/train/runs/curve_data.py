"""Long curves smoothed, and what their axes show. Arrays only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OUTLIERS = 0.5
"""Percent at either end that need not be in the picture: the first updates of a run are far out."""

MOST_TICKS = 6


def smooth(values: Floats, window: int) -> Floats:
    """The mean of each value and those before it, `window` in all; fewer at the start. Shape (n,) both.

    A value that is not finite is left out of the means.
    """
    if window <= 1 or not len(values):
        return values
    good = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(good, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(good)])
    first = np.maximum(np.arange(1, len(values) + 1) - window, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((total[1:] - total[first]) / (count[1:] - count[first]))


def limits(curves: list[Floats]) -> tuple[float, float] | None:
    """What an axis should show of curves (N,): nearly all of them, outliers apart. None when there is nothing."""
    values = np.concatenate([np.empty(0), *curves])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = (float(v) for v in np.percentile(values, [OUTLIERS, 100 - OUTLIERS]))
    if high <= low:
        low, high = low - 0.5, high + 0.5
    return low, high


def ratio_ticks(low: float, high: float) -> list[float]:
    """Round numbers on a logarithmic axis between two positive numbers, at most six: powers of ten, or 1, 2, 5 of each.

    Where there are none, as between 1.2 and 1.7, even steps.
    """
    powers = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
        if len(found) <= MOST_TICKS:
            break
    if len(found) < 2 and high > low:
        step = 10.0 ** np.floor(np.log10(high - low))
        step *= 0.5 if (high - low) / step < 3 else 2 if (high - low) / step > MOST_TICKS else 1
        found = [float(tick) for tick in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]
    return found[:: -(-len(found) // MOST_TICKS) or 1]
