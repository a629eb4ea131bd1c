"""Times as people read them."""

from __future__ import annotations


def about(seconds: float) -> str:
    """A time that is only estimated, no more exact than it can be: about 4 s, 50 s, 6 min, 3 h 10 min."""
    unit = 1 if seconds < 9.5 else 10 if seconds < 110 else 60 if seconds < 3600 else 600
    return f"about {duration(max(round(seconds / unit), 1) * unit)}"


def duration(seconds: float) -> str:
    """A time for a person: 45 s, 3 min 25 s, 12 min, 3 h 20 min, 75 days."""
    if (whole := round(seconds)) < 10 * 60:
        minutes, rest = divmod(whole, 60)
        return " ".join(part for part in (minutes and f"{minutes} min", (rest or not minutes) and f"{rest} s") if part)
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours >= 48:
        return f"{round(hours / 24)} days"
    return " ".join(part for part in (hours and f"{hours} h", (minutes or not hours) and f"{minutes} min") if part)
