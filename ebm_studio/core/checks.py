"""Checks of settings. A setting may come from a file, so even its type is checked."""

from __future__ import annotations

from ebm_studio.core.errors import SettingsError


def require(ok: bool, message: str) -> None:
    """Raise `SettingsError` with the message unless the check passed."""
    if not ok:
        raise SettingsError(message)


def is_whole(value: object, low: int, high: int) -> bool:
    """Whether it is a whole number from `low` to `high`."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_number(value: object, low: float, high: float) -> bool:
    """Whether it is a number from `low` to `high`."""
    # A NaN is in no range; `math.isfinite` overflows on a whole number of 400 digits.
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def is_one_of(value: object, wholes: tuple[int, ...]) -> bool:
    """Whether it is one of these whole numbers."""
    # 16.0 is equal to 16, but no size for a tensor.
    return type(value) is int and value in wholes
