"""A strip that says how a model without a card was read, and where a person can say it better."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import ShowModel
from ebm_studio.app.widgets.fields import Choice, RealField, button, label
from ebm_studio.app.widgets.formatting import activation_choices
from ebm_studio.data.models.reading import Assumed, Reading
from ebm_studio.engine.jobs.models import KeepForeign
from ebm_studio.engine.requests import Ended

SIGNS = (
    ("minus", "−E", "The network's output is minus the energy, as in the paper and its authors' code."),
    ("plus", "E", "The network's output is the energy itself."),
)


class ForeignStrip(QFrame):
    """Shown while a model is open whose file has no card; it covers nothing."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("notice")
        self._studio = studio
        self._reading = Reading()
        self.text = label("")
        self.text.setWordWrap(True)
        self.sign = Choice(SIGNS, "Output of the network")
        self.activation = Choice(activation_choices(), "Activation")
        self.leak = RealField(0, 1, "Leak", "Slope of LeakyReLU below 0; the paper's is 0.2.")
        self.keep = QPushButton("Read it this way and keep it")
        self.keep.setObjectName("primary")
        self.keep.setToolTip("Open the file read this way, as a model of your own with a card that says so.")
        self.sign.chosen.connect(lambda sign: self._change(sign=sign))
        self.activation.chosen.connect(lambda activation: self._change(activation=activation))
        self.leak.valueChanged.connect(lambda leak: self._change(leak=leak))
        self.keep.clicked.connect(self._keep)
        self._lay_out(theme)
        studio.open.model_changed.connect(self._show_model)
        self.hide()

    def _lay_out(self, theme: Theme) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.text, 1)
        first.addWidget(button(theme, "close", "Dismiss", "Keep the current reading.", self.hide))
        for name, field in (("Output", self.sign), ("Activation", self.activation), ("Leak", self.leak)):
            second.addWidget(label(name, "muted"))
            second.addWidget(field)
            second.addSpacing(UNIT)
        second.addStretch(1)
        second.addWidget(self.keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, UNIT // 2, UNIT, UNIT)
        column.setSpacing(UNIT // 2)
        for row in (first, second):
            row.setSpacing(UNIT)
            column.addLayout(row)

    def _show_model(self) -> None:
        model = self._studio.open.model
        assumed = model.assumed if model else None
        if model is not None and assumed is not None:
            self.text.setText(_sentence(Path(model.name).name, assumed))
            self._reading = assumed.reading
            self._show_reading()
        self.setVisible(assumed is not None)

    def _show_reading(self) -> None:
        self.sign.set_value(self._reading.sign)
        self.activation.set_value(self._reading.activation)
        self.leak.setValue(self._reading.leak)
        self.leak.setEnabled(self._reading.is_leaky)

    def _change(self, **changes: object) -> None:
        self._reading = Reading.from_dict(self._reading.to_dict() | changes)
        self._show_reading()

    def _keep(self) -> None:
        model = self._studio.open.model
        if model is not None:
            request = KeepForeign(model=model.name, reading=self._reading)
            self._studio.link.submit(request, self._open, self._end)

    def _open(self, path: Path) -> None:
        self._studio.wish(ShowModel(str(path)))

    def _end(self, ended: Ended) -> None:
        if ended.fault is not None:
            self._studio.faults.show(ended.fault)


def _sentence(name: str, assumed: Assumed) -> str:
    how = (
        "is as you chose." if assumed.asked != "auto"
        else "was found by short test chains." if assumed.sure
        else "is a guess: short test chains gave no clear answer. If you see checkerboards, choose the other one."
    )  # fmt: skip
    return f"{name} has no card. The sign of its output {how}"
