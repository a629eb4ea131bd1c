"""A claim as a card: the sentence, the result, plots, pictures, numbers, and links to other pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.diagnose.plot_view import PlotView
from ebm_studio.app.pages.diagnose.state import Side
from ebm_studio.app.studio.wishes import FindPhotos, RunSteps
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.pixel_snapping import draw_picture
from ebm_studio.core.durations import duration
from ebm_studio.core.evaluation.findings import Claim, Finding, Strip, told
from ebm_studio.data.exports.report import VERDICTS

TITLES: dict[Claim, str] = {
    "steps": "K is part of the model",
    "convergence": "The short run does not converge",
    "mixing": "The chain does not mix: it keeps its identity",
    "moments": "Samples match the data’s moments",
    "energies": "Samples have the energies of data",
    "inversion": "The short run can be inverted",
}
ABOUT: dict[Claim, str] = {
    "steps": "Quality of samples at K/4 to 4 K steps, and at other step sizes.",
    "convergence": "Energy, gradient, contrast and pictures along 100 K steps, from noise and from data.",
    "mixing": "What a chain remembers after K, and whether z determines the picture.",
    "moments": "The means of the last hidden features over data and over samples.",
    "energies": "Where the energies of data, samples, noise and long runs lie.",
    "inversion": "How well the short run can reconstruct pictures.",
}


@dataclass(frozen=True)
class Play:
    """Where a claim can be played with."""

    text: str
    wish: Callable[[int], object]
    """Of K."""


PLAYS: dict[Claim, Play] = {
    "steps": Play("Run half as many steps", lambda k: RunSteps(max(1, k // 2))),
    "convergence": Play("Run on to 10 K", lambda k: RunSteps(10 * k)),
    "mixing": Play("Run on to 20 K", lambda k: RunSteps(20 * k)),
    "moments": Play("See samples at K", RunSteps),
    "energies": Play("Watch the energy fall to K", RunSteps),
    "inversion": Play("Reconstruct a photo", lambda _: FindPhotos()),
}
STRIP = 5 * UNIT
"""Height of a picture in a strip."""


class ClaimCard(QFrame):
    """One claim for one model."""

    exported = Signal(str)
    wished = Signal(object)

    def __init__(self, theme: Theme, side: Side, claim: Claim) -> None:
        super().__init__()
        self.setObjectName("card")
        self.claim = claim
        self._theme, self._side = theme, side
        self._shown: Finding | None = None
        self.verdict = label("", "tag")
        self.text = label(ABOUT[claim], "muted")
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.result = QWidget()
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName(f"Progress: {TITLES[claim]}")
        self.left = label("", "small")
        self.measure = QPushButton("Measure")
        self.measure.setToolTip("Measure this claim in the background. You can keep working.")
        self.measure.clicked.connect(lambda: side.measure([claim]))
        self.play = QPushButton(PLAYS[claim].text)
        self.play.setObjectName("quiet")
        self.play.setToolTip("Go to the page where you can try this with the model.")
        self.play.clicked.connect(self._play)
        self.export = QPushButton("Export…")
        self.export.setObjectName("quiet")
        self.export.setToolTip("Save this card as PNG, SVG or HTML.")
        self.export.clicked.connect(lambda: self.exported.emit(claim))
        self._lay_out()
        side.changed.connect(self.show_side)
        self.show_side()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label(TITLES[self.claim], "large"))
        head.addWidget(self.verdict)
        head.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(UNIT)
        foot.addWidget(self.measure)
        foot.addWidget(self.play)
        foot.addWidget(self.export)
        foot.addWidget(self.bar, 1)
        foot.addWidget(self.left)
        foot.addStretch(0)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        self._column.setSpacing(UNIT + UNIT // 2)
        self._column.addLayout(head)
        self._column.addWidget(self.text)
        self._column.addWidget(self.result)
        self._column.addStretch(1)
        self._column.addLayout(foot)

    def show_side(self) -> None:
        """Show what is known by now."""
        side = self._side
        finding = side.finding(self.claim)
        if finding is not self._shown or (finding is None and self.result.layout() is None):
            self._show_finding(finding)
        waits = self.claim in side.waiting
        self.measure.setText("Measure again" if finding else "Measure")
        if side.waiting:
            self.measure.clearFocus()  # or another button would get it, and the next Enter
        self.measure.setEnabled(bool(side.model and side.source and not side.waiting))
        self.play.setEnabled(side.model is not None)
        self.export.setVisible(finding is not None)
        self.bar.setVisible(waits)
        self.left.setVisible(waits)
        self.show_progress()

    def show_progress(self) -> None:
        """How far it is."""
        side = self._side
        if self.claim not in side.waiting:
            return
        progress = side.progress
        is_first = self.claim == side.waiting[0]
        if not is_first or progress is None:
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
            self.left.setText("Waiting" if not is_first else "Starting")
            return
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        left = progress.seconds_left
        self.left.setText("Reading images" if left is None else f"{duration(left)} left")

    def _show_finding(self, finding: Finding | None) -> None:
        self._shown = finding
        old, self.result = self.result, result_of(self._theme, finding) if finding else QWidget()
        self._column.replaceWidget(old, self.result)
        old.hide()
        old.deleteLater()
        self.verdict.setText(VERDICTS[finding.verdict] if finding else "")
        self.text.setText(finding.text if finding else ABOUT[self.claim])
        self.text.setProperty("role", "" if finding else "muted")
        self.text.style().polish(self.text)

    def _play(self) -> None:
        if self._side.model is not None:
            self.wished.emit(PLAYS[self.claim].wish(self._side.model.card.short_run.steps))


def result_of(theme: Theme, finding: Finding) -> QWidget:
    """Plots, pictures, figures, and what the paper reports."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(UNIT + UNIT // 2)
    plots = QHBoxLayout()
    plots.setSpacing(2 * UNIT)
    for plot in finding.plots:
        plots.addWidget(PlotView(theme, plot), 1)
    column.addLayout(plots)
    for strip in finding.strips:
        column.addWidget(StripView(strip))
    measures = QWidget()
    measures.setObjectName("measures")
    offer_copies(measures, lambda: _table(finding))
    grid = QGridLayout(measures)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(2 * UNIT)
    grid.setVerticalSpacing(2)
    grid.setColumnStretch(2, 1)
    for row, measure in enumerate(finding.measures):
        name = label(measure.name, "small")
        value = label(f"{told(measure.value)} {measure.unit}".rstrip(), "value")
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setAccessibleName(measure.name)
        grid.addWidget(name, row, 0)
        value.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # the menu is the whole table's
        grid.addWidget(value, row, 1)
    column.addWidget(measures)
    if finding.paper:
        paper = label(f"In the paper: {finding.paper}", "small")
        paper.setWordWrap(True)
        column.addWidget(paper)
    return widget


def _table(finding: Finding) -> Table | None:
    rows = [(measure.name, measure.value.mean, measure.value.sd, measure.unit) for measure in finding.measures]
    return Table(("measure", "value", "standard error", "unit"), rows) if rows else None


class StripView(QWidget):
    """Some pictures in a row, after their label."""

    def __init__(self, strip: Strip) -> None:
        super().__init__()
        self.strip = strip
        self._images = [to_image(picture) for picture in strip.pictures]
        self.setAccessibleName(strip.label)
        self.setFixedHeight(STRIP)

    def sizeHint(self) -> QSize:
        return QSize(NAME + STRIP * len(self._images), STRIP)

    def minimumSizeHint(self) -> QSize:
        return QSize(NAME + STRIP, STRIP)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = QRectF(0, 0, NAME - UNIT, STRIP)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap, self.strip.label)
        for column, image in enumerate(self._images):
            left = NAME + column * (STRIP + UNIT // 2)
            if left + STRIP > self.width():
                return
            draw_picture(painter, QRectF(left, 0, STRIP, STRIP), image)


NAME = 20 * UNIT
"""Width of a strip's label."""
