"""What an evaluation found, on a model's card: a small table, the further figures, and the command that repeats it."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.models.state import Entry
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.formatting import estimated, thousands
from ebm_studio.core.evaluation.figures import Figures
from ebm_studio.data.models.card_text import title_beside
from ebm_studio.data.models.evaluation_cache import KeptEvaluation, command_of, other_set

Row = tuple[str, tuple[str, ...]]
"""A tip, which a header has not, and the cells."""

MODEL = "Samples of this model."
FLOOR = "Training pictures instead of samples: the best possible value."
CEILING = "Training pictures under heavy noise."
CONTRAST = (
    "Standard deviation of the values within a picture, from −1 to 1 (mean): first for samples, then for held-out "
    "pictures, and how much higher that of samples is."
)
NEAREST = (
    "Root mean square pixel difference to the most similar training picture (median): first for samples, then for "
    "held-out pictures."
)
COPIES = "Samples suspiciously close to a training picture. 1% is expected if nothing is copied."
HELD_OUT = "Mean squared difference per pixel between held-out pictures and their reconstructions."
HEALTH = (
    "Energy difference d between held-out pictures and samples; gradient step length v = s·‖∂E/∂x‖; K·v, the length of "
    "a chain."
)


class FiguresView(QWidget):
    """The figures of one evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.about = label("", "muted")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.about.setWordWrap(True)
        self._table, self._lines = QGridLayout(), QGridLayout()
        self._numbers: Table | None = None
        offer_copies(self, lambda: self._numbers)
        self.command = CommandText()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.about)
        for grid in (self._table, self._lines):
            grid.setHorizontalSpacing(UNIT)
            grid.setVerticalSpacing(2)
            grid.setColumnStretch(0, 1)
            column.addLayout(grid)
        column.addWidget(self.command)

    def show_evaluation(self, entry: Entry, found: KeptEvaluation) -> None:
        """Show what was found of this model."""
        figures = found.figures
        about = (
            f"{thousands(figures.samples)} samples against {thousands(figures.held_out)} held-out pictures of "
            f"{title_beside(entry.card, figures.against)}; lower is better."
        )
        other = other_set(entry.card.data, found.source) if entry.card else ""
        self.about.setText(f"{about} {other}".strip())
        _fill(self._table, _scales(figures))
        _fill(self._lines, _further(figures))
        self.command.set_text(command_of(entry.name, found.source, found.settings))
        self._numbers = numbers_of(figures)


class CommandText(QPlainTextEdit):
    """A command to select and copy, wrapped wherever its line ends and as high as it needs to be."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.setAccessibleName("Command")
        self.setToolTip("The command that repeats this evaluation.")

    def set_text(self, text: str) -> None:
        """Show another command."""
        if text != self.toPlainText():
            self.setPlainText(text)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        text = self.blockBoundingRect(self.document().firstBlock()).height() + 2 * self.document().documentMargin()
        self.setFixedHeight(math.ceil(text) + self.height() - self.viewport().height())


def numbers_of(figures: Figures) -> Table:
    """All figures, with every digit."""
    near, health = figures.nearest, figures.health
    scores = [
        (f"{name}, {of}", found.mean, found.sd)
        for name, scale in zip(figures.names, (figures.kid, figures.fd), strict=True)
        for of, found in (("model", scale.model), ("floor", scale.floor), ("ceiling", scale.ceiling))
    ]
    if (score := figures.inception_score) is not None:
        scores.append(("Inception score", score.mean, score.sd))
    contrast = figures.contrast
    further = {} if contrast is None else {"Contrast, samples": contrast.samples, "Contrast, held out": contrast.real}
    further |= {
        "Nearest picture, samples": near.model,
        "Nearest picture, held out": near.held_out,
        "Suspiciously close, share": near.copies,
        "Held-out error": figures.heldout_error,
        "Held-out d": health.d,
        "Held-out v": health.v,
        "Held-out K·v": health.path_length,
    }
    return Table(("figure", "value", "standard error"), [*scores, *((name, x, "") for name, x in further.items())])


def _scales(figures: Figures) -> list[Row]:
    rows: list[Row] = [("", ("", *figures.names))]
    for kind, name, tip in (
        ("model", "model", MODEL),
        ("floor", "best possible", FLOOR),
        ("ceiling", "pure noise", CEILING),
    ):
        kid, fd = getattr(figures.kid, kind), getattr(figures.fd, kind)
        rows.append((tip, (name, estimated(kid, 4), estimated(fd, 1))))
    return rows


def _further(figures: Figures) -> list[Row]:
    near, health = figures.nearest, figures.health
    rows: list[Row] = [
        (NEAREST, ("Nearest picture", f"{near.model:.3f}, {near.held_out:.3f}")),
        (COPIES, ("Suspiciously close", f"{near.copies:.1%}")),
        (HELD_OUT, ("Held-out error", f"{figures.heldout_error:.5f}")),
        (
            HEALTH,
            ("Held-out d, v, K·v", f"{health.d:+.2f}, {health.v:.2f}, {health.path_length:.1f}".replace("-", "−")),
        ),
    ]
    if (contrast := figures.contrast) is not None:
        more = f"{contrast.excess:+.1%}".replace("-", "−")
        rows.insert(0, (CONTRAST, ("Contrast", f"{contrast.samples:.3f}, {contrast.real:.3f} ({more})")))
    if (score := figures.inception_score) is not None:
        rows.insert(0, ("Inception score of the samples: higher is better.", ("IS", estimated(score, 2))))
    return rows


def _fill(grid: QGridLayout, rows: list[Row]) -> None:
    """Put rows in place of what is there."""
    while (item := grid.takeAt(0)) and (old := item.widget()):
        old.deleteLater()
    for row, (tip, cells) in enumerate(rows):
        for column, text in enumerate(cells):
            cell = label(text, "" if column and tip else "muted")
            cell.setToolTip(tip)
            if column:
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(cell, row, column, Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag(0))
