"""The Generate page: chains from noise, with everything that steers them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.generate import canvas, history_panel
from ebm_studio.app.pages.generate.canvas import Canvas
from ebm_studio.app.pages.generate.exports import of_chains
from ebm_studio.app.pages.generate.header import Header
from ebm_studio.app.pages.generate.inspector import Inspector
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.studio import Desk
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.splitter import remember_split, restore_split, splitter
from ebm_studio.app.widgets.timeline import Timeline, act_playback
from ebm_studio.data.storage.settings import Settings


class GeneratePage(Page):
    """Canvas in the middle, inspector on the right, timeline below."""

    key = "generate"
    title = "Generate"
    tip = "Generate: chains from noise to image."
    controls = (("on the pictures", canvas.HELP), ("in the history", history_panel.HELP))

    def __init__(self, theme: Theme, state: GenerateState, desk: Desk) -> None:
        super().__init__()
        self._state = state
        self.header = Header(theme, state)
        self.banner = Banner(theme, state)
        self.canvas = Canvas(theme, state, desk.shelf)
        self.timeline = Timeline(theme, state)
        self.inspector = Inspector(theme, state, desk.history)

        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.header, self.banner):
            column.addWidget(widget)
        column.addWidget(self.canvas, 1)
        self._left = splitter(Qt.Orientation.Vertical, top, self.timeline, (600, 20 * UNIT))
        self._whole = splitter(Qt.Orientation.Horizontal, self._left, self.inspector, (960, 34 * UNIT))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._whole)
        self._add_actions()

    def _add_actions(self) -> None:
        state = self._state
        act_playback(self, state.playback)
        act(self, "Random seed", state.random_seed, Qt.Key.Key_R)
        act(self, "All chains, or cancel what runs", self._escape, Qt.Key.Key_Escape)
        canvas = self.canvas
        act(self, "Keep the chain on the shelf", canvas.keep, Qt.Key.Key_K)
        act(self, "Use the chain as A", lambda: canvas.use_as("A"), Qt.Key.Key_A)
        act(self, "Use the chain as B", lambda: canvas.use_as("B"), Qt.Key.Key_B)
        act(self, "Run longer", state.run_longer, Qt.Key.Key_L)
        act(self, "Select the next chain", lambda: state.select_next(1), Qt.Key.Key_Down)
        act(self, "Select the previous chain", lambda: state.select_next(-1), Qt.Key.Key_Up)
        act(self, "Enlarge the chain, or show all", self._enlarge, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        act(self, "Copy the chain's image", canvas.copy, "Ctrl+C")
        act(self, "Show the history", lambda: self.inspector.show_side("history"), Qt.Key.Key_H)
        act(self, "Show the settings", lambda: self.inspector.show_side("settings"), Qt.Key.Key_S)
        act(self, "Zoom in", lambda: canvas.zoom_by(1), Qt.Key.Key_Plus, Qt.Key.Key_Equal)
        act(self, "Zoom out", lambda: canvas.zoom_by(-1), Qt.Key.Key_Minus)
        act(self, "See everything", canvas.fit, Qt.Key.Key_0)

    def _escape(self) -> None:
        if self._state.enlarged is not None:
            self._state.enlarge(None)
        else:
            self._state.cancel()

    def _enlarge(self) -> None:
        self._state.enlarge(None if self._state.enlarged is not None else self.canvas.chain)

    def focus_first(self) -> None:
        self.canvas.setFocus()

    def exportables(self) -> list[Exportable]:
        return of_chains(self._state)

    def remember(self, settings: Settings) -> None:
        """Write where the splitters are."""
        remember_split(settings, "generate/left", self._left)
        remember_split(settings, "generate/whole", self._whole)

    def restore(self, settings: Settings) -> None:
        """Put the splitters where they were."""
        for name, held in (("left", self._left), ("whole", self._whole)):
            restore_split(settings, f"generate/{name}", held)
