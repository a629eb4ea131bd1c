"""Two ways to export that need no thought: for slides, and for the web."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.export.room import scale_for
from ebm_studio.app.pages.export.state import ExportState
from ebm_studio.data.exports.encoders import Kind
from ebm_studio.data.exports.frames import MAX_SCALE


@dataclass(frozen=True)
class Preset:
    """A format and a look for a purpose."""

    title: str
    tip: str
    film: Kind
    still: Kind
    side: int
    """Pixels that a frame is long at most."""
    look: dict[str, Any] = field(default_factory=dict)


PRESETS = (
    Preset(
        "For slides", "Large, with captions; rests on the last image. A GIF plays in every slide program.",
        "gif", "png", 1080, {"captions": True, "loop": True, "hold_first": 0.5, "hold_last": 2.0},
    ),
    Preset(
        "For the web", "Small to load: a WebP that loops, without captions.",
        "webp", "webp", 512, {"captions": False, "loop": True, "hold_first": 0.0, "hold_last": 1.0},
    ),
)  # fmt: skip


class PresetButtons(QWidget):
    """One button for each preset."""

    def __init__(self, state: ExportState) -> None:
        super().__init__()
        self._state = state
        self.buttons = [self._button(preset) for preset in PRESETS]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        for button in self.buttons:
            row.addWidget(button, 1)

    def _button(self, preset: Preset) -> QPushButton:
        button = QPushButton(preset.title)
        button.setToolTip(preset.tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self._use(preset))
        return button

    def _use(self, preset: Preset) -> None:
        state = self._state
        if state.thing is not None:
            state.set_kind(preset.still if state.is_still else preset.film)
            state.change(**preset.look)
            state.change(scale=scale_for(state.thing, state.look, preset.side, MAX_SCALE))
