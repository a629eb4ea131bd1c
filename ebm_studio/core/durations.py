"""Times as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A time for a person: 45 s, 3 min 25 s, 12 min, 3 h 20 min, 75 days."""
    if (whole := round(seconds)) < 10 * 60:
        minutes, rest = divmod(whole, 60)
        return " ".join(part for part in (minutes and f"{minutes} min", (rest or not minutes) and f"{rest} s") if part)
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours >= 48:
        return f"{round(hours / 24)} days"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
