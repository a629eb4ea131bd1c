"""The error of a search over its iterations, on a log axis. Imported late, since pyqtgraph takes its time."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.reconstruct.results import mean_least
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.app.widgets.formatting import figure
from ebm_studio.app.widgets.plots import paint_axes, quiet_plot, stroke

LEAST, MOST = 1e-8, 4.0  # that the axis shows: pictures in [-1, 1] are no further apart


class ErrorPlot(QWidget):
    """What each iteration tried, the least so far, and the mean of all photos' least."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__()
        self._theme = theme
        self._state = state
        self.setToolTip(
            "Mean squared error per pixel and channel over the iterations: of each try (thin), the lowest so far "
            "(bold), and the mean over all photos (grey)."
        )
        self.plot = quiet_plot("Error")
        self.plot.setLogMode(False, True)
        self.mean, self.tried, self.least = (self.plot.plot() for _ in range(3))
        self.plot.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # the menu is the whole widget's
        offer_copies(self, self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        for signal in (state.search_changed, state.selection_changed, state.photos_changed):
            signal.connect(self.draw)
        theme.changed.connect(self.paint)
        self.paint()
        self.draw()

    def paint(self) -> None:
        """Take the theme's colours."""
        t = self._theme.tokens
        paint_axes(self.plot, t)
        faint = QColor(t.accent)
        faint.setAlpha(110)
        self.mean.setPen(stroke(self, t.faint, 1.5))
        self.tried.setPen(stroke(self, faint, 1))
        self.least.setPen(stroke(self, t.accent, 2))

    def table(self) -> Table | None:
        """The errors of the photo that is looked at."""
        photo = self._state.current
        course = self._state.course_of(photo) if photo is not None else None
        if course is None or not len(course.least):
            return None
        iterations = range(1, len(course.least) + 1)
        return Table.of_columns(
            [("iteration", iterations), ("mean squared error", course.tried), ("least so far", course.least)]
        )

    def draw(self) -> None:
        """Take the iterations that are there."""
        photo = self._state.current
        course = self._state.course_of(photo) if photo is not None else None
        none = np.empty(0, np.float32)
        curves = (mean_least(self._state.courses), course.tried if course else none, course.least if course else none)
        shown = []
        for plotted, curve in zip((self.mean, self.tried, self.least), curves, strict=True):
            values = np.nan_to_num(curve, nan=MOST, posinf=MOST).clip(LEAST, MOST)
            plotted.setData(np.arange(1, len(values) + 1), values)
            shown.append(values)
        values = np.concatenate(shown)
        if not len(values):
            return
        most = max((each.iterations for each in self._state.courses), default=2)
        self.plot.setXRange(1, max(course.iterations if course else most, 2), padding=0.02)
        low, high = math.log10(values.min()), math.log10(values.max())
        # The powers of ten around the curve, so that the axis always has two figures at least.
        first, last = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
        self.plot.setYRange(first, last, padding=0.05)
        self.plot.getAxis("left").setTicks([[(power, figure(10.0**power)) for power in range(first, last + 1)]])
