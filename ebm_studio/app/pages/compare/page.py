"""The Compare page: models, or settings, from the same start noise under one playhead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.compare.common import Common, SweepBar
from ebm_studio.app.pages.compare.exports import of_comparison
from ebm_studio.app.pages.compare.header import SideHeader
from ebm_studio.app.pages.compare.pane import Pane
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import CompareModel
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.fields import close_packed
from ebm_studio.app.widgets.long_run_bar import LongRunBar
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.app.widgets.timeline import Timeline, act_playback
from ebm_studio.data.exports.recipe import FEWEST_SIDES, ComparisonRecipe

if TYPE_CHECKING:
    from ebm_studio.engine.jobs.exports import Opened


class GroupTimeline(Timeline):
    """The timeline of all sides, with their curves over each other."""

    def __init__(self, theme: Theme, state: CompareState) -> None:
        self._sides = state
        super().__init__(theme, state)

    def make_plots(self) -> QWidget:
        """See `Timeline.make_plots`."""
        from ebm_studio.app.pages.compare.plots import GroupPlots

        return GroupPlots(self._theme, self._sides)


class ComparePage(Page):
    """Sides beside each other over one timeline: two, until a person asks for more."""

    key = "compare"
    title = "Compare"
    tip = "Compare: models or settings from the same noise."
    wishes = (CompareModel,)
    restores = (ComparisonRecipe,)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self._theme = theme
        self.state = state = CompareState(studio.open, self)
        self.common = Common(theme, state)
        self.sweep = SweepBar(theme, state)
        self.headers: list[SideHeader] = []
        self.panes: list[Pane] = []
        self.timeline = GroupTimeline(theme, state)
        self._has_plots = False
        self._lay_out()
        self._add_actions()
        self._show_sides()
        state.sides_changed.connect(self._show_sides)
        state.parameters_changed.connect(self._show_settings)
        self.common.sweep.toggled.connect(self._show_sweep)
        self.common.whole.toggled.connect(self._show_settings)
        state.follow(studio.preferences)
        studio.open.model_changed.connect(self.ask)

    def _lay_out(self) -> None:
        top, heads = QWidget(), QWidget()
        self._heads = close_packed(QHBoxLayout(heads))
        self.stage = stage = QWidget()
        self._row = close_packed(QHBoxLayout(stage))
        for row in (self._heads, self._row):
            row.setSpacing(1)
        column = close_packed(QVBoxLayout(top))
        for widget in (self.common, self.sweep, heads):
            column.addWidget(widget)
        column.addWidget(stage, 1)
        self.long = LongRunBar(self._theme, self.state.long, lambda: self.headers[0].steps)
        for strip in (self.long, Banner(self._theme, self.state)):
            strip.lie_over(stage)
        split = splitter(Qt.Orientation.Vertical, top, self.timeline, (600, 20 * UNIT))
        self.splitters = {"split": split}
        close_packed(QVBoxLayout(self)).addWidget(split)

    def _show_sides(self) -> None:
        """A header and a pane for each side."""
        focused = QApplication.focusWidget()
        had_focus = any(widget.isAncestorOf(focused) for widget in (*self.headers, *self.panes) if focused)
        for widget in (*self.headers, *self.panes):
            widget.hide()
            widget.deleteLater()
        sides = self.state.sides
        self.headers = [SideHeader(self._theme, self.state, side) for side in sides]
        self.panes = [Pane(self._theme, self.state, side) for side in sides]
        self._show_settings()
        widest = max(header.name.sizeHint().width() for header in self.headers)
        for header in self.headers:
            header.name.setMinimumWidth(widest)  # so that all break their lines in the same place
        self._share_width()
        for header, pane in zip(self.headers, self.panes, strict=True):
            self._heads.addWidget(header, 1)
            self._row.addWidget(pane, 1)
        self.captions_changed.emit()
        if had_focus:
            self.focus_first()

    def _share_width(self) -> None:
        """Leave out the pixels that cannot be shared evenly: else pictures beside each other differ in size."""
        count = len(self.headers)
        rest = (self.width() - (count - 1)) % count
        for row in (self._heads, self._row):
            row.setContentsMargins(0, 0, rest, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _show_settings(self) -> None:
        for header in self.headers:
            header.show_settings(whole=len(self.headers) == FEWEST_SIDES or self.common.whole.isChecked())

    def _show_sweep(self, shown: bool) -> None:
        focused = QApplication.focusWidget()
        had_focus = focused is not None and self.sweep.isAncestorOf(focused)
        self.sweep.setVisible(shown)
        if shown:
            self.sweep.suggest()
            self.sweep.values.setFocus()
        elif had_focus:
            self.focus_first()

    def _add_actions(self) -> None:
        state = self.state
        act_playback(self, state.playback)
        act(self, "Random seed", state.random_seed, Qt.Key.Key_R)
        act(self, "Swap left and right", state.swap, Qt.Key.Key_X)
        act(self, "Sweep a parameter", self.common.sweep.toggle, Qt.Key.Key_W)
        act(self, "Add a side", state.add_side)
        act(self, "Fold or unfold the plots", self.timeline.fold_plots, Qt.Key.Key_P)
        act(self, "Cancel", state.cancel, Qt.Key.Key_Escape)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_plots:
            self._has_plots = True
            self.timeline.add_plots()
        self.ask()

    def ask(self) -> None:
        """See that there is something to compare, while the page is shown."""
        if self.isVisible() and not self.state.open():
            self.receive(CompareModel())

    def receive(self, wish: object) -> None:
        """Put what the Generate page runs on the left, and beside it the same, or another model, on the right."""
        ready, set_there = self.studio.open.model, self.studio.open.parameters
        if isinstance(wish, CompareModel) and ready is not None:
            self.state.begin(ready, set_there.seed, set_there.run)
            if wish.name is not None and wish.name != ready.name:
                self.state.sides[1].open_model(wish.name)

    def captions(self) -> tuple[Caption, ...]:
        first = "Chains of a seed. Those of every other side start from the same noise."
        second = "Another model or another short run. What differs comes from that alone."
        return (Caption(self.panes[0], first, ("z",)), Caption(self.panes[1], second, ("E", "K")))

    def restore_recipe(self, opened: Opened) -> None:
        assert isinstance(opened.recipe, ComparisonRecipe)
        self.state.restore(opened.recipe, opened.models, opened.path.name)

    def models_in_use(self) -> list[str]:
        return [side.model.name for side in self.state.sides if side.model is not None]

    def session_parts(self) -> tuple[Part, ...]:
        state = self.state
        changes = (state.parameters_changed, state.view_changed, state.selection_changed)
        return (Part(self.key, state.to_dict, state.from_dict, changes),)

    def shut(self) -> None:
        self.state.close()

    def exportables(self) -> list[Exportable]:
        return of_comparison(self.state)

    def focus_first(self) -> None:
        self.panes[0].pictures.setFocus()
