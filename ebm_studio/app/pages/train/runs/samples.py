"""The samples of a run through its history, and its curves; or the newest samples of several, and theirs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.train.runs.run_reader import RunView, read_grid
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.widgets.fields import button, elided, label
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.app.widgets.mosaic import Mosaic
from ebm_studio.app.widgets.scrub_bar import ScrubBar
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.data.pictures.pictures import Pixels

SIDE_BY_SIDE = 6  # runs whose samples are shown


class Samples(QWidget):
    """The 64 chains of seed 0: of one run at a time of its history, or of several as they are now."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__()
        self._theme = theme
        self._runs = runs
        self.mosaics = [Mosaic(theme, "Samples", whole=True) for _ in range(SIDE_BY_SIDE)]
        self._captions = [label("") for _ in self.mosaics]
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._cells = []
        for mosaic, caption in zip(self.mosaics, self._captions, strict=True):
            mosaic.setToolTip("64 chains of seed 0, always from the same start noise.")
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            cell = QWidget()
            column = QVBoxLayout(cell)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(mosaic, 1)
            column.addWidget(caption)
            row.addWidget(cell, 1)
            self._cells.append(cell)
        for signal in (runs.watch.views_changed, runs.watch.moved, runs.looked, theme.changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        views = self._runs.watch.views
        for place, (cell, mosaic, caption) in enumerate(zip(self._cells, self.mosaics, self._captions, strict=True)):
            cell.setVisible(place < max(len(views), 1))
            if place >= len(views):
                continue
            view = views[place]
            single = len(views) == 1
            pixels = self._runs.watch.samples() if single else _newest(view)
            mosaic.show_pixels(pixels, _hint(view))
            caption.setVisible(not single)
            if not single:
                color = self._runs.watch.color(place, self._theme.tokens)
                caption.setText(elided(caption, view.name, 18 * UNIT))
                caption.setStyleSheet(f"color: {color}; padding: {UNIT // 2}px;")


def _newest(view: RunView) -> Pixels | None:
    return read_grid(view.grids[-1][1], view.plan.net) if view.grids else None


def _hint(view: RunView) -> str:
    if view.status.state == "failed":
        return view.status.text
    return "The first samples will appear soon." if view.alive else "No samples yet. Resume the run to continue."


class HistoryBar(QWidget):
    """The way through the history of the samples."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__()
        self._runs = runs
        watch = runs.watch
        self.previous = button(
            theme, "previous", "Previous samples", "The previous samples (←).", lambda: watch.go(watch.position - 1)
        )
        self.next = button(theme, "next", "Next samples", "The next samples (→).", lambda: watch.go(watch.position + 1))
        self.newest = button(
            theme, "last", "Newest samples", "Follow the newest samples (End).", lambda: watch.go(len(self._grids))
        )
        self.scrub = ScrubBar(theme)
        self.scrub.setAccessibleName("History of the samples")
        self.scrub.setToolTip("The samples at each point of the run. The right end follows the newest.")
        self.scrub.scrubbed.connect(watch.go)
        self.update_shown = label("", "small")
        self.update_shown.setFixedWidth(14 * UNIT)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT // 2)
        for widget in (self.previous, self.scrub, self.next, self.newest, self.update_shown):
            row.addWidget(widget, 1 if widget is self.scrub else 0)
        for signal in (watch.views_changed, watch.moved, watch.grew):
            signal.connect(self._show)
        self._show()

    @property
    def _grids(self) -> list[object]:
        view = self._runs.view
        return list(view.grids) if view else []

    def _show(self) -> None:
        watch, grids = self._runs.watch, self._grids
        self.setVisible(self._runs.view is not None)
        self.scrub.blockSignals(True)
        self.scrub.setRange(0, max(len(grids) - 1, 1))
        self.scrub.setValue(watch.position if len(grids) > 1 else self.scrub.maximum())
        self.scrub.set_filled(self.scrub.maximum())
        self.scrub.blockSignals(False)
        self.scrub.setEnabled(len(grids) > 1)
        self.previous.setEnabled(watch.position > 0)
        self.next.setEnabled(watch.position < len(grids) - 1)
        self.newest.setEnabled(not watch.follows)
        shown = watch.update_shown
        self.update_shown.setText("" if shown is None else f"update {thousands(shown)}")


class RunStage(QWidget):
    """Samples above, curves below."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__()
        self._theme = theme
        self._runs = runs
        self.samples = Samples(theme, runs)
        self.bar = HistoryBar(theme, runs)
        low = QWidget()
        low.setObjectName("timeline")
        low.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        low.setMinimumHeight(26 * UNIT)
        self._column = QVBoxLayout(low)
        self._column.setContentsMargins(UNIT, UNIT, 2 * UNIT, UNIT)
        self._column.setSpacing(UNIT)
        self._room = QWidget()  # kept for the plots, so that nothing jumps when they come
        self._column.addWidget(self.bar)
        self._column.addWidget(self._room, 1)
        self.split = splitter(Qt.Orientation.Vertical, self.samples, low, (400, 26 * UNIT))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.split)

    def add_plots(self) -> None:
        """Load pyqtgraph and put the curves in their place."""
        from ebm_studio.app.pages.train.runs.plots import RunPlots

        self.plots = RunPlots(self._theme, self._runs.watch)
        self._column.replaceWidget(self._room, self.plots)
        self._column.setStretch(1, 1)
        self._room.deleteLater()
