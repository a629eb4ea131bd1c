"""The right column while a run is set up: preset, data, and everything else for who wants it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.fields import Choice, Parameter, RealField, Scale, WholeField, label, reset_button
from ebm_studio.app.inspector import Panel, PanelColumn, figure_line
from ebm_studio.app.modelcard import duration
from ebm_studio.app.presets_panel import PresetsPanel
from ebm_studio.app.theme import Theme
from ebm_studio.app.tokens import UNIT
from ebm_studio.app.train_setup import TrainSetup
from ebm_studio.core.specs import MAX_CHAINS, MAX_STEPS, MAX_UPDATES, SIZES
from ebm_studio.data.plans import Plan

MINUTE = 60


class DataPanel(Panel):
    """What the model is called, what the data's licence is, and how much of it is held out."""

    def __init__(self, setup: TrainSetup) -> None:
        super().__init__("Model and data")
        self._setup = setup
        self.name = _text_field("Name", "What the model is called.", lambda text: setup.change(name=text))
        self.licence = _text_field(
            "Licence", "The licence of the pictures, for the model's card.", lambda text: setup.change(licence=text)
        )
        self.held_out = WholeField(
            0, 10**6, "Held out",
            "So many pictures, the last in name order, are never learned from: the model can be measured on them.",
        )  # fmt: skip
        self.held_out.setFixedWidth(11 * UNIT)
        self.held_out.valueChanged.connect(lambda count: setup.change(held_out=count))
        for text, widget in (("Name", self.name), ("Licence", self.licence), ("Held out", self.held_out)):
            self.column.addWidget(_line(text, widget))
        setup.changed.connect(self._show)
        setup.preview_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        plan, preview = self._setup.plan, self._setup.preview
        for field, text in ((self.name, plan.name), (self.licence, plan.licence)):
            if field.text() != text:
                field.setText(text)
        known = preview.licence if preview else ""
        self.licence.setPlaceholderText(known or "not stated")
        self.licence.setEnabled(not known)
        self.held_out.blockSignals(True)
        self.held_out.setValue(plan.held_out)
        self.held_out.blockSignals(False)


@dataclass(frozen=True)
class Knob:
    """A number of the plan that can be set."""

    part: str
    """`net`, `short_run` or `learning`; empty for the plan itself."""
    name: str
    text: str
    low: float
    high: float
    scale: tuple[float, float]
    """What the slider reaches, by ratio."""
    tip: str
    whole: bool = True
    zero: bool = False
    """Whether the slider's left end is 0."""


NET = (Knob("net", "width", "Width n_f", 1, 512, (8, 128), "n_f, the channels of the net's first layer. Wider nets learn finer pictures, slower."),)
SHORT_RUN = (
    Knob("short_run", "steps", "Steps K", 1, MAX_STEPS, (10, 200), "K, how many Langevin steps lead from noise to image. The time of an update grows with it."),
    Knob("short_run", "step_size", "Step size s", 1e-6, 1e3, (1e-2, 1e2), "s, the factor before the energy's gradient in a step.", whole=False),
    Knob("short_run", "noise_scale", "Noise scale τ", 0, 10, (1e-4, 1), "τ, the standard deviation of the noise u that each step adds.", whole=False, zero=True),
)
LEARNING = (
    Knob("learning", "updates", "Updates", 1, MAX_UPDATES, (100, 200_000), "How many times the net is changed, in all."),
    Knob("", "time_limit", "Time limit, minutes", 0, 100_000, (1, 1440), "The run is done after so much learning, however many updates that makes; 0 is no limit.", zero=True),
    Knob("learning", "data_noise", "Data noise σ", 0, 2, (1e-3, 0.3), "σ, the standard deviation of the noise on training images. More of it keeps learning steady, less gives sharper pictures.", whole=False, zero=True),
    Knob("learning", "learning_rate", "Learning rate", 1e-8, 1, (1e-5, 1e-2), "Adam's rate before the decay.", whole=False),
    Knob("learning", "chains", "Chain batch m", 1, MAX_CHAINS, (8, 256), "m, the short runs of one update."),
    Knob("learning", "images", "Data batch", 1, 65536, (8, 1024), "Training images of one update. They cost one pass, not K, so more are cheap."),
    Knob("learning", "ema", "Averaging", 0, 0.999999, (0.9, 0.9999), "Decay of the running average of the weights, which is the model that is kept; 0 keeps the last weights.", whole=False, zero=True),
    Knob("learning", "decay_share", "Decay share", 0, 1, (0.01, 1), "The last share of the run, in which the rate falls.", whole=False, zero=True),
    Knob("learning", "final_rate", "Final rate", 0, 1, (0.001, 1), "The rate at the very end, as a factor of the learning rate.", whole=False, zero=True),
    Knob("learning", "final_noise", "Final σ", 0, 1, (0.001, 1), "σ at the very end, as a factor of the data noise.", whole=False, zero=True),
    Knob("learning", "beta1", "Adam's β₁", 0, 0.999999, (0.1, 0.99), "Adam's first-moment decay.", whole=False, zero=True),
    Knob("learning", "seed", "Seed", 0, 2**31 - 1, (1, 1000), "Start of every random number of the run.", zero=True),
)  # fmt: skip


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
        if knob.whole:
            field: WholeField | RealField = WholeField(int(knob.low), int(knob.high), knob.text, knob.tip)
        else:
            field = RealField(knob.low, knob.high, knob.text, knob.tip)
        scale = Scale(*knob.scale, ratio=True, zero=knob.zero)
        parameter = Parameter(theme, knob.text, field, scale, "preset")
        parameter.edited.connect(lambda value: self._set(knob, value))
        return parameter

    def _set(self, knob: Knob, value: float) -> None:
        number = round(value) if knob.whole else float(value)
        if knob.name == "time_limit":
            self._setup.change(time_limit=float(MINUTE * number) or None)
        else:
            self._setup.change_part(knob.part, **{knob.name: number})

    def _show(self) -> None:
        plan, own = self._setup.plan, self._setup.draft.own
        for knob, field in self.fields.items():
            field.set_value(_value(plan, knob), _value(own, knob))


