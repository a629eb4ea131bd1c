"""Which weights a run starts from: random ones, or those of a model."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy

from ebm_studio.app.widgets.model_chooser import choose_model_file
from ebm_studio.data.models.card import bundled_models, user_models

FILE = "a file"


class OriginBox(QComboBox):
    """Random weights, the models there are, and any file; `chosen` is by hand only."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Start with")
        self.setToolTip(
            "The weights that training starts with: random ones, or those of a model. "
            "The network and the short run come from that model. The network may be larger: twice the image size (with "
            "half, the same or twice the width), or twice the width. For twice the size use a very small learning "
            "rate: 2e-6 worked for faces32."
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # whatever names the models have
        self._origin = ""
        self._fill()
        self.activated.connect(self._choose)

    def set_origin(self, origin: str) -> None:
        """Show another one."""
        self._origin = origin
        self._fill()

    def showPopup(self) -> None:
        self._fill()  # there may be new models
        super().showPopup()

    def _fill(self) -> None:
        self.clear()
        self.addItem("Random weights", "")
        for path in bundled_models():
            self.addItem(path.stem, path.stem)
        for path in user_models():
            self.addItem(path.stem, str(path))
        if self.findData(self._origin) < 0:
            self.addItem(Path(self._origin).stem, self._origin)
        self.insertSeparator(self.count())
        self.addItem("Choose a model file…", FILE)
        self.setCurrentIndex(self.findData(self._origin))

    def _choose(self, index: int) -> None:
        chosen = str(self.itemData(index))
        if chosen == FILE:
            chosen = choose_model_file(self) or self._origin
        self.set_origin(chosen)
        self.chosen.emit(chosen)
