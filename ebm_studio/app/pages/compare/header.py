"""Model and short run of one side."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.compare.colours import colour_of
from ebm_studio.app.pages.compare.side import Side
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.studio.parameters import NOISE_SCALE, STEP_SIZE, STEPS
from ebm_studio.app.widgets.fields import button, label, number_field
from ebm_studio.app.widgets.flow import FlowLayout
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.data.exports.recipe import FEWEST_SIDES

NUMBERS = (STEPS, STEP_SIZE, NOISE_SCALE)
"""What each side has of its own."""
ROOMY = 4
"""More sides than this have no room for what is the same on all."""
FIELD = 6 * UNIT + UNIT // 2


class SideHeader(QWidget):
    """In as many lines as the side's width needs."""

    def __init__(self, theme: Theme, state: CompareState, side: Side) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._state = state
        self._side = side
        name = side.name
        self.name = label(name)
        self.model = ModelChooser(theme, side)
        self.model.setAccessibleName(f"{name} model")
        self._numbers = {number: number_field(number, f"{name} {number.label}") for number in NUMBERS}
        self.steps, self.step_size, self.noise_scale = self._numbers.values()
        self.start = QComboBox()
        self.start.setAccessibleName(f"{name} start distribution")
        self.start.setToolTip("p₀, the distribution of the start noise z: uniform or normal.")
        self.start.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.start.setMinimumContentsLength(6)
        for value in ("uniform", "gaussian"):
            self.start.addItem(value.capitalize(), value)
        self.reset = button(theme, "reset", f"Reset {name.lower()}", "Reset to the model's own short run.", side.reset)
        self.remove = button(
            theme, "close", f"Remove {name.lower()}", "Remove this side.", lambda: state.remove_side(side)
        )
        for number, field in self._numbers.items():
            field.valueChanged.connect(lambda value, name=number.name: side.change(**{name: value}))
        self.start.activated.connect(lambda _: side.change(start=self.start.currentData()))
        self._groups: dict[str, QWidget] = {}
        self._lay_out()
        theme.changed.connect(self._paint)
        side.run_changed.connect(self._show)
        self._paint()
        self._show()

    def _lay_out(self) -> None:
        flow = FlowLayout(self, (2 * UNIT, UNIT // 2, UNIT, UNIT // 2), UNIT)
        is_narrow = len(self._state.sides) > ROOMY
        flow.addWidget(_together(self.name, self.remove) if is_narrow else self.name)
        flow.addWidget(self.model)
        if not is_narrow:
            flow.addWidget(self.remove)
        for number, field in self._numbers.items():
            field.setFixedWidth(FIELD)
            self._groups[number.name] = _together(label(number.symbol, "muted"), field)
            flow.addWidget(self._groups[number.name])
        for widget in (self.start, self.reset):
            flow.addWidget(widget)
        self._groups |= {"start": self.start}
        self.remove.setVisible(len(self._state.sides) > FEWEST_SIDES)

    def show_settings(self, whole: bool) -> None:
        """Show the whole short run; or, where sides are narrow, only what differs among them."""
        sides = self._state.sides
        keeps = ("start",) if len(sides) <= ROOMY else ("start", *(number.name for number in NUMBERS))
        for name, group in self._groups.items():
            differs = len({getattr(side.run, name) for side in sides}) > 1
            group.setVisible(whole or name not in keeps or differs)
        models = {side.parameters.model for side in sides}
        self.model.setVisible(whole or len(sides) <= ROOMY or len(models) > 1)
        self.reset.setVisible(whole)

    def _paint(self) -> None:
        if self._side in self._state.sides:
            colour = colour_of(self._theme.tokens, self._side.place)
            self.name.setStyleSheet(f"font-weight: 700; color: {colour};")

    def _show(self) -> None:
        run = self._side.run
        for number, field in self._numbers.items():
            field.blockSignals(True)
            field.setValue(getattr(run, number.name))
            field.blockSignals(False)
        self.start.setCurrentIndex(self.start.findData(run.start))
        self.reset.setEnabled(self._side.model is not None and run != self._side.model.card.short_run)


def _together(*widgets: QWidget) -> QWidget:
    """Widgets that stay in one line."""
    group = QWidget()
    row = QHBoxLayout(group)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(UNIT // 2)
    for widget in widgets:
        row.addWidget(widget)
    return group
