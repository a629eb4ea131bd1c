"""The error of a search over its iterations, on a log axis. Imported late, since pyqtgraph takes its time."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.reconstruct.state import ReconstructState
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
            "Mean squared error per pixel and channel over the iterations: of each try (thin), the least so far "
            "(bold), and the mean over all photos (grey)."
        )
        self.plot = quiet_plot("Error")
        self.plot.setLogMode(False, True)
        self.mean, self.tried, self.least = (self.plot.plot() for _ in range(3))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        for signal in (state.search_changed, state.selection_changed):
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

    def draw(self) -> None:
        """Take the iterations that are there."""
        search, chain = self._state.search, self._state.searched
        if search is None or not search.done:
            for curve in (self.mean, self.tried, self.least):
                curve.setData([], [])
            return
        best = search.best.clip(LEAST, MOST)
        error = search.error[: len(best)]  # the search goes on meanwhile
        count = np.arange(1, len(best) + 1)
        shown = [best.mean(1)]
        self.mean.setData(count, shown[0])
        if chain is None:
            self.tried.setData([], [])
            self.least.setData([], [])
        else:
            shown += [np.nan_to_num(error[:, chain], posinf=MOST).clip(LEAST, MOST), best[:, chain]]
            self.tried.setData(count, shown[1])
            self.least.setData(count, shown[2])
        values = np.concatenate(shown)
        self.plot.setXRange(1, max(search.iterations, 2), padding=0.02)
        low, high = math.log10(values.min()), math.log10(values.max())
        # The powers of ten around the curve, so that the axis always has two figures at least.
        first, last = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
        self.plot.setYRange(first, last, padding=0.05)
        self.plot.getAxis("left").setTicks([[(power, figure(10.0**power)) for power in range(first, last + 1)]])
