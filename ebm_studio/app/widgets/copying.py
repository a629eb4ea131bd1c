"""Numbers go out: a plot or a table is copied as CSV or as a picture from its context menu."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QGraphicsView, QMenu, QWidget

SHARPNESS = 3
"""Pixels of a copied picture for each one of the window, on a side: enough for a slide or a page."""
SHARED = ("xcb", "wayland", "windows", "cocoa")
"""Qt's platforms whose clipboard other programs can paste from."""


@dataclass(frozen=True)
class Table:
    """Columns by name, and rows of as many cells."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[object]]

    @classmethod
    def of_columns(cls, columns: Sequence[tuple[str, Iterable[object]]]) -> Table:
        """Columns of equal length, each with its name."""
        return cls(tuple(name for name, _ in columns), list(zip(*(values for _, values in columns), strict=True)))

    def csv(self) -> str:
        """As text, a header first; every digit that a number has."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows((self.names, *self.rows))
        return text.getvalue()


def offer_copies(widget: QWidget, table: Callable[[], Table | None]) -> None:
    """Give a widget a context menu that copies what it shows; `table` is None while it is empty."""
    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    widget.customContextMenuRequested.connect(lambda at: _ask(widget, table(), at))


def _ask(widget: QWidget, table: Table | None, at: QPoint) -> None:
    menu = QMenu(widget)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    clipboard = QGuiApplication.clipboard()
    numbers = menu.addAction("Copy as CSV", lambda: clipboard.setText(table.csv() if table else ""))
    numbers.setEnabled(table is not None)
    menu.addAction("Copy as picture", lambda: clipboard.setPixmap(picture_of(widget)))
    menu.popup(widget.mapToGlobal(at))


def picture_of(widget: QWidget) -> QPixmap:
    """What a widget shows, larger than on the screen and as sharp."""
    picture = QPixmap(widget.size() * SHARPNESS)
    picture.setDevicePixelRatio(SHARPNESS)
    kept = [
        (item, item.cacheMode())
        for view in widget.findChildren(QGraphicsView)
        for item in view.items()
        if item.cacheMode() != QGraphicsItem.CacheMode.NoCache
    ]
    for item, _ in kept:  # what is kept is as coarse as the screen
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    widget.render(picture)
    for item, mode in kept:
        item.setCacheMode(mode)
    return picture


def empty_lonely_clipboard() -> None:
    """Before the program ends: Qt deletes what is on a clipboard of its own after Python has gone, and crashes.

    Nobody else can paste from such a clipboard, so nothing is lost. The others are empty by then.
    """
    if not QGuiApplication.platformName().startswith(SHARED):
        QGuiApplication.clipboard().clear()
