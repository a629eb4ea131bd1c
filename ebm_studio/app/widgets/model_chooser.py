"""Above the canvas: which model, which seed, how many chains."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.studio.chains import ChainsState
from ebm_studio.app.widgets.fields import SeedField, WholeField, button, label
from ebm_studio.core.errors import CheckpointError
from ebm_studio.core.specs import MAX_CHAINS, MAX_SEED
from ebm_studio.data.models.card import bundled_models, read_card, user_models
from ebm_studio.engine.jobs.chains import ModelReady

FILTER = "Models (*.safetensors *.pt *.pth *.ckpt *.bin);;All files (*)"


def choose_model_file(parent: QWidget) -> str:
    """Ask for a model file; empty when the person thought better of it."""
    name, _ = QFileDialog.getOpenFileName(parent, "Open a model", "", FILTER)
    return name


class HasModel(Protocol):
    """Whatever observable runs a model."""

    @property
    def model(self) -> ModelReady | None: ...
    @property
    def model_changed(self) -> SignalInstance: ...
    def open_model(self, name: str) -> None: ...


class ModelChooser(QPushButton):
    """The bundled models, each with a line from its card, and any file."""

    def __init__(self, theme: Theme, state: HasModel) -> None:
        super().__init__("No model")
        self.setObjectName("model")
        self._theme = theme
        self._state = state
        self.setAccessibleName("Model")
        self.setToolTip("The model whose energy the chains descend.")
        self.setIcon(theme.icon("down"))
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow after the name
        self.choices = QMenu(self)
        self.choices.aboutToShow.connect(self._fill)
        self.setMenu(self.choices)
        state.model_changed.connect(self._show)
        theme.changed.connect(self.update)

    def open_file(self) -> None:
        """Ask for a model file and open it."""
        if name := choose_model_file(self):
            self._state.open_model(name)

    def _fill(self) -> None:
        self.choices.clear()
        self.choices.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        for models in ([(path, path.stem) for path in bundled_models()], [(path, str(path)) for path in user_models()]):
            for path, name in models:
                action = self.choices.addAction(f"{path.stem}\t{_summary(path)}")
                action.triggered.connect(lambda _=False, name=name: self._state.open_model(name))
            if models:
                self.choices.addSeparator()
        self.choices.addAction(self._theme.icon("open"), "Open a model file…", self.open_file)

    def _show(self) -> None:
        if self._state.model is not None:
            self.setText(self._state.model.card.name)


def _summary(path: Path) -> str:
    try:
        card = read_card(path)
    except CheckpointError:
        return "damaged"
    return f"{card.data.name}, {card.net.size} × {card.net.size}, K {card.short_run.steps}"


class ChainsFields(QWidget):
    """Seed and number of the chains."""

    def __init__(self, theme: Theme, state: ChainsState, seed_tip: str, count_tip: str) -> None:
        super().__init__()
        self._state = state
        self.seed = SeedField(MAX_SEED, "Seed", seed_tip)
        self.seed.edited.connect(lambda seed: state.change(seed=seed))
        self.previous = button(theme, "previous", "Previous seed", "The seed before.", lambda: state.next_seed(-1))
        self.next = button(theme, "next", "Next seed", "The seed after.", lambda: state.next_seed(1))
        self.random = button(theme, "dice", "Random seed", "Another seed by chance (R).", state.random_seed)
        self.count = WholeField(1, MAX_CHAINS, "Chains", count_tip)
        self.count.setFixedWidth(7 * UNIT)
        self.count.valueChanged.connect(lambda count: state.change(count=count))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT // 2)
        row.addWidget(label("Seed", "muted"))
        row.addSpacing(UNIT // 2)
        for widget in (self.seed, self.previous, self.next, self.random):
            row.addWidget(widget)
        row.addSpacing(UNIT)
        row.addWidget(label("Chains", "muted"))
        row.addSpacing(UNIT // 2)
        row.addWidget(self.count)
        state.parameters_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.seed.set_value(self._state.parameters.seed)
        self.count.blockSignals(True)
        self.count.setValue(self._state.parameters.count)
        self.count.blockSignals(False)


class Header(QWidget):
    """Model, seed and count."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(6 * UNIT)
        self.model = ModelChooser(theme, state)
        chains = ChainsFields(theme, state, "Chain i of a seed is always the same.", "N, how many chains run together.")
        self.seed, self.count = chains.seed, chains.count
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(UNIT, 0, 2 * UNIT, 0)
        self._row.addWidget(self.model)
        self._row.addStretch(1)
        self._row.addWidget(chains)

    def add(self, widget: QWidget) -> None:
        """Put something beside the model."""
        self._row.insertWidget(1, widget)
