"""The right column while a run is set up: preset, data, and everything else for who wants it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.train.setup.estimate_text import TIP, in_all, tip, unknown
from ebm_studio.app.pages.train.setup.initial_weights_box import OriginBox
from ebm_studio.app.pages.train.setup.plan_fields import LEARNING, NET, SHORT_RUN, Knob
from ebm_studio.app.pages.train.setup.presets_panel import PresetsPanel
from ebm_studio.app.pages.train.setup.state import TrainSetup
from ebm_studio.app.widgets.fields import Choice, Parameter, WholeField, is_typed_in, label, reset_button
from ebm_studio.app.widgets.formatting import activation_choices, start_choices, thousands
from ebm_studio.app.widgets.panels import Panel, PanelColumn, figure_line
from ebm_studio.core.specs import SIZES
from ebm_studio.data.training.plan import Plan


class DataPanel(Panel):
    """What the model is called, what the data's licence is, and how much of it is held out."""

    def __init__(self, setup: TrainSetup) -> None:
        super().__init__("Model and data")
        self._setup = setup
        self.name = _text_field("Name", "The name of the model.", lambda text: setup.change(name=text))
        self.licence = _text_field(
            "Licence", "The licence of the pictures, for the model's card.", lambda text: setup.change(licence=text)
        )
        self.held_out = WholeField(
            0, 10**6, "Held out",
            "How many pictures, the last in name order, to hold out from training. The model can be measured on them.",
        )  # fmt: skip
        self.held_out.setFixedWidth(11 * UNIT)
        self.side = Choice(
            [
                (str(size), str(size), f"The network sees and makes pictures of {size} × {size} pixels.")
                for size in SIZES
            ],
            "Picture size",
        )
        self.side.chosen.connect(lambda size: setup.change_part("net", size=int(size)))
        self.channels = Choice(
            [("3", "Colour", "Red, green and blue."), ("1", "Grey", "One channel, which is faster.")], "Colours"
        )
        self.channels.chosen.connect(lambda channels: setup.change_part("net", channels=int(channels)))
        self.held_out.valueChanged.connect(lambda count: setup.change(held_out=count))
        self.origin = OriginBox()
        self.origin.chosen.connect(setup.set_origin)
        for text, widget in (
            ("Name", self.name),
            ("Licence", self.licence),
            ("Size", self.side),
            ("Colours", self.channels),
            ("Held out", self.held_out),
            ("Weights", self.origin),
        ):
            self.column.addWidget(_line(text, widget))
        setup.changed.connect(self._show)
        setup.preview_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        plan, preview = self._setup.plan, self._setup.preview
        for field, text in ((self.name, plan.name), (self.licence, plan.licence)):
            if field.text() != text and not is_typed_in(field):  # a look at the data may end meanwhile
                field.setText(text)
        known = preview.licence if preview else ""
        self.licence.setPlaceholderText(known or "not stated")
        self.licence.setEnabled(not known)
        self.held_out.blockSignals(True)
        self.held_out.setValue(plan.held_out)
        self.held_out.blockSignals(False)
        self.origin.set_origin(plan.origin)
        self.side.set_value(str(plan.net.size))
        self.channels.set_value(str(plan.net.channels))


class KnobsPanel(Panel):
    """A titled group of numbers, each with a slider and a way back to the preset's own value."""

    def __init__(self, theme: Theme, setup: TrainSetup, title: str, knobs: tuple[Knob, ...]) -> None:
        super().__init__(title)
        self._setup = setup
        self.fields = {knob: self._field(theme, knob) for knob in knobs}
        for field in self.fields.values():
            self.column.addWidget(field)
        setup.changed.connect(self._show)
        self._show()

    def _field(self, theme: Theme, knob: Knob) -> Parameter:
        parameter = Parameter.of(theme, knob.number, "preset")
        parameter.edited.connect(lambda value: self._setup.turn(knob, value))
        return parameter

    def _show(self) -> None:
        plan, own = self._setup.plan, self._setup.draft.own
        for knob, field in self.fields.items():
            field.set_value(knob.value(plan), knob.value(own))


