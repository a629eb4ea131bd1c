"""The right column of the Generate page: one panel class for each group."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.generate.history import History
from ebm_studio.app.pages.generate.history_panel import HistoryPanel
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.widgets.fields import (
    Choice,
    Parameter,
    RealField,
    Scale,
    WholeField,
    figure,
    label,
    reset_button,
    thousands,
)
from ebm_studio.core.specs import MAX_STEPS, ShortRun
from ebm_studio.data.models.card import Card
from ebm_studio.engine.jobs.chains import ModelReady


class HasRun(Protocol):
    """What has a `ShortRun`."""

    @property
    def run(self) -> ShortRun: ...


class HasShortRun(Protocol):
    """Whatever observable has a short run to set, and a model with its own."""

    @property
    def parameters(self) -> HasRun: ...
    @property
    def model(self) -> ModelReady | None: ...
    @property
    def parameters_changed(self) -> SignalInstance: ...
    def change_run(self, **changes: Any) -> None: ...


class Panel(QWidget):
    """A titled group."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(UNIT + UNIT // 2)
        self.title = QHBoxLayout()
        self.title.addWidget(label(title.upper(), "section"))
        self.title.addStretch(1)
        self.column.addLayout(self.title)


class ShortRunPanel(Panel):
    """K, step size, noise scale, and the temperature they imply."""

    def __init__(self, theme: Theme, state: HasShortRun) -> None:
        super().__init__("Short run")
        self._state = state
        self.steps = Parameter(
            theme, "Steps K",
            WholeField(1, MAX_STEPS, "Steps K", "K, how many Langevin steps lead from noise to image."),
            Scale(1, 400, ratio=True),
        )  # fmt: skip
        self.step_size = Parameter(
            theme, "Step size s",
            RealField(1e-6, 1e3, "Step size s", "s, the factor before the energy's gradient in a step."),
            Scale(1e-2, 1e2, ratio=True),
        )  # fmt: skip
        self.noise_scale = Parameter(
            theme, "Noise scale τ",
            RealField(0, 10, "Noise scale τ", "τ, the standard deviation of the noise u that each step adds."),
            Scale(1e-4, 1, ratio=True, zero=True),
        )  # fmt: skip
        self.noise_steps = Parameter(
            theme, "Noise until step n",
            WholeField(0, MAX_STEPS, "Noise until step n", "n, only the first n steps add noise; then it settles."),
            Scale(0, 1),
        )  # fmt: skip
        self.steps.edited.connect(lambda value: state.change_run(steps=round(value)))
        self.step_size.edited.connect(lambda value: state.change_run(step_size=value))
        self.noise_scale.edited.connect(lambda value: state.change_run(noise_scale=float(value)))
        self.noise_steps.edited.connect(self._take_noise_steps)
        for widget in (self.steps, self.step_size, self.noise_scale, self.noise_steps):
            self.column.addWidget(widget)
        self.temperature = figure_line(
            self.column, "Temperature", "T = τ² / 2s, at which the step is Langevin dynamics on E / T."
        )
        state.parameters_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        run, model = self._state.parameters.run, self._state.model
        own = model.card.short_run if model else None
        self.steps.set_value(run.steps, own.steps if own else None)
        self.step_size.set_value(run.step_size, own.step_size if own else None)
        self.noise_scale.set_value(run.noise_scale, own.noise_scale if own else None)
        own_steps = own.noise_steps if own else None
        self.noise_steps.set_range(0, run.steps)
        self.noise_steps.set_value(
            run.steps if run.noise_steps is None else min(run.noise_steps, run.steps),
            run.steps if own_steps is None else own_steps,
        )
        self.temperature.setText(figure(run.temperature))

    def _take_noise_steps(self, value: float) -> None:
        steps = round(value)
        self._state.change_run(noise_steps=None if steps >= self._state.parameters.run.steps else steps)


