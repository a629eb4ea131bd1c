"""Above all sides: what they share, and how many they are."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.pages.compare.sweep import SWEPT, parse_values, spaced, values_text
from ebm_studio.app.studio.parameters import Number
from ebm_studio.app.widgets.chains_fields import ChainsFields
from ebm_studio.app.widgets.fields import Choice, RealField, WholeField, button, label
from ebm_studio.app.widgets.page_header import PageHeader
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import MAX_STEPS
from ebm_studio.data.exports.recipe import FEWEST_SIDES, MOST_SIDES
from ebm_studio.engine.requests import Fault


class Common(PageHeader):
    """Sides, view, seed and number of chains."""

    def __init__(self, theme: Theme, state: CompareState) -> None:
        super().__init__()
        self._state = state
        self.sweep = QPushButton("Sweep…")
        self.sweep.setObjectName("quiet")
        self.sweep.setCheckable(True)
        self.sweep.setToolTip("Sweep one parameter: a side for each of its values (W).")
        self.add = button(theme, "plus", "Add a side", "One more side, set as the last one is.", state.add_side)
        self.swap = button(
            theme, "swap", "Swap left and right", "Left becomes right and right becomes left (X).", state.swap
        )
        self.whole = button(
            theme, "settings", "All settings", "Show every setting of every side, even where all are the same."
        )
        self.whole.setCheckable(True)
        self.chains = ChainsFields(
            theme, state, "Chain i of a seed starts from the same noise z on every side.",
            "N, the number of chains on each side.",
        )  # fmt: skip
        self.seed, self.count = self.chains.seed, self.chains.count
        self.view = Choice(
            [
                ("state", "As sampled", "x, the state of the chain."),
                ("mean", "Last noise removed", "x without the noise u of the last step."),
            ],
            "View",
        )
        self.view.chosen.connect(state.set_view)
        row = QHBoxLayout(self)
        row.setContentsMargins(UNIT, 0, 2 * UNIT, 0)
        row.setSpacing(UNIT // 2)
        for widget in (self.sweep, self.add, self.swap, self.whole):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.view)
        row.addSpacing(UNIT)
        row.addWidget(self.chains)
        state.view_changed.connect(self._show)
        state.sides_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.view.set_value(self._state.view)
        self.add.setEnabled(len(self._state.sides) < MOST_SIDES)
        self.whole.setVisible(len(self._state.sides) > FEWEST_SIDES)


class SweepBar(PageHeader):
    """One parameter over a row: which, and its values."""

    def __init__(self, theme: Theme, state: CompareState) -> None:
        super().__init__()
        self._state = state
        self.number = QComboBox()
        self.number.setAccessibleName("Parameter of the sweep")
        self.number.setToolTip("What changes from side to side. All else is as on the first side.")
        for number in SWEPT:
            self.number.addItem(number.label, number)
        self.low = RealField(0, MAX_STEPS, "From", "The first value.")
        self.high = RealField(0, MAX_STEPS, "To", "The last value.")
        self.columns = WholeField(FEWEST_SIDES, MOST_SIDES, "Columns", "How many sides.")
        self.columns.setValue(4)
        self.values = QLineEdit()
        self.values.setObjectName("text")
        self.values.setAccessibleName("Values")
        self.values.setToolTip("The values, with commas between them. Type any others.")
        self.go = QPushButton("Sweep")
        self.go.setObjectName("primary")
        self.go.clicked.connect(self._go)
        self.values.returnPressed.connect(self._go)
        self.number.activated.connect(lambda _: self.suggest())
        for field in (self.low, self.high, self.columns):
            field.valueChanged.connect(lambda _: self._space())
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        row.setSpacing(UNIT // 2)
        row.addWidget(self.number)
        for text, field, width in (("from", self.low, 8), ("to", self.high, 8), ("in", self.columns, 5)):
            row.addSpacing(UNIT // 2)
            row.addWidget(label(text, "muted"))
            field.setFixedWidth(width * UNIT)
            row.addWidget(field)
        row.addWidget(label("columns:", "muted"))
        row.addWidget(self.values, 1)
        row.addSpacing(UNIT // 2)
        row.addWidget(self.go)

    @property
    def _number(self) -> Number:
        number: Number = self.number.currentData()
        return number

    def suggest(self) -> None:
        """From half of the first side's value to four times it."""
        number, run = self._number, self._state.sides[0].run
        here = getattr(run, number.name)
        here = run.steps if here is None else here or number.slider[0]
        for field, value in ((self.low, here / 2), (self.high, 4 * here)):
            field.blockSignals(True)
            field.setRange(number.low, number.high)
            field.setValue(round(value) if number.whole else float(f"{value:.3g}"))
            field.blockSignals(False)
        self._space()

    def _space(self) -> None:
        self.values.setText(
            values_text(spaced(self._number, self.low.value(), self.high.value(), self.columns.value()))
        )

    def _go(self) -> None:
        self._state.dismiss()
        try:
            self._state.sweep(self._number, parse_values(self._number, self.values.text()))
        except SettingsError as error:
            self._state.show(Fault(str(error)))
