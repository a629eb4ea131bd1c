"""The Landscape page: the energy, the data and the chains in two dimensions, live."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.landscape.exports import of_landscape
from ebm_studio.app.pages.landscape.header import Header
from ebm_studio.app.pages.landscape.panels import Inspector
from ebm_studio.app.pages.landscape.setup import READY
from ebm_studio.app.pages.landscape.state import LandscapeState
from ebm_studio.app.pages.landscape.views import Views
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.openers import Opener
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.app.widgets.timeline import Timeline, act_playback
from ebm_studio.data.exports.recipe import LandscapeRecipe
from ebm_studio.data.models.card import SUFFIX, is_landscape_card
from ebm_studio.data.pictures.pictures import is_picture
from ebm_studio.data.points.commands import command_of
from ebm_studio.data.points.sources import POINT_FILES
from ebm_studio.engine.jobs.exports import Opened, OpenedLandscape


class LandscapeTimeline(Timeline):
    """The timeline of the visible chains, with the curves of training beside theirs."""

    def __init__(self, theme: Theme, state: LandscapeState) -> None:
        self._landscape = state
        super().__init__(theme, state)

    def make_plots(self) -> QWidget:
        """See `Timeline.make_plots`."""
        from ebm_studio.app.pages.landscape.plots import LandscapePlots

        return LandscapePlots(self._theme, self._landscape)


class LandscapePage(Page):
    """Three views above a timeline, with all controls on the right."""

    key = "landscape"
    title = "Landscape"
    tip = "Landscape: energy, data and chains in the plane, live."
    restores = (LandscapeRecipe,)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.state = state = LandscapeState(studio.link, studio.undo, self)
        self.header = Header(theme, state)
        self.stage = self.views = Views(theme, state)
        self.timeline = LandscapeTimeline(theme, state)
        self.inspector = Inspector(theme, state, self.views)
        self._has_begun = False
        self._lay_out(theme)
        self._add_actions()

    def _lay_out(self, theme: Theme) -> None:
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.views, 1)
        Banner(theme, self.state).lie_over(self.views)
        left = splitter(Qt.Orientation.Vertical, top, self.timeline, (560, 24 * UNIT))
        whole = splitter(Qt.Orientation.Horizontal, left, self.inspector, (960, 34 * UNIT))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(whole)
        self.splitters = {"left": left, "whole": whole}

    def _add_actions(self) -> None:
        state = self.state
        act_playback(self, state.playback)
        act(self, "Train or pause", state.toggle, Qt.Key.Key_T)
        act(self, "One update", lambda: state.train(1), Qt.Key.Key_U)
        act(self, "Start over", state.start_over)
        act(self, "Pause, or cancel what runs", state.cancel, Qt.Key.Key_Escape)
        act(self, "Save the landscape", self._save)
        for ready in READY:
            act(self, f"Scene: {ready.name}", partial(state.choose, ready))

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the landscape", f"landscape{SUFFIX}", f"*{SUFFIX}")
        if name:
            self.state.save(Path(name).with_suffix(SUFFIX))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_begun:
            self._has_begun = True
            self.timeline.add_plots()
            self.state.look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.state.playback.pause()

    def openers(self) -> Iterable[Opener]:
        state = self.state
        return (
            Opener(is_landscape_card, self._open, "Open the landscape", page=self.key, first=True),
            Opener(_is_points, state.read_points, "Train a landscape on the points", page=self.key),
            Opener(self._takes_pictures, state.read_points, "Use the darkness as the data", page=self.key),
        )

    def _takes_pictures(self, path: Path) -> bool:
        return self.isVisible() and is_picture(path)

    def _open(self, files: list[Path]) -> None:
        self._has_begun = True
        self.state.open_files(files)

    def captions(self) -> tuple[Caption, ...]:
        views = self.views
        return (
            Caption(
                views.energy,
                "The energy, light where it is low. Chains walk downhill from noise in K steps.",
                ("E", "K"),
            ),
            Caption(views.density, "Where chains would settle in the long run: the energy's own density.", ("T",)),
            Caption(views.samples, "What the short run draws. Training makes this one look like the data.", ("z", "d")),
        )

    def exportables(self) -> list[Exportable]:
        return of_landscape(self.state)

    def restore_recipe(self, opened: Opened) -> None:
        assert isinstance(opened, OpenedLandscape)
        self.state.take(opened.landscape)

    def command(self) -> str:
        setup = self.state.setup
        return command_of(setup.scene, setup.count, setup.past)

    def session_parts(self) -> tuple[Part, ...]:
        state = self.state
        return (Part(self.key, state.to_dict, state.from_dict, (state.setup_changed, state.packed_changed)),)

    def shut(self) -> None:
        self.state.close()

    def focus_first(self) -> None:
        self.views.energy.setFocus()


def _is_points(path: Path) -> bool:
    return path.suffix.lower() in POINT_FILES
