"""The runs that were, beside the settings of the one that is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.pages.generate.history import History, Run
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.studio.parameters import Parameters
from ebm_studio.app.widgets.actions import Use, line, press_own, use
from ebm_studio.app.widgets.fields import button, label
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.names import in_tip
from ebm_studio.app.widgets.pixel_snapping import draw_picture

PICTURE = 8 * UNIT


class RunRow(QWidget):
    """One run: how it ended, and what was set. A click selects, a double click or Enter restores."""

    def __init__(self, theme: Theme, history: History, state: GenerateState, run: Run) -> None:
        super().__init__()
        self._theme = theme
        self._history = history
        self._state = state
        self.run = run
        self._image = to_image(run.picture)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedHeight(PICTURE + UNIT)
        self.star = button(theme, "star", "Star", "Keep this run when the history is cleared (F).")
        self.star.setObjectName("star")
        self.star.setCheckable(True)
        self.star.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.star.clicked.connect(lambda on: history.star(self.run, on))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 2, 0)
        row.addStretch(1)
        row.addWidget(self.star, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self.update)
        state.parameters_changed.connect(self.update)
        self.show_run(run)

    def show_run(self, run: Run) -> None:
        """Show a run in another state."""
        self.run = run
        title, details = _described(run.parameters)
        self.setAccessibleName(f"{title}, {details}")
        self.setToolTip(in_tip(f"{title}, {details}, {_when(run.when)}. Enter or a double click restores it."))
        self.star.setIcon(self._theme.icon("starred" if run.starred else "star"))
        self.star.setChecked(run.starred)
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_now = self.run.parameters == self._state.parameters
        if self.hasFocus() or self.underMouse() or is_now:
            painter.setPen(QPen(QColor(t.accent), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.hover))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        draw_picture(painter, QRectF(4, 4, PICTURE, PICTURE), self._image)
        left = PICTURE + 4 + UNIT + UNIT // 2
        lines = [*_described(self.run.parameters), _when(self.run.when)]
        font = QFont(self.font())
        for i, (text, color) in enumerate(zip(lines, (t.text, t.muted, t.muted), strict=True)):
            if i:
                font.setPixelSize(SMALL)
            painter.setFont(font)
            painter.setPen(QColor(color))
            width = self.width() - left - (4 * UNIT if i == 0 else UNIT)
            text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
            painter.drawText(left, 21 + 20 * i, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()

    def restore(self) -> None:
        """Make its settings those that run."""
        self._history.restore(self.run)

    def set_star(self) -> None:
        """Star it, or no longer."""
        self._history.star(self.run, not self.run.starred)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.restore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_own(self, USES, event):
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction("Restore", self.restore)
        menu.addAction("Unstar" if self.run.starred else "Star", self.set_star)
        menu.popup(event.globalPos())


USES: Sequence[Use[RunRow]] = (
    use("Restore the run", RunRow.restore, Qt.Key.Key_Return, Qt.Key.Key_Enter),
    use("Star or unstar the run", RunRow.set_star, Qt.Key.Key_F),
    use("Previous run", lambda row: row.focusNextPrevChild(False), Qt.Key.Key_Up),
    use("Next run", lambda row: row.focusNextPrevChild(True), Qt.Key.Key_Down),
)
HELP = (line(USES[0], "Double click"), *map(line, USES[1:]))


class HistoryPanel(QWidget):
    """The newest run first."""

    def __init__(self, theme: Theme, history: History, state: GenerateState) -> None:
        super().__init__()
        self._theme = theme
        self._history = history
        self._state = state
        self.rows: dict[str, RunRow] = {}
        self._head = label("", "muted")
        self.clear = QPushButton("Clear")
        self.clear.setObjectName("quiet")
        self.clear.setToolTip("Remove all runs without a star.")
        self.clear.clicked.connect(history.clear)
        head = QHBoxLayout()
        head.setContentsMargins(2 * UNIT, 0, UNIT, 0)
        head.addWidget(self._head, 1)
        head.addWidget(self.clear)
        body = QWidget()
        body.setObjectName("inspector_body")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(UNIT + 4, 0, UNIT, UNIT)
        self._column.setSpacing(2)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(UNIT)
        whole.addLayout(head)
        whole.addWidget(area, 1)
        history.changed.connect(self._show)
        self._show()

    def sizeHint(self) -> QSize:
        return QSize(34 * UNIT, 400)

    def _show(self) -> None:
        runs = self._history.runs
        self._head.setText(f"{len(runs)} run{'' if len(runs) == 1 else 's'}" if runs else "Your runs will appear here.")
        self.clear.setEnabled(any(not run.starred for run in runs))
        for key in set(self.rows) - {run.key for run in runs}:
            row = self.rows.pop(key)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, run in enumerate(runs):
            if run.key not in self.rows:
                self.rows[run.key] = RunRow(self._theme, self._history, self._state, run)
            row = self.rows[run.key]
            if row.run != run:
                row.show_run(run)
            if self._column.indexOf(row) != place:
                self._column.removeWidget(row)
                self._column.insertWidget(place, row)


def _described(parameters: Parameters) -> tuple[str, str]:
    run = parameters.run
    title = f"{_model(parameters.model)} · seed {parameters.seed}"
    parts = [f"{parameters.count} × K {run.steps}", f"s {run.step_size:.3g}", f"τ {run.noise_scale:.3g}"]
    if run.noise_steps is not None:
        parts.append(f"n {run.noise_steps}")
    if run.settle:
        parts.append(f"m {run.settle}")
    return title, ", ".join(parts)


def _model(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".safetensors")


def _when(when: datetime) -> str:
    today = when.date() == datetime.now().date()
    return f"{when:%H:%M}" if today else f"{when:%d %b %H:%M}"
