"""The evaluations of all models side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.models.state import Entry, Zoo
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.formatting import estimated, thousands
from ebm_studio.app.widgets.names import in_tip, printable
from ebm_studio.core.evaluation.figures import Estimate, Figures
from ebm_studio.data.models.card_text import title_beside

COLUMNS = (
    "model",
    "against",
    "features",
    "KID",
    "KID standard error",
    "Fréchet distance",
    "Fréchet distance standard error",
    "samples",
    "held-out error",
    "v",
)
"""Of the table that is copied."""
NAMES = ("Model", "Against", "Features", "KID", "Fréchet distance", "Samples", "Held-out error", "v")
TIPS = (
    "",
    "The pictures that its samples were held against. Only rows of the same pictures and features can be compared.",
    "The network in whose features the distances are measured.",
    "Kernel distance of the samples from held-out pictures: lower is better. 0 is perfect.",
    "Lower is better; it depends on the number of samples.",
    "How many samples were drawn.",
    "Mean squared difference per pixel between held-out pictures and their reconstructions.",
    "Gradient step length s·‖∂E/∂x‖: it says how steep the energy is.",
)


class EvaluationsSection(QWidget):
    """A row a model, the best of each data set first. Hidden while there are not two to hold against each other."""

    def __init__(self, zoo: Zoo) -> None:
        super().__init__()
        self._zoo = zoo
        self._shown: list[tuple[str, ...]] = []
        self._numbers: list[tuple[object, ...]] = []
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(2 * UNIT)
        self.grid.setVerticalSpacing(UNIT // 2)
        self.grid.setColumnStretch(len(NAMES), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(label("EVALUATIONS SIDE BY SIDE", "section"))
        column.addLayout(self.grid)
        offer_copies(self, self.table)
        zoo.changed.connect(self.show_all)
        zoo.entry_changed.connect(lambda _: self.show_all())
        self.show_all()

    def table(self) -> Table | None:
        """The numbers of all rows, with every digit; None while there are none."""
        return Table(COLUMNS, self._numbers) if self._numbers else None

    def show_all(self) -> None:
        """Show what is known now."""
        found = [(entry, figures) for entry in self._zoo.entries if (figures := self._zoo.figures_of(entry))]
        found.sort(key=lambda each: (_against(*each), each[1].features, each[1].kid.model.mean))
        rows = [_row(entry, figures) for entry, figures in found]
        self.setVisible(len(rows) > 1)
        if rows == self._shown:
            return
        self._shown = rows
        self._numbers = [
            (*cells[:3], *_both(it.kid.model), *_both(it.fd.model), it.samples, it.heldout_error, it.health.v)
            for (_, it), cells in zip(found, rows, strict=True)
        ]
        while (item := self.grid.takeAt(0)) and (cell := item.widget()):
            cell.deleteLater()
        self._add(0, NAMES, TIPS, "muted")
        for line, (entry, cells) in enumerate(zip((entry for entry, _ in found), rows, strict=True), 1):
            self._add(line, cells, (in_tip(str(entry.path)), *TIPS[1:]), "")

    def _add(self, line: int, cells: Sequence[str], tips: Sequence[str], role: str) -> None:
        for column, (text, tip) in enumerate(zip(cells, tips, strict=True)):
            cell = label(text, role)
            cell.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignLeft if column < 3 else Qt.AlignmentFlag.AlignRight
            self.grid.addWidget(cell, line, column, side)


def _both(estimate: Estimate) -> tuple[float, float]:
    return estimate.mean, estimate.sd


def _against(entry: Entry, figures: Figures) -> str:
    return title_beside(entry.card, figures.against)


def _row(entry: Entry, figures: Figures) -> tuple[str, ...]:
    return (
        printable(entry.title),
        _against(entry, figures),
        figures.features,
        estimated(figures.kid.model, 4),
        estimated(figures.fd.model, 1),
        thousands(figures.samples),
        f"{figures.heldout_error:.5f}",
        f"{figures.health.v:.2f}",
    )
