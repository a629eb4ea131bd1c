"""The seed and the number of chains, as fields."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.studio.chains import ChainsState
from ebm_studio.app.widgets.fields import SeedField, WholeField, button, label
from ebm_studio.core.specs import MAX_CHAINS, MAX_SEED


class ChainsFields(QWidget):
    """Seed and number of the chains."""

    def __init__(self, theme: Theme, state: ChainsState, seed_tip: str, count_tip: str) -> None:
        super().__init__()
        self._state = state
        self.seed = SeedField(MAX_SEED, "Seed", seed_tip)
        self.seed.edited.connect(lambda seed: state.change(seed=seed))
        self.previous = button(theme, "previous", "Previous seed", "The previous seed.", lambda: state.next_seed(-1))
        self.next = button(theme, "next", "Next seed", "The next seed.", lambda: state.next_seed(1))
        self.random = button(theme, "dice", "Random seed", "A random seed (R).", state.random_seed)
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
