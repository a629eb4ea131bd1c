"""Which model is open, and the ways to open another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMenu, QPushButton, QWidget, QWidgetAction

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import elided
from ebm_studio.app.widgets.names import in_tip, on_button, printable
from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.models.card import SUFFIX, NoCardError, bundled_models, read_card, user_models
from ebm_studio.data.models.card_text import data_title
from ebm_studio.data.storage.hub import PREFIX, is_hub_name
from ebm_studio.engine.jobs.chains import ModelReady

RECENT = 8  # files in the menu at most
WIDTH = 18 * UNIT
"""Of a name at most."""
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
    @property
    def recent(self) -> list[str]: ...
    def open_model(self, name: str) -> None: ...


class ModelChooser(QPushButton):
    """The bundled models, a person's own and recent ones, each with a line from its card; and any file."""

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
        self.choices.setToolTipsVisible(True)
        self.choices.aboutToShow.connect(self._fill)
        self.setMenu(self.choices)
        state.model_changed.connect(self._show)
        theme.changed.connect(self.update)
        self._show()

    def open_file(self) -> None:
        """Ask for a model file and open it."""
        if name := choose_model_file(self):
            self._state.open_model(name)

    def _fill(self) -> None:
        self.choices.clear()
        self.choices.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        bundled, own = bundled_models(), user_models()
        others = [name for name in self._state.recent if Path(name) not in (*bundled, *own)][:RECENT]
        recent = [(Path(name), name) for name in others if is_hub_name(name) or os.path.isfile(name)]
        for models in ([(path, path.stem) for path in bundled], [(path, str(path)) for path in own], recent):
            for path, name in models:
                title, summary = _told(path)
                action = self.choices.addAction(f"{on_button(title)}\t{on_button(summary)}")
                action.setToolTip(in_tip(name))
                action.triggered.connect(lambda _=False, name=name: self._state.open_model(name))
            if models:
                self.choices.addSeparator()
        self.choices.addAction(self._theme.icon("open"), "Open a model file…", self.open_file)
        self.choices.addAction(self._hub_line())

    def _hub_line(self) -> QWidgetAction:
        """A line of the menu to type a name on the hub into."""
        field = QLineEdit()
        field.setObjectName("text")
        field.setAccessibleName("Model on the hub")
        field.setPlaceholderText("or from the hub: hf:owner/name")
        field.setToolTip(
            "A model on the Hugging Face hub: type hf:owner/name or hf:owner/name/file, then press Return."
        )
        field.returnPressed.connect(lambda: self._open_from_hub(field.text().strip()))
        line = QWidgetAction(self.choices)
        line.setDefaultWidget(field)
        return line

    def _open_from_hub(self, name: str) -> None:
        self.choices.close()
        if name:
            self._state.open_model(name if is_hub_name(name) else PREFIX + name)

    def _show(self) -> None:
        if self._state.model is not None:
            name = self._state.model.card.name
            self.setText(elided(self, printable(name), WIDTH).replace("&", "&&"))
            self.setToolTip(in_tip(f"{name}: the model whose energy the chains descend."))


def _told(path: Path) -> tuple[str, str]:
    """What a model is called, as on its card, and a line about it."""
    if is_hub_name(str(path)):
        return path.stem, "from the hub"
    if path.suffix.lower() != SUFFIX:
        return path.stem, "from another program"
    try:
        card = read_card(path)
    except NoCardError:
        return path.stem, "from another program"
    except CheckpointError:
        return path.stem, "damaged"
    return card.name, f"{data_title(card.data)}, {card.net.size} × {card.net.size}, K {card.short_run.steps}"
