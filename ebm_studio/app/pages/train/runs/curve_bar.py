"""Above the curves of a run: which are shown, and how."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.train.runs.selected_runs import WINDOWS, Watch
from ebm_studio.app.widgets.fields import Choice
from ebm_studio.app.widgets.formatting import thousands


class CurveBar(QWidget):
    """Which curves are shown where there is no room for all, and how they are drawn."""

    def __init__(self, watch: Watch, kinds: Sequence[tuple[str, str, str]]) -> None:
        """`kinds` are (value, word, tip) of each chart."""
        super().__init__()
        self._watch = watch
        self.which = Choice(kinds, "Curve")
        self.which.setMinimumWidth(14 * UNIT)
        self.smooth = QComboBox()
        self.smooth.setAccessibleName("Smoothing")
        self.smooth.setToolTip("How many updates the bold curves average over. The thin curves are not smoothed.")
        for window in WINDOWS:
            self.smooth.addItem("not smoothed" if window == 1 else f"mean of {thousands(window)}", window)
        self.smooth.setFixedWidth(14 * UNIT)
        self.smooth.activated.connect(lambda _: watch.set_display(window=self.smooth.currentData()))
        self.log_x = _toggle("log x", "A logarithmic axis of updates, which shows the start in detail.")
        self.log_x.clicked.connect(lambda on: watch.set_display(log_x=on))
        self.log_y = _toggle("log y", "A logarithmic axis of d (its absolute value) and of v.")
        self.log_y.clicked.connect(lambda on: watch.set_display(log_y=on))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT // 2)
        row.addWidget(self.which)
        row.addStretch(1)
        for shape in (self.smooth, self.log_x, self.log_y):
            row.addWidget(shape)
        watch.display_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.smooth.setCurrentIndex(self.smooth.findData(self._watch.window))
        self.log_x.setChecked(self._watch.log_x)
        self.log_y.setChecked(self._watch.log_y)


def _toggle(text: str, tip: str) -> QToolButton:
    toggle = QToolButton()
    toggle.setText(text)
    toggle.setToolTip(tip)
    toggle.setCheckable(True)
    toggle.setProperty("role", "choice")
    return toggle
