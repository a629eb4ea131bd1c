"""Above the views: the controls of training, its progress and its results."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.landscape.setup import PACES
from ebm_studio.app.pages.landscape.state import LandscapeState
from ebm_studio.app.widgets.fields import button, label
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.app.widgets.names import NameLabel
from ebm_studio.app.widgets.page_header import PageHeader

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
        self.progress = label("", "muted")
        self.progress.setAccessibleName("Progress")
        self.distances = NameLabel("small")  # the page is as narrow as its other parts
        self.distances.setElideMode(Qt.TextElideMode.ElideRight)
        self.distances.setAccessibleName("Distances")
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
        row.addWidget(self.progress)
        self.distances.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.distances, 1)

    def _show(self) -> None:
        state, sight = self._state, self._state.sight
        self.train.setText("Pause" if state.is_training else "Train")
        self.pace.setCurrentIndex(PACES.index(state.setup.pace))
        if sight is None:
            self.progress.setText("")
            return
        text = f"{thousands(sight.updates)} updates"
        self._rate = sight.rate or self._rate  # a sight between two bursts has none
        if state.is_training and self._rate:
            text += f"  ·  {self._rate:.3g}/s"
        self.progress.setText(text)
        self.progress.setToolTip(sight.warning)

    def _show_distances(self) -> None:
        counted = self._state.counted
        if counted is None:
            self.distances.setText("")
            return
        found = counted.distances
        run = "short run" if self._state.setup.past == 1.0 else f"{counted.steps[-1]} steps"
        self.distances.setText(f"TV {run} {found.tv_short_run:.3f} · exp(−E / T) {found.tv_energy:.3f}")
        self.distances.setToolTip(
            f"Total variation to the data, on a grid of {found.cells} × {found.cells} cells blurred by one. The short "
            f"run's density is counted from {found.chains} chains; counting alone accounts for {found.tv_floor:.3f}. "
            f"T = {found.temperature:.3g}. Moment gap {found.moment_gap:.3g}."
        )
