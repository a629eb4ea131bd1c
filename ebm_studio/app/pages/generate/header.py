"""The line above the canvas: model, seed, chains."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.widgets.chains_fields import ChainsFields
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.app.widgets.page_header import PageHeader


class Header(PageHeader):
    """Model, seed and count."""

    def __init__(self, theme: Theme, state: GenerateState) -> None:
        super().__init__()
        self.model = ModelChooser(theme, state.open)
        chains = ChainsFields(theme, state, "Chain i of a seed is always the same.", "N, the number of chains.")
        self.seed, self.count = chains.seed, chains.count
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(UNIT, 0, 2 * UNIT, 0)
        self._row.addWidget(self.model)
        self._row.addStretch(1)
        self._row.addWidget(chains)

    def add(self, widget: QWidget) -> None:
        """Put something beside the model."""
        self._row.insertWidget(1, widget)