class WordsPanel(Panel):
    """A few words of which one is chosen."""

    def __init__(
        self,
        theme: Theme,
        setup: TrainSetup,
        title: str,
        field: tuple[str, str],
        options: list[tuple[str, str, str]],
    ) -> None:
        """`field` is a part of the plan and a name in it."""
        super().__init__(title)
        self._setup = setup
        self._part, self._name = field
        self.choice = Choice(options, title)
        self.choice.chosen.connect(self._set)
        self.reset = reset_button(theme, f"Reset {title.lower()}", "preset")
        self.reset.clicked.connect(lambda: self._set(self._get(setup.draft.own)))
        self.title.addWidget(self.reset)
        self.column.addWidget(self.choice)
        setup.changed.connect(self._show)
        self._show()

    def _get(self, plan: Plan) -> str:
        return str(getattr(getattr(plan, self._part), self._name))

    def _set(self, value: str) -> None:
        self._setup.change_part(self._part, **{self._name: value})

    def _show(self) -> None:
        value = self._get(self._setup.plan)
        self.choice.set_value(value)
        self.reset.setVisible(value != self._get(self._setup.draft.own))


class ExpertPanel(QWidget):
    """Everything that can be set, folded away until it is asked for."""

    def __init__(self, theme: Theme, setup: TrainSetup) -> None:
        super().__init__()
        self._theme = theme
        self.fold = QPushButton("All settings")
        self.fold.setObjectName("fold")
        self.fold.setCheckable(True)
        self.fold.setToolTip("Show or hide all settings of the network, the short run and training.")
        self.fold.toggled.connect(self.set_open)
        self.activation = WordsPanel(theme, setup, "Activation", ("net", "activation"), activation_choices())
        self.net = KnobsPanel(theme, setup, "Network", NET)
        self.short_run = KnobsPanel(theme, setup, "Short run", SHORT_RUN)
        self.start = WordsPanel(theme, setup, "Start noise", ("short_run", "start"), start_choices())
        self.learning = KnobsPanel(theme, setup, "Training", LEARNING)
        self.body = QWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * UNIT)
        for panel in (self.activation, self.net, self.short_run, self.start, self.learning):
            column.addWidget(panel)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(2 * UNIT)
        for widget in (self.fold, self.body):
            whole.addWidget(widget)
        theme.changed.connect(self.fold.update)
        self.set_open(False)

    def set_open(self, is_open: bool) -> None:
        """Show or hide the settings."""
        self.fold.setChecked(is_open)
        self.fold.setIcon(self._theme.icon("down" if is_open else "next"))
        self.body.setVisible(is_open)


class EstimatePanel(Panel):
    """What Start would do, in figures."""

    def __init__(self, setup: TrainSetup) -> None:
        super().__init__("This run")
        self._setup = setup
        self.updates = figure_line(self.column, "Updates", "How many times the weights are updated.")
        self.each = figure_line(self.column, "An update takes", TIP)
        self.total = figure_line(self.column, "Total", "The total time of all updates.")
        for signal in (setup.changed, setup.estimate_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        plan, seconds = self._setup.plan, self._setup.seconds_per_update
        self.updates.setText(thousands(plan.learning.updates))
        self.each.setText(unknown(self._setup) if seconds is None else f"about {_short(seconds)}")
        self.total.setText(in_all(self._setup, self._setup.seconds_in_all))
        for figure in (self.each, self.total):
            figure.setToolTip(tip(self._setup))


class TrainInspector(PanelColumn):
    """The panels of a run that is set up."""

    def __init__(self, theme: Theme, setup: TrainSetup) -> None:
        super().__init__()
        self.presets = PresetsPanel(theme, setup)
        self.data = DataPanel(setup)
        self.estimate = EstimatePanel(setup)
        self.expert = ExpertPanel(theme, setup)
        self.stack(self.presets, self.data, self.estimate, self.expert)


def _short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _text_field(name: str, tip: str, take: Callable[[str], object]) -> QLineEdit:
    field = QLineEdit()
    field.setObjectName("text")
    field.setAccessibleName(name)
    field.setToolTip(tip)

    def finish() -> None:
        field.setModified(False)
        take(field.text().strip())

    field.editingFinished.connect(finish)
    return field


def _line(text: str, widget: QWidget) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(UNIT)
    name = label(text, "muted")
    name.setFixedWidth(8 * UNIT)
    row.addWidget(name)
    row.addWidget(widget, 1, Qt.AlignmentFlag.AlignRight if isinstance(widget, WholeField) else Qt.AlignmentFlag(0))
    return line
