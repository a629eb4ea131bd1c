"""Every colour, space and type size of the window. Nothing else names one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """One theme."""

    canvas: str
    """Behind the pictures."""
    surface: str
    """Panels."""
    raised: str
    """Fields and buttons on a panel."""
    hover: str
    chosen: str
    """Behind what is chosen, where `hover` is behind what is pointed at."""
    line: str
    """Hairlines between panels."""
    text: str
    muted: str
    """Labels and units."""
    faint: str
    """Disabled, and axis ticks."""
    accent: str
    on_accent: str
    warning: str
    warning_surface: str
    series: tuple[str, ...]
    """Curves that are held against each other, the first in the accent."""


DARK = Tokens(
    canvas="#0f1011",
    surface="#17181a",
    raised="#222427",
    hover="#2c2f33",
    chosen="#2b3956",
    line="#2a2c30",
    text="#e8e9eb",
    muted="#9da1a8",
    faint="#5f646c",
    accent="#7aa2ff",
    on_accent="#0d1526",
    warning="#f0b35a",
    warning_surface="#2b2417",
    series=("#7aa2ff", "#5fc9a8", "#e58fb5", "#d6c15c", "#b79bf2", "#e0895f"),
)
LIGHT = Tokens(
    canvas="#e6e7e9",
    surface="#f7f7f8",
    raised="#ffffff",
    hover="#ebecef",
    chosen="#d9e3fb",
    line="#d9dbdf",
    text="#1a1c1f",
    muted="#5d6269",
    faint="#a3a7ae",
    accent="#2f5fe0",
    on_accent="#ffffff",
    warning="#9a5b00",
    warning_surface="#fdf1dc",
    series=("#2f5fe0", "#0f8a66", "#b8437c", "#8a7400", "#7650c8", "#b4531f"),
)

UNIT = 8
"""Spacing is a multiple of this, or half of it."""
SMALL, BODY, LARGE, TITLE = 11, 13, 16, 22
"""Type, in pixels."""
ICON = 20
CONTROL = 28
"""Height of fields and buttons."""