def _value(plan: Plan, knob: Knob) -> float:
    if knob.name == "time_limit":
        return round((plan.time_limit or 0) / MINUTE)
    return getattr(getattr(plan, knob.part), knob.name)  # type: ignore[no-any-return]


class WordsPanel(Panel):
    """A few words of which one is chosen."""

    def __init__(
        self,
        theme: Theme,
        setup: TrainSetup,
        title: str,
        field: tuple[str, str],
        options: list[tuple[Any, str, str]],
        has_own: bool = True,
    ) -> None:
        """`field` is a part of the plan and a name in it; `has_own` when a preset has a say in it."""
        super().__init__(title)
        self._setup = setup
        self._part, self._name = field
        self._values = {str(value): value for value, _, _ in options}
        self._has_own = has_own
        self.choice = Choice([(str(value), text, tip) for value, text, tip in options], title)
        self.choice.chosen.connect(lambda value: self._set(self._values[value]))
        self.reset = reset_button(theme, f"Reset {title.lower()}", "preset")
        self.reset.clicked.connect(lambda: self._set(self._get(setup.draft.own)))
        self.title.addWidget(self.reset)
        self.column.addWidget(self.choice)
        setup.changed.connect(self._show)
        self._show()

    def _get(self, plan: Plan) -> Any:
        return getattr(getattr(plan, self._part), self._name)

    def _set(self, value: Any) -> None:
        self._setup.change_part(self._part, **{self._name: value})

    def _show(self) -> None:
        value = self._get(self._setup.plan)
        self.choice.set_value(str(value))
        self.reset.setVisible(self._has_own and value != self._get(self._setup.draft.own))


class ExpertPanel(QWidget):
    """Everything that can be set, folded away until it is asked for."""

    def __init__(self, theme: Theme, setup: TrainSetup) -> None:
        super().__init__()
        self._theme = theme
        self.fold = QPushButton("All settings")
        self.fold.setObjectName("fold")
        self.fold.setCheckable(True)
        self.fold.setToolTip("Show or hide every setting of the net, the short run and the learning.")
        self.fold.toggled.connect(self.set_open)
        self.size = WordsPanel(
            theme, setup, "Picture size", ("net", "size"),
            [(size, str(size), f"Pictures of {size} × {size} pixels.") for size in SIZES], has_own=False,
        )  # fmt: skip
        self.channels = WordsPanel(
            theme, setup, "Colours", ("net", "channels"),
            [(3, "Colour", "Red, green and blue."), (1, "Grey", "One channel, which is faster.")], has_own=False,
        )  # fmt: skip
        self.activation = WordsPanel(
            theme, setup, "Activation", ("net", "activation"),
            [("leaky_relu", "LeakyReLU", "With slope 0.2, as in the paper."), ("silu", "SiLU", "The smooth one.")],
        )  # fmt: skip
        self.net = KnobsPanel(theme, setup, "Net", NET)
        self.short_run = KnobsPanel(theme, setup, "Short run", SHORT_RUN)
        self.start = WordsPanel(
            theme, setup, "Start noise", ("short_run", "start"),
            [
                ("uniform", "Uniform", "p₀ is uniform on [−1, 1]."),
                ("gaussian", "Gaussian", "p₀ is the standard normal."),
            ],
        )  # fmt: skip
        self.learning = KnobsPanel(theme, setup, "Learning", LEARNING)
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
        self.updates = figure_line(self.column, "Updates", "How many times the net is changed.")
        self.each = figure_line(self.column, "An update takes", "As measured on this machine just now.")
        self.total = figure_line(self.column, "In all", "The time of all updates together.")
        for signal in (setup.changed, setup.estimate_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        plan, seconds = self._setup.plan, self._setup.seconds_per_update
        self.updates.setText(f"{plan.learning.updates:,}".replace(",", "\u202f"))
        self.each.setText("measuring …" if seconds is None else _short(seconds))
        total = self._setup.seconds_in_all
        self.total.setText("measuring …" if total is None else f"≈ {duration(total)}")


class TrainInspector(PanelColumn):
    """The panels of a run that is set up."""

    def __init__(self, theme: Theme, setup: TrainSetup) -> None:
        super().__init__()
        self.presets = PresetsPanel(theme, setup)
        self.data = DataPanel(setup)
        self.estimate = EstimatePanel(setup)
        self.expert = ExpertPanel(theme, setup)
        self.stack(self.presets, self.data, self.expert.size, self.expert.channels, self.estimate, self.expert)


def _short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _text_field(name: str, tip: str, take: Callable[[str], object]) -> QLineEdit:
    field = QLineEdit()
    field.setObjectName("text")
    field.setAccessibleName(name)
    field.setToolTip(tip)
    field.editingFinished.connect(lambda: take(field.text().strip()))
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
