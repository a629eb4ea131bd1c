"""The settings of a short run."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import SignalInstance

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.studio.parameters import NOISE_SCALE, NOISE_STEPS, SETTLE, STEP_SIZE, STEPS
from ebm_studio.app.widgets.fields import Parameter
from ebm_studio.app.widgets.formatting import figure
from ebm_studio.app.widgets.panels import Panel, figure_line
from ebm_studio.core.specs import ShortRun
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


class ShortRunPanel(Panel):
    """K, step size, noise scale, and the temperature they imply."""

    def __init__(self, theme: Theme, state: HasShortRun) -> None:
        super().__init__("Short run")
        self._state = state
        self.steps = Parameter.of(theme, STEPS)
        self.step_size = Parameter.of(theme, STEP_SIZE)
        self.noise_scale = Parameter.of(theme, NOISE_SCALE)
        self.noise_steps = Parameter.of(theme, NOISE_STEPS)
        self.settle = Parameter.of(theme, SETTLE)
        self.steps.edited.connect(lambda value: state.change_run(steps=round(value)))
        self.step_size.edited.connect(lambda value: state.change_run(step_size=value))
        self.noise_scale.edited.connect(lambda value: state.change_run(noise_scale=float(value)))
        self.noise_steps.edited.connect(self._take_noise_steps)
        self.settle.edited.connect(lambda value: state.change_run(settle=round(value)))
        for widget in (self.steps, self.step_size, self.noise_scale, self.noise_steps, self.settle):
            self.column.addWidget(widget)
        self.temperature = figure_line(
            self.column, "Temperature", "T = τ² / 2s. With it, a step is Langevin dynamics on E / T."
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
        self.settle.set_range(0, run.steps)
        self.settle.set_value(min(run.settle, run.steps), own.settle if own else None)
        self.temperature.setText(figure(run.temperature))

    def _take_noise_steps(self, value: float) -> None:
        steps = round(value)
        self._state.change_run(noise_steps=None if steps >= self._state.parameters.run.steps else steps)
