"""The runs that are looked at: their curves, and a way through the history of their samples."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.look.tokens import Tokens
from ebm_studio.app.pages.train.runs.run_reader import RunView, read_grid
from ebm_studio.data.pictures.pictures import Pixels

WINDOWS = (1, 10, 100, 1000)
"""Updates that a curve can be smoothed over."""


class Watch(QObject):
    """Observable. The newest samples are shown until a person looks back."""

    views_changed = Signal()
    """Other runs are looked at."""
    grew = Signal()
    """They have new updates, events or samples."""
    moved = Signal()
    """Other samples of the history are shown."""
    display_changed = Signal()
    """The smoothing or the axes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.views: tuple[RunView, ...] = ()
        self.window = 10
        self.log_x = False
        self.log_y = False
        self._grids: list[list[tuple[int, Path]]] = []
        self._back: int | None = None  # the update whose samples are shown, when a person looks back

    @property
    def view(self) -> RunView | None:
        """The run that is looked at, when it is one."""
        return self.views[0] if len(self.views) == 1 else None

    def look_at(self, views: tuple[RunView, ...]) -> None:
        """Look at other runs."""
        if views != self.views:
            self.views = views
            self._back = None
            for view in views:
                view.read()
            self._grids = [view.grids for view in views]
            self.views_changed.emit()
            self.moved.emit()

    def refresh(self) -> None:
        """Read what is new."""
        grids = [view.grids for view in self.views]
        news = [view.read() for view in self.views]
        if any(news) or grids != self._grids:
            self._grids = grids
            self.grew.emit()
            self.moved.emit()

    def set_display(self, *, window: int | None = None, log_x: bool | None = None, log_y: bool | None = None) -> None:
        """Smooth over another number of updates, or draw other axes."""
        before = (self.window, self.log_x, self.log_y)
        self.window = self.window if window is None else window
        self.log_x = self.log_x if log_x is None else log_x
        self.log_y = self.log_y if log_y is None else log_y
        if before != (self.window, self.log_x, self.log_y):
            self.display_changed.emit()

    @property
    def position(self) -> int:
        """Which sample grid of the run's history is shown."""
        grids = self.view.grids if self.view else []
        if self._back is None:
            return max(len(grids) - 1, 0)
        return min(range(len(grids)), key=lambda i: abs(grids[i][0] - (self._back or 0)), default=0)

    @property
    def follows(self) -> bool:
        """Whether newer samples are shown as they come."""
        return self._back is None

    @property
    def update_shown(self) -> int | None:
        """The update whose samples are shown."""
        return self.view.grids[self.position][0] if self.view and self.view.grids else None

    def go(self, position: int) -> None:
        """Show the samples at a place of the history; the last place follows the newest."""
        if self.view is None or not self.view.grids:
            return
        position = min(max(position, 0), len(self.view.grids) - 1)
        self._back = None if position == len(self.view.grids) - 1 else self.view.grids[position][0]
        self.moved.emit()

    def go_to_update(self, update: int) -> None:
        """Show the samples nearest to an update."""
        if self.view is not None and self.view.grids:
            grids = self.view.grids
            self.go(min(range(len(grids)), key=lambda i: abs(grids[i][0] - update)))

    def samples(self) -> Pixels | None:
        """The samples that are shown, uint8 (N, C, H, W)."""
        view = self.view
        return read_grid(view.grids[self.position][1], view.plan.net) if view and view.grids else None

    def color(self, place: int, tokens: Tokens) -> str:
        """The colour of the curves of the run at a place."""
        return tokens.series[place % len(tokens.series)]
