"""On a model's card: which data to hold its samples against, and what came out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.models.evaluation_table import FiguresView
from ebm_studio.app.pages.models.state import Entry, Zoo
from ebm_studio.app.widgets.data_set_box import SourceBox
from ebm_studio.app.widgets.fields import WholeField, label
from ebm_studio.core.specs import MAX_IMAGES, Evaluation
from ebm_studio.data.models.card import DataCard
from ebm_studio.data.models.evaluation_cache import other_set
from ebm_studio.data.pictures.named_sets import NAMED


class EvaluationPanel(QWidget):
    """Closed until asked for; results stay visible."""

    def __init__(self, zoo: Zoo, entry: Entry, parent: QWidget) -> None:
        super().__init__(parent)
        self._zoo = zoo
        self._entry = entry
        self._is_open = False
        self._offered: DataCard | None = None  # whose data set was chosen automatically
        self.source = SourceBox(
            "The pictures it was trained on",
            "The model's training set; it is scored on held-out images.",
        )
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.source.changed.connect(self._show_source)
        self.other = label("", "muted")
        self.other.setTextFormat(Qt.TextFormat.PlainText)
        self.other.setWordWrap(True)
        self.count = WholeField(
            16, MAX_IMAGES, "Samples", "How many samples to compare. More is slower but more precise."
        )
        self.count.setValue(1000)
        self.held_out = WholeField(
            0, MAX_IMAGES, "Held out",
            "How many of the last pictures in the data set were held out from training. 0 means as the model's card "
                "says.",
        )  # fmt: skip
        self.start = QPushButton("Start")
        self.start.setToolTip("Evaluate in the background. You can keep working.")
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
            grid.addWidget(label(name, "muted"), row, 0)
            grid.addWidget(widget, row, 1)
        grid.addWidget(self.other, 3, 0, 1, 2)
        grid.addWidget(self.start, 4, 1, Qt.AlignmentFlag.AlignRight)
        self.work = QWidget()
        bar = QHBoxLayout(self.work)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(self.bar, 1)
        bar.addWidget(self.cancel)
        self.figures = FiguresView()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for widget in (self.figures, self.form, self.work):
            column.addWidget(widget)

    def set_open(self, is_open: bool) -> None:
        """Show or hide the form."""
        self._is_open = is_open
        self._show()
        if is_open:
            self.source.setFocus()

    def show_entry(self, entry: Entry) -> None:
        """What is known of the model's evaluation."""
        self._entry = entry
        data = entry.card.data if entry.card else DataCard()
        if data != self._offered:
            self._offered = data
            self.source.ask_for(data)
            self.source.set_source(data.name if data.name in NAMED else "")
        if found := self._zoo.evaluations.get(entry.name):
            self.figures.show_evaluation(entry, found)
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
        self.figures.setVisible(found)
        self.setVisible(working or found or self._is_open)

    def _start(self) -> None:
        settings = Evaluation(count=self.count.value(), held_out=self.held_out.value() or None)
        self.bar.setRange(0, 0)
        self._zoo.evaluate(self._entry.name, self.source.source, settings)

    def _show_source(self) -> None:
        source = self.source.source
        other = other_set(self._offered, source) if self._offered and source else ""
        self.other.setText(other)
        self.other.setVisible(bool(other))
        self.start.setEnabled(bool(source))
