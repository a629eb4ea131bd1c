"""Above the views: the controls of training, its progress and its results."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.landscape.setup import PACES
from ebm_studio.app.pages.landscape.state import LandscapeState
from ebm_studio.app.widgets.fields import button
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.app.widgets.names import NameLabel
from ebm_studio.app.widgets.page_header import PageHeader, stacked

PACE_TEXTS = {0.0: "Full speed", 30.0: "30 updates/s", 5.0: "5 updates/s", 1.0: "1 update/s"}


class Header(PageHeader):
    """Train, pause, one update, start over; the pace; updates and distances."""

    def __init__(self, theme: Theme, state: LandscapeState) -> None:
        super().__init__()
        self._theme = theme
        self._state = state
        self._rate = 0.0
        self.train = QPushButton("Train")
        self.train.setToolTip("Train the energy on the data, or pause (T).")
        self.train.clicked.connect(state.toggle)
        self.one = button(theme, "next", "One update", "One update of the energy (U).", lambda: state.train(1))
        self.over = button(
            theme, "reset", "Start over", "Random weights. Undo brings the trained energy back.", state.start_over
        )
        self.pace = QComboBox()
        self.pace.setAccessibleName("Training speed")
        self.pace.setToolTip("Maximum updates per second.")
        for pace in PACES:
            self.pace.addItem(PACE_TEXTS[pace], pace)
        self.pace.activated.connect(lambda _: state.change_shown(self.pace.currentText(), pace=self.pace.currentData()))
        self.progress, self.rate = NameLabel("muted"), NameLabel("small")  # the page is as narrow as its other parts
        self.distances = {name: NameLabel("small") for name in ("Short run", "Energy")}
        self.progress.setAccessibleName("Progress")
        self.rate.setAccessibleName("Updates a second")
        for name, distance in self.distances.items():
            distance.setAccessibleName(f"Distance: {name}")
            distance.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._lay_out()
        for signal in (state.training_changed, state.sight_changed, state.setup_changed, state.work_changed):
            signal.connect(self._show)
        state.counted_changed.connect(self._show_distances)
        self._show()
        self._show_distances()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        row.setSpacing(UNIT)
        for widget in (self.train, self.one, self.over, self.pace):
            row.addWidget(widget)
        row.addLayout(stacked(self.progress, self.rate), 1)
        row.addLayout(stacked(*self.distances.values()), 1)

    def _show(self) -> None:
        state, sight = self._state, self._state.sight
        self.train.setText("Pause" if state.is_training else "Train")
        self.pace.setCurrentIndex(PACES.index(state.setup.pace))
        if sight is None:
            for text in (self.progress, self.rate):
                text.clear()
            return
        self._rate = sight.rate or self._rate  # a sight between two bursts has none
        self.progress.setText(f"{thousands(sight.updates)} updates")
        pause = "paused" if sight.updates else "not trained yet"
        self.rate.setText(f"{self._rate:.3g} a second" if state.is_training and self._rate else pause)
        self.progress.setToolTip(sight.warning)

    def _show_distances(self) -> None:
        counted = self._state.counted
        if counted is None:
            for text in self.distances.values():
                text.clear()
            return
        found = counted.distances
        run = "short run" if self._state.setup.past == 1.0 else f"{counted.steps[-1]} steps"
        self.distances["Short run"].setText(f"TV {run} {found.tv_short_run:.3f}")
        self.distances["Energy"].setText(f"TV exp(−E / T) {found.tv_energy:.3f}")
        tip = (
            f"Total variation to the data, on a grid of {found.cells} × {found.cells} cells blurred by one. The short "
            f"run's density is counted from {found.chains} chains; counting alone accounts for {found.tv_floor:.3f}. "
            f"T = {found.temperature:.3g}. Moment gap {found.moment_gap:.3g}."
        )
        for text in self.distances.values():
            text.setToolTip(tip)
