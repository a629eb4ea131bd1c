"""The Interpolate page: paths between latents, their surface over the steps, and a pad of four."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.interpolate import pad, stops
from ebm_studio.app.pages.interpolate.exports import of_path
from ebm_studio.app.pages.interpolate.filmstrip import Filmstrip, SurfaceView
from ebm_studio.app.pages.interpolate.pad import BigPicture, Pad
from ebm_studio.app.pages.interpolate.panels import PathInspector
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.pages.interpolate.stops import Stops
from ebm_studio.app.pages.interpolate.timeline import PathTimeline
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.openers import Opener
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.tour_stop import Stop
from ebm_studio.app.studio.wishes import PlayPath
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.fields import Choice
from ebm_studio.app.widgets.long_run_bar import LongRunBar
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.app.widgets.page_header import PageHeader, scrolled
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.core.specs import MAX_FRAMES
from ebm_studio.data.exports.frames import letter
from ebm_studio.data.exports.recipe import LatentRecipe, PathRecipe
from ebm_studio.engine.jobs.exports import Opened, OpenedStops


class InterpolatePage(Page):
    """The stops beside the picture, the frames below it, and below them both ways to scrub."""

    key = "interpolate"
    title = "Interpolate"
    wishes = (PlayPath,)
    restores = (PathRecipe, LatentRecipe)
    tip = "Interpolate: smooth paths between latents."
    controls = (("on a stop", stops.HELP), ("on the pad", pad.HELP))

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.state = state = PathState(studio.open, studio.shelf, self)
        self.model = ModelChooser(theme, state.open)
        self.view = Choice(
            [
                ("path", "Path", "The picture at the current position, and the frames."),
                ("surface", "Surface", "All frames at all steps: move along ρ and K at once."),
                ("pad", "Pad", "Mix four latents in two dimensions."),
            ],
            "View of the path",
        )
        self.view.setFixedWidth(26 * UNIT)
        self.view.chosen.connect(state.set_view)
        self.stops = Stops(theme, state)
        self.banner = Banner(theme, state)
        self.surface = SurfaceView(theme, state)
        self.pad = Pad(theme, state)
        self.fill = QPushButton()
        self.fill.setToolTip("A starting point; you can change any of them later.")
        self.fill.clicked.connect(state.fill_empty)
        self.picture = BigPicture(theme, state)
        self.strip = Filmstrip(theme, state)
        self.timeline = PathTimeline(theme, state)
        self.inspector = PathInspector(theme, state)
        self.long = LongRunBar(theme, state.long, lambda: self.inspector.short_run.steps.field)
        self._has_plots = False
        self._lay_out()
        self._add_actions()
        self._plays_soon = False
        for signal in (state.surface_changed, state.link.progress_changed):
            signal.connect(self._play_when_whole)
        state.view_changed.connect(self._show)
        state.stops_changed.connect(self._show)
        state.model_changed.connect(self._show)
        studio.preferences.follow("background", state.set_paper)
        self._show()

    def openers(self) -> tuple[Opener, ...]:
        return (Opener(stops.opens, self.state.fill, "Interpolate between these", self.key),)

    def captions(self) -> tuple[Caption, ...]:
        stops = "The stops: latents from seeds, photos or the shelf. The path goes through them."
        frames = "Each frame is the short run from a mixture of two latents; ρ says how much of each."
        return (Caption(self.stops, stops, ("z",), "right"), Caption(self.strip, frames, ("ρ", "M")))

    def tour_stops(self) -> tuple[Stop, ...]:
        text = "Two latents, and the short run from every mixture between them. Nearby z give nearby pictures."
        return (Stop(7, "Between two pictures", text, self.state.fill_empty),)

    def restore_recipe(self, opened: Opened) -> None:
        assert isinstance(opened, OpenedStops)
        self.state.restore(opened)

    def session_parts(self) -> tuple[Part, ...]:
        state = self.state
        return (Part(self.key, state.to_dict, state.from_dict, (state.parameters_changed, state.view_changed)),)

    def receive(self, wish: object) -> None:
        """Play the path, once all of it is there."""
        self.state.set_view("path")
        self._plays_soon = True
        self._play_when_whole()

    def _play_when_whole(self) -> None:
        if self._plays_soon and self.state.is_ready:
            self._plays_soon = False
            self.state.playback.play(0)

    def shut(self) -> None:
        self.state.close()

    def exportables(self) -> list[Exportable]:
        return of_path(self.state)

    def _lay_out(self) -> None:
        header = PageHeader()
        line = QHBoxLayout(header)
        line.setContentsMargins(UNIT, 0, 2 * UNIT, 0)
        line.addWidget(self.model)
        line.addStretch(1)
        line.addWidget(self.view)

        self.stage = stage = QWidget()
        stage.setObjectName("canvas")
        stage.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._below = below = QVBoxLayout(stage)
        below.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.setSpacing(0)
        for view in (self.surface, self.pad):
            view.hide()  # before there is a layout, which would keep their room
        row.addWidget(self.surface, 2)
        row.addWidget(self.pad, 1)
        row.addWidget(self.picture, 1)
        below.addLayout(row, 1)
        below.addWidget(self.fill, 0, Qt.AlignmentFlag.AlignHCenter)
        below.addStretch(0)

        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header)
        self.long.lie_over(stage)
        self.banner.lie_over(stage)
        beside = QHBoxLayout()
        beside.setSpacing(0)
        beside.addWidget(_down(self.stops))
        beside.addWidget(stage, 1)
        column.addLayout(beside, 1)
        column.addWidget(self.strip)
        left = splitter(Qt.Orientation.Vertical, top, self.timeline, (600, 26 * UNIT))
        parts = splitter(Qt.Orientation.Horizontal, left, self.inspector, (960, 36 * UNIT))
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(parts)
        self.splitters = {"left": left, "whole": parts}

    def _add_actions(self) -> None:
        state = self.state
        act(self, "Play or pause the path", state.toggle, Qt.Key.Key_Space)
        act(self, "Fold or unfold the plots", self.timeline.fold_plots, Qt.Key.Key_P)
        act(self, "One frame back", lambda: state.go_frame(state.frame - 1), Qt.Key.Key_Left)
        act(self, "One frame forward", lambda: state.go_frame(state.frame + 1), Qt.Key.Key_Right)
        act(self, "To the first stop", lambda: state.go_frame(0), Qt.Key.Key_Home)
        act(self, "To the last stop", lambda: state.go_frame(MAX_FRAMES), Qt.Key.Key_End)
        act(self, "One step towards the noise", lambda: self._step(-1), Qt.Key.Key_Down)
        act(self, "One step towards the image", lambda: self._step(1), Qt.Key.Key_Up)
        act(self, "Swap A and B", state.shelf.swap_slots, Qt.Key.Key_X)
        act(self, "Cancel", lambda: state.open.cancel(self.key), Qt.Key.Key_Escape)

    def _step(self, by: int) -> None:
        steps = self.state.parameters.run.steps
        self.state.go_step((steps if self.state.step is None else self.state.step) + by)

    def _show(self) -> None:
        view, empty = self.state.view, self.state.empty
        self.view.set_value(view)
        self.surface.setVisible(view == "surface")
        self.pad.setVisible(view == "pad")
        self.strip.setVisible(view == "path" and not empty)
        self.fill.setVisible(bool(empty))
        self._below.setStretch(2, 1 if empty and view != "pad" else 0)  # the button under the words, in the middle
        if empty:
            letters = [letter(index) for index in empty]
            names = " and ".join([*([", ".join(letters[:-1])] if letters[:-1] else []), letters[-1]])
            self.fill.setText(f"Fill {names} with random seeds" if letters[1:] else f"Fill {names} with a random seed")
        self.fill.setEnabled(self.state.model is not None and not self.state.making)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_plots:
            self._has_plots = True
            self.timeline.add_plots()
        self.state.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.state.set_active(False)

    def focus_first(self) -> None:
        self.picture.setFocus()  # the pictures are there in every view


def _down(column: QWidget) -> QScrollArea:
    """A column that may be higher than its room."""
    area = scrolled(column)
    area.setFixedWidth(column.sizeHint().width() + UNIT)  # and the scroll bar
    return area