class StartPanel(Panel):
    """The start distribution p0."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__("Start noise")
        self._state = state
        self.start = Choice(
            [
                ("uniform", "Uniform", "p₀ is uniform on [−1, 1]."),
                ("gaussian", "Gaussian", "p₀ is the standard normal."),
            ],
            "Start distribution",
        )
        self.reset = reset_button(theme, "Reset the start distribution")
        self.reset.clicked.connect(self._reset)
        self.title.addWidget(self.reset)
        self.column.setSpacing(UNIT // 2)  # the button makes the title's line higher
        self.start.chosen.connect(lambda start: state.change_run(start=start))
        self.column.addWidget(self.start)
        state.parameters_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        start, model = self._state.parameters.run.start, self._state.model
        self.start.set_value(start)
        self.reset.setVisible(model is not None and start != model.card.short_run.start)

    def _reset(self) -> None:
        if self._state.model is not None:
            self._state.change_run(start=self._state.model.card.short_run.start)


class ViewPanel(Panel):
    """What of a step the canvas shows."""

    def __init__(self, state: GenerateState) -> None:
        super().__init__("View")
        self._state = state
        self.view = Choice(
            [
                ("state", "State", "x, the chain's state as it is."),
                ("mean", "Without noise", "x without the noise u that the last step added."),
            ],
            "View",
        )
        self.view.chosen.connect(state.set_view)
        self.column.addWidget(self.view)
        self.pixels = Choice(
            [
                ("crisp", "Crisp", "Pixels stay square: at whole zooms only."),
                ("smooth", "Smooth", "Pixels flow into each other, at any zoom."),
            ],
            "Pixels",
        )
        self.pixels.chosen.connect(lambda pixels: state.set_smooth(pixels == "smooth"))
        self.column.addWidget(self.pixels)
        state.view_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.view.set_value(self._state.view)
        self.pixels.set_value("smooth" if self._state.smooth else "crisp")


class ModelPanel(Panel):
    """What the model's card says."""

    def __init__(self, state: GenerateState) -> None:
        super().__init__("Model")
        self._state = state
        self._figures = {
            name: figure_line(self.column, name, tip)
            for name, tip in (
                ("Data", "What the model learned from."),
                ("Pictures", "Size and colours of a picture."),
                ("Net", "Width n<sub>f</sub> of the first layer, and the activation."),
                ("Trained K", "The number of steps that the model was trained with."),
                ("Updates", "Parameter updates of Algorithm 1."),
                ("Energy difference d", "E(data) − E(samples) at the end of training: healthy about 0."),
                ("Gradient magnitude v", "Mean length of the gradient part of a step at the end of training."),
            )
        }
        state.model_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        model = self._state.model
        for name, text in (_facts(model.card) if model else dict.fromkeys(self._figures, "–")).items():
            self._figures[name].setText(text)


def _facts(card: Card) -> dict[str, str]:
    return {
        "Data": card.data.name,
        "Pictures": f"{card.net.size} × {card.net.size}, {'grey' if card.net.channels == 1 else 'colour'}",
        "Net": f"n<sub>f</sub> {card.net.width}, {'LeakyReLU' if card.net.activation == 'leaky_relu' else 'SiLU'}",
        "Trained K": str(card.short_run.steps),
        "Updates": thousands(card.updates) if card.updates else "–",
        "Energy difference d": f"{card.health.d:+.2f}".replace("-", "−") if card.health else "–",
        "Gradient magnitude v": f"{card.health.v:.2f}" if card.health else "–",
    }


def figure_line(column: QVBoxLayout, name: str, tip: str) -> QLabel:
    """A line with a name and a figure that cannot be edited; returns the figure's label."""
    line = QWidget(toolTip=tip)
    grid = QGridLayout(line)
    grid.setContentsMargins(0, 0, 0, 0)
    value = label("–")
    value.setAlignment(Qt.AlignmentFlag.AlignRight)
    value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    value.setAccessibleName(name)
    grid.addWidget(label(name, "muted"), 0, 0)
    grid.addWidget(value, 0, 1)
    grid.setColumnStretch(1, 1)
    column.addWidget(line)
    return value


class PanelColumn(QScrollArea):
    """Panels one under another, scrolled where the window is low."""

    def __init__(self, top: int = 2 * UNIT) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        body.setObjectName("inspector_body")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(2 * UNIT, top, 2 * UNIT, 2 * UNIT)
        self._column.setSpacing(3 * UNIT)
        self._column.addStretch(1)
        self.setWidget(body)

    def stack(self, *panels: QWidget) -> None:
        """Put these panels below those that are there."""
        for panel in panels:
            self._column.insertWidget(self._column.count() - 1, panel)


class Settings(PanelColumn):
    """The Generate page's panels."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__(top=UNIT)
        self.short_run = ShortRunPanel(theme, state)
        self.start = StartPanel(theme, state)
        self.view = ViewPanel(state)
        self.model = ModelPanel(state)
        self.stack(self.short_run, self.start, self.view, self.model)


class Inspector(QWidget):
    """The right column: the settings of the run, or the runs that were."""

    def __init__(self, theme: Theme, state: GenerateState, history: History) -> None:
        super().__init__()
        self.setObjectName("inspector")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(30 * UNIT)
        self.choice = Choice(
            [
                ("settings", "Settings", "What steers the chains."),
                ("history", "History", "The runs that were, to be restored."),
            ],
            "Inspector",
        )
        self.choice.chosen.connect(self.show_side)
        self.settings = Settings(theme, state)
        self.history = HistoryPanel(theme, history, state)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.settings)
        self._stack.addWidget(self.history)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT + UNIT // 4, 0, 0)
        column.setSpacing(UNIT)
        head = QHBoxLayout()
        head.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        head.addWidget(self.choice)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        self.show_side("settings")

    def show_side(self, side: str) -> None:
        """Show the `settings` or the `history`."""
        self.choice.set_value(side)
        self._stack.setCurrentWidget(self.history if side == "history" else self.settings)
