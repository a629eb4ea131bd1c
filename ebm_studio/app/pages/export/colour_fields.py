"""How a GIF gets by with 256 colours."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ebm_studio.app.pages.export.parts import named
from ebm_studio.app.pages.export.state import ExportState
from ebm_studio.app.widgets.fields import Choice


class ColourFields(QWidget):
    """Palette and dithering; hidden for formats that have all colours."""

    def __init__(self, state: ExportState) -> None:
        super().__init__()
        self._state = state
        self.palette_ = Choice(
            [
                (
                    "shared",
                    "Shared palette",
                    "256 colours for all frames. Still parts do not flicker, and the file is small.",
                ),
                (
                    "own",
                    "One palette per frame",
                    "256 colours for each frame. More accurate for films of a single picture.",
                ),
            ],
            "Palette",
        )
        self.dither = Choice(
            [
                ("none", "None", "Use the nearest colour."),
                ("ordered", "Ordered", "Use a fixed pattern, which does not flicker."),
                ("diffusion", "Diffusion", "Best for a still picture; flickers slightly in a film."),
            ],
            "Dithering",
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(named(("Palette", self.palette_), ("Dithering", self.dither), below=True))
        self.palette_.chosen.connect(lambda value: state.change(palette=value))
        self.dither.chosen.connect(lambda value: state.change(dither=value))
        state.changed.connect(self._show)

    def _show(self) -> None:
        self.palette_.set_value(self._state.look.palette)
        self.dither.set_value(self._state.look.dither)
        self.setVisible(self._state.kind == "gif")
