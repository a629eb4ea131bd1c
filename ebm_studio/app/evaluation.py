"""On a model's card: which data to hold its samples against, and what came out."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ebm_studio.app.fields import WholeField, label
from ebm_studio.app.source_box import SourceBox
from ebm_studio.app.tokens import UNIT
from ebm_studio.app.zoo import Entry, Zoo
from ebm_studio.core.specs import MAX_IMAGES, Evaluation
from ebm_studio.data.datasets import NAMED
from ebm_studio.data.evaluations import KeptEvaluation


class EvaluationPanel(QWidget):
    """Closed until asked for; results stay visible."""

    def __init__(self, zoo: Zoo, entry: Entry, parent: QWidget) -> None:
        super().__init__(parent)
        self._zoo = zoo
        self._entry = entry
        self._is_open = False
        self.source = SourceBox(
            "The pictures it learned from",
            "What the model learned from; the pictures that it never saw are the measure.",
        )
        self.count = WholeField(
            16, MAX_IMAGES, "Samples", "How many samples to compare: more take longer, and tell more."
        )
        self.count.setValue(1000)
        self.held_out = WholeField(
            0, MAX_IMAGES, "Held out",
            "The last pictures of the data set that training never saw; 0 is what the model's card says.",
        )  # fmt: skip
        self.start = QPushButton("Start")
        self.start.setToolTip("Evaluate in the background; everything else stays usable.")
        self.start.clicked.connect(self._start)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Evaluation")
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("quiet")
        self.cancel.setToolTip("Stop the evaluation.")
        self.cancel.clicked.connect(lambda: zoo.cancel_evaluation(self._entry.name))
        self._lay_out()
        self.show_entry(entry)

    def _lay_out(self) -> None:
        self.form = QWidget()
        grid = QGridLayout(self.form)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(UNIT // 2)
        grid.setColumnStretch(1, 1)
        for row, (name, widget) in enumerate(
            (("Data set", self.source), ("Samples", self.count), ("Held out", self.held_out))
        ):
            grid.addWidget(label(name, "small"), row, 0)
            grid.addWidget(widget, row, 1)
        grid.addWidget(self.start, 3, 1, Qt.AlignmentFlag.AlignRight)
        self.work = QWidget()
        bar = QHBoxLayout(self.work)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(self.bar, 1)
        bar.addWidget(self.cancel)
        self.table = QWidget()
        self._grid = QGridLayout(self.table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for widget in (self.table, self.form, self.work):
            column.addWidget(widget)

    def set_open(self, is_open: bool) -> None:
        """Show or hide the form."""
        self._is_open = is_open
        self._show()
        if is_open:
            self.source.setFocus()

    def show_entry(self, entry: Entry) -> None:
        """What is known of the model's evaluation."""
        if entry.card and entry.card != self._entry.card and entry.card.data.name in NAMED:
            self.source.set_source(entry.card.data.name)
        self._entry = entry
        if found := self._zoo.evaluations.get(entry.name):
            self._fill(found)
        self._show()

    def show_progress(self) -> None:
        """How far it is."""
        progress = self._zoo.progress(self._entry.name)
        if progress is not None:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)

    def _show(self) -> None:
        working = self._entry.name in self._zoo.evaluating
        found = self._entry.name in self._zoo.evaluations
        self.form.setVisible(self._is_open and not working)
        self.work.setVisible(working)
        self.table.setVisible(found)
        self.setVisible(working or found or self._is_open)

    def _start(self) -> None:
        settings = Evaluation(count=self.count.value(), held_out=self.held_out.value() or None)
        self.bar.setRange(0, 0)
        self._zoo.evaluate(self._entry.name, self.source.source, settings)

    def _fill(self, found: KeptEvaluation) -> None:
        figures = found.figures
        while (item := self._grid.takeAt(0)) and (cell := item.widget()):
            cell.deleteLater()
        published = figures["features"] == "inception"
        rows: list[tuple[str, ...]] = [("", "model", "floor", "ceiling")]
        for name, key in zip(("KID", "FID") if published else ("KID-lite0", "FD-lite0"), ("kid", "fd"), strict=True):
            rows.append((name, *(f"{figures[key][what]['mean']:.3g}" for what in ("model", "floor", "ceiling"))))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                cell = label(text, "small" if row == 0 or column == 0 else "value")
                cell.setToolTip(_tip(found))
                self._grid.addWidget(cell, row, column, Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag(0))


def _tip(found: KeptEvaluation) -> str:
    figures, near = found.figures, found.figures["nearest"]
    return (
        f"{figures['samples']} samples against {figures['held_out']} held-out pictures of {Path(found.source).name}, "
        "lower is better. "
        "Floor: training pictures in place of samples. Ceiling: training pictures under heavy noise. "
        f"{near['copies']:.1%} of the samples are suspiciously near a training picture; 1% is expected."
    )
