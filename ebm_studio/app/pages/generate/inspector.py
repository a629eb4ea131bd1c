"""The right column of the Generate page."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.generate.history import History
from ebm_studio.app.pages.generate.history_panel import HistoryPanel
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.widgets.fields import Choice, label, reset_button
from ebm_studio.app.widgets.formatting import NETWORK_TIP, network_text, start_choices, thousands
from ebm_studio.app.widgets.panels import Panel, PanelColumn, figure_line
from ebm_studio.app.widgets.short_run_panel import ShortRunPanel
from ebm_studio.core.specs import MAX_STEPS
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.card_text import data_title

PAST = (
    "Past the trained K the energy usually keeps falling, contrast grows, and pictures over-saturate. The short run "
    "has not converged, and the paper does not expect it to."
)


class PastPanel(Panel):
    """The same chains far past the K of training, and what one sees there."""

    diagnosis_wanted = Signal()

    def __init__(self, state: GenerateState) -> None:
        super().__init__("Past K")
        self._state = state
        self.buttons = {
            times: self._button(text, times, tip)
            for times, text, tip in (
                (1, "K", "Reset to the K that the model was trained with."),
                (10, "10 K", "Continue the chains to ten times the trained K."),
                (
                    100,
                    "100 K",
                    "Continue the chains to a hundred times the trained K, or to the longest chain possible.",
                ),
            )
        }
        row = QHBoxLayout()
        row.setSpacing(UNIT // 2)
        for button in self.buttons.values():
            row.addWidget(button, 1)
        self.text = label(PAST, "small")
        self.text.setWordWrap(True)
        self.diagnose = QPushButton("Measure it on Diagnose")
        self.diagnose.setObjectName("quiet")
        self.diagnose.setToolTip("Go to the card that measures how these chains continue.")
        self.diagnose.clicked.connect(self.diagnosis_wanted)
        self.column.addLayout(row)
        self.column.addWidget(self.text)
        self.column.addWidget(self.diagnose, 0, Qt.AlignmentFlag.AlignLeft)
        for signal in (state.parameters_changed, state.model_changed):
            signal.connect(self._show)
        self._show()

    def _button(self, text: str, times: int, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda: self._state.run_steps(times * self._own))
        return button

    @property
    def _own(self) -> int:
        """The trained K."""
        model = self._state.model
        return model.card.short_run.steps if model else self._state.parameters.run.steps

    def _show(self) -> None:
        steps, own = self._state.parameters.run.steps, self._own
        for times, button in self.buttons.items():
            button.setEnabled(self._state.model is not None and steps != min(times * own, MAX_STEPS))
        for widget in (self.text, self.diagnose):
            widget.setVisible(steps > own)


class StartPanel(Panel):
    """The start distribution p0."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__("Start noise")
        self._state = state
        self.start = Choice(start_choices(), "Start distribution")
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
                ("state", "As sampled", "x, the state of the chain."),
                ("mean", "Last noise removed", "x without the noise u of the last step."),
            ],
            "View",
        )
        self.view.chosen.connect(state.set_view)
        self.column.addWidget(self.view)
        self.pixels = Choice(
            [
                ("crisp", "Crisp", "Pixels stay square. Only whole zoom factors."),
                ("smooth", "Smooth", "Pixels are blended. Any zoom factor."),
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
                ("Data", "The model's training set."),
                ("Pictures", "Size and colour of a picture."),
                ("Network", NETWORK_TIP),
                ("Trained K", "The number of steps that the model was trained with."),
                ("Updates", "Updates of the weights by Algorithm 1."),
                (
                    "Energy difference d",
                    "E(training pictures) − E(samples), at the end of training. Near 0 is healthy.",
                ),
                ("Gradient step length v", "v = s·‖∂E/∂x‖, its mean over steps and chains at the end of training."),
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
        "Data": data_title(card.data),
        "Pictures": f"{card.net.size} × {card.net.size}, {'grey' if card.net.channels == 1 else 'colour'}",
        "Network": network_text(card.net),
        "Trained K": str(card.short_run.steps),
        "Updates": thousands(card.updates) if card.updates else "–",
        "Energy difference d": f"{card.health.d:+.2f}".replace("-", "−") if card.health else "–",
        "Gradient step length v": f"{card.health.v:.2f}" if card.health else "–",
    }


class Settings(PanelColumn):
    """The Generate page's panels."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__(top=UNIT)
        self.short_run = ShortRunPanel(theme, state)
        self.past = PastPanel(state)
        self.start = StartPanel(theme, state)
        self.view = ViewPanel(state)
        self.model = ModelPanel(state)
        self.stack(self.short_run, self.past, self.start, self.view, self.model)


class Inspector(QWidget):
    """The right column: the settings of the run, or the runs that were."""

    def __init__(self, theme: Theme, state: GenerateState, history: History) -> None:
        super().__init__()
        self.setObjectName("inspector")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.choice = Choice(
            [
                ("settings", "Settings", "The settings of the chains."),
                ("history", "History", "Earlier runs, which you can restore."),
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

    def show_side(self, side: Literal["settings", "history"]) -> None:
        """Show the `settings` or the `history`."""
        self.choice.set_value(side)
        self._stack.setCurrentWidget(self.history if side == "history" else self.settings)
