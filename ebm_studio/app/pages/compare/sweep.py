"""One parameter over a row of sides: which values it takes. Free of widgets."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ebm_studio.app.studio.parameters import NOISE_SCALE, NOISE_STEPS, SETTLE, STEP_SIZE, STEPS, Number
from ebm_studio.core.errors import SettingsError
from ebm_studio.data.exports.recipe import FEWEST_SIDES, MOST_SIDES

SWEPT = (STEPS, STEP_SIZE, NOISE_SCALE, NOISE_STEPS, SETTLE)
"""What can be swept."""


def spaced(number: Number, low: float, high: float, count: int) -> list[float]:
    """So many values from low to high: by equal ratios where the number's slider is, else by equal steps."""
    by_ratio = number.ratio and min(low, high) > 0
    values = np.geomspace(low, high, count) if by_ratio else np.linspace(low, high, count)
    return list(dict.fromkeys(round(value) if number.whole else float(f"{value:.3g}") for value in values.tolist()))


def parse_values(number: Number, text: str) -> list[float]:
    """The values in a text such as "25, 50, 100". Raises `SettingsError`, with what is wrong."""
    words = [word for word in re.split(r"[\s,;]+", text.strip()) if word]
    try:
        values: list[float] = [int(word) if number.whole else float(word) for word in words]
    except ValueError:
        kind = "whole numbers" if number.whole else "numbers"
        raise SettingsError(f"{number.label} needs {kind} with commas between them, not {text.strip()[:40]}.") from None
    if len(set(values)) != len(values) or not FEWEST_SIDES <= len(values) <= MOST_SIDES:
        raise SettingsError(
            f"A sweep has {FEWEST_SIDES} to {MOST_SIDES} different values, not {text.strip()[:40] or 'none'}."
        )
    for value in values:
        if not number.low <= value <= number.high:
            raise SettingsError(
                f"{number.label} goes from {number.low:g} to {number.high:g}, so {value:g} is out of range."
            )
    return values


def values_text(values: Sequence[float]) -> str:
    """The values as a person types them."""
    return ", ".join(f"{value:g}" for value in values)
