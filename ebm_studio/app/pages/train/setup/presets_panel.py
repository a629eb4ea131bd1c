"""Presets for training, each with the time that it takes on this machine."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.train.setup.draft import preset_of
from ebm_studio.app.pages.train.setup.estimate_text import in_all, tip
from ebm_studio.app.pages.train.setup.state import TrainSetup
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.panels import Panel
from ebm_studio.data.training.presets import PRESETS, Preset


class PresetButton(QPushButton):
    """One preset: its name, its time, what to expect."""

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.setObjectName("preset")
        self.setCheckable(True)
        self.setAccessibleName(preset.name)
        self.setToolTip(preset.text)
        self.preset = preset
        self.time = label("", "value")
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        text = label(preset.text, "small")
        text.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(label(preset.name))
        head.addStretch(1)
        head.addWidget(self.time)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(UNIT + UNIT // 2, UNIT, UNIT + UNIT // 2, UNIT)
        self._column.setSpacing(UNIT // 2)
        self._column.addLayout(head)
        self._column.addWidget(text)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        return QSize(30 * UNIT, self.heightForWidth(30 * UNIT))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._column.totalHeightForWidth(width)


class PresetsPanel(Panel):
    """The presets, the chosen one marked; "edited" when anything is set otherwise."""

    def __init__(self, theme: Theme, setup: TrainSetup) -> None:
        super().__init__("Preset")
        self._setup = setup
        self.edited = label("edited", "tag")
        self.edited.setToolTip("Some settings differ from the preset. Click the preset to reset them.")
        self.title.addWidget(self.edited)
        self.buttons = [PresetButton(preset) for preset in PRESETS]
        group = QWidget()
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for button in self.buttons:
            button.clicked.connect(lambda _=False, preset=button.preset: self._choose(preset))
            column.addWidget(button)
        self.column.addWidget(group)
        setup.changed.connect(self._show)
        setup.estimate_changed.connect(self._show)
        self._show()

    def _choose(self, preset: Preset) -> None:
        self._setup.set_preset(preset)
        self._show()  # a click on the chosen one must not take the mark away

    def _show(self) -> None:
        draft = self._setup.draft
        self.edited.setVisible(draft.edited)
        for button in self.buttons:
            chosen = button.preset == preset_of(draft.preset)
            button.setChecked(chosen)
            button.time.setText(in_all(self._setup, self._setup.seconds_of(button.preset)))
            button.time.setToolTip(tip(self._setup))
