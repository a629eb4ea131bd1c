"""Small parts of the export dialog."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QSpinBox,
    QWidget,
)

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import Choice, label
from ebm_studio.app.widgets.panels import Panel


def switch(name: str, tip: str, on: str, off: str) -> Choice:
    """On or off, each with its text."""
    return Choice([("off", off, tip), ("on", on, tip)], name)


def titled(title: str, *widgets: QWidget) -> Panel:
    """Controls under a title."""
    panel = Panel(title)
    for widget in widgets:
        panel.column.addWidget(widget)
    return panel


def named(*lines: tuple[str, QWidget], below: bool = False) -> QWidget:
    """Named controls one under another: at the right of their names, or below them."""
    widget = QWidget()
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(UNIT)
    for line, (name, control) in enumerate(lines):
        if isinstance(control, QSpinBox | QDoubleSpinBox):
            control.setFixedWidth(11 * UNIT)
        grid.addWidget(label(name, "muted"), 2 * line, 0)
        grid.addWidget(control, 2 * line + below, 0 if below else 1)
    grid.setColumnStretch(0, 1)
    return widget


def fill(box: QComboBox, items: Sequence[tuple[str, object]], current: object) -> None:
    """Offer (text, data) in a box, and show the current data."""
    if [(box.itemText(i), box.itemData(i)) for i in range(box.count())] != list(items):
        box.clear()
        for text, data in items:
            box.addItem(text, data)
    box.setCurrentIndex([data for _, data in items].index(current))


def size_text(size: int) -> str:
    """A size as a person says it."""
    if size < 1000:
        return f"{size} bytes"
    value, unit = (size / 1000, "KB") if size < 1_000_000 else (size / 1_000_000, "MB")
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
