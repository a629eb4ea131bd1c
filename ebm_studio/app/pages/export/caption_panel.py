"""What is written under each frame."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from ebm_studio.app.pages.export.parts import switch
from ebm_studio.app.pages.export.state import ExportState
from ebm_studio.app.widgets.panels import Panel
from ebm_studio.data.exports.frames import MAX_LETTERS
from ebm_studio.data.exports.recipe import OfModels


class CaptionPanel(Panel):
    """Step and energy, the model's name, and a line of one's own."""

    def __init__(self, state: ExportState) -> None:
        super().__init__("Captions")
        self._state = state
        self.captions = switch("Captions", "Step, energy, ρ or update under each frame.", "Numbers", "No numbers")
        self.named = switch("Model name", "The model's name under each frame.", "Model name", "No name")
        self.text = QLineEdit()
        self.text.setAccessibleName("Your own caption")
        self.text.setPlaceholderText("Your own caption")
        self.text.setToolTip("A line of your own under each frame.")
        self.text.setMaxLength(MAX_LETTERS)
        for widget in (self.captions, self.named, self.text):
            self.column.addWidget(widget)
        self.captions.chosen.connect(lambda value: state.change(captions=value == "on"))
        self.named.chosen.connect(lambda value: state.set_caption(named=value == "on"))
        self.text.textChanged.connect(lambda text: state.set_caption(text))
        state.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        state = self._state
        self.captions.setVisible(state.thing is not None and any(frame.caption for frame in state.thing.frames))
        self.named.setVisible(state.thing is not None and isinstance(state.thing.recipe, OfModels))
        self.captions.set_value("on" if state.look.captions else "off")
        self.named.set_value("on" if state.named else "off")
