"""The Generate page: chains from noise, with everything that steers them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.generate import canvas, history_panel
from ebm_studio.app.pages.generate.canvas import Canvas
from ebm_studio.app.pages.generate.exports import of_generate
from ebm_studio.app.pages.generate.header import Header
from ebm_studio.app.pages.generate.history import History
from ebm_studio.app.pages.generate.inspector import Inspector
from ebm_studio.app.pages.generate.newer_snapshot_button import SnapshotButton
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.shelf import Kept
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.tour_stop import Stop
from ebm_studio.app.studio.wishes import CompareModel, RunSteps, ShowDiagnosis, ShowModel
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.long_run_bar import LongRunBar
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.app.widgets.timeline import Timeline, act_playback
from ebm_studio.data.exports.recipe import ChainRecipe
from ebm_studio.data.models.latent import FromSeed

if TYPE_CHECKING:
    from ebm_studio.engine.jobs.exports import Opened
from ebm_studio.engine.requests import Fault


class GeneratePage(Page):
    """Canvas in the middle, inspector on the right, timeline below."""

    key = "generate"
    title = "Generate"
    tip = "Generate: chains from noise to image."
    wishes = (ShowModel, RunSteps)
    restores = (ChainRecipe,)
    controls = (("on the pictures", canvas.HELP), ("in the history", history_panel.HELP))

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.state = state = GenerateState(studio.open, self)
        self.history = History(state, self)
        self._thumbnails = Drawer(studio.session.folder / "history")
        self.header = Header(theme, state)
        self.snapshot = SnapshotButton(theme, studio.open)
        self.header.add(self.snapshot)
        self.banner = Banner(theme, state)
        self.canvas = Canvas(theme, state, studio.shelf)
        self.stage = self.canvas
        self.long = LongRunBar(theme, state.long, self._show_steps)
        self.timeline = Timeline(theme, state)
        self.inspector = Inspector(theme, state, self.history)
        self.inspector.settings.past.diagnosis_wanted.connect(lambda: studio.wish(ShowDiagnosis("convergence")))
        self._lay_out()
        self._add_actions()
        state.follow(studio.preferences)
        studio.shelf.opened.connect(self._show_kept)

    def _lay_out(self) -> None:
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        self.long.lie_over(self.canvas)
        self.banner.lie_over(self.canvas)
        column.addWidget(self.canvas, 1)
        left = splitter(Qt.Orientation.Vertical, top, self.timeline, (600, 20 * UNIT))
        whole = splitter(Qt.Orientation.Horizontal, left, self.inspector, (960, 36 * UNIT))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(whole)
        self.splitters = {"left": left, "whole": whole}

    def _add_actions(self) -> None:
        state = self.state
        act_playback(self, state.playback)
        act(self, "Random seed", state.random_seed, Qt.Key.Key_R)
        act(self, "Show all chains, or cancel", self._escape, Qt.Key.Key_Escape)
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
        act(self, "Fold or unfold the plots", self.timeline.fold_plots, Qt.Key.Key_P)
        act(self, "Zoom in", lambda: canvas.zoom_by(1), Qt.Key.Key_Plus, Qt.Key.Key_Equal)
        act(self, "Zoom out", lambda: canvas.zoom_by(-1), Qt.Key.Key_Minus)
        act(self, "Fit everything", canvas.fit, Qt.Key.Key_0)
        act(self, "Compare with other settings", lambda: self.studio.wish(CompareModel()))

    def _show_steps(self) -> QWidget:
        """The field of K, which is seen from now on."""
        self.inspector.show_side("settings")
        return self.inspector.settings.short_run.steps.field

    def _escape(self) -> None:
        if self.state.enlarged is not None:
            self.state.enlarge(None)
        else:
            self.state.cancel()

    def _enlarge(self) -> None:
        self.state.enlarge(None if self.state.enlarged is not None else self.canvas.chain)

    def _show_kept(self, kept: Kept) -> None:
        """Run the chain of something kept, with the model that it was kept from."""
        latent, state, shelf = kept.latent, self.state, self.studio.shelf
        model = state.open.find_model(latent.model, latent.model_hash)
        if model is None:
            shelf.failed.emit(f"{kept.name} was kept from {latent.model}: open that model first.")
        elif isinstance(latent.origin, FromSeed):
            state.show_chain(model, latent.origin.seed, latent.origin.chain, latent.short_run)
        elif state.model is None or state.model.name != model:
            shelf.failed.emit(f"{kept.name} was kept from {latent.model}: open that model first.")
        else:
            state.run_latent(latent)

    def captions(self) -> tuple[Caption, ...]:
        pictures = "Each picture is a chain: it began as noise z and went K steps downhill in energy."
        curves = (
            "Energy, gradient step length and path length along the chain. Healthy: the energy falls, and slows at "
            "about the energy of real pictures."
        )
        run = "A short run: how many steps, how long each is, and how much fresh noise it adds."
        return (
            Caption(self.canvas, pictures, ("x", "z", "E")),
            Caption(self.timeline, curves, ("E", "v", "K")),
            Caption(self.inspector.settings.short_run, run, ("K", "s", "τ", "T"), "beside"),
        )

    def tour_stops(self) -> tuple[Stop, ...]:
        texts = (
            "Each chain starts as noise and follows the slope of the energy for K steps.",
            "Drag along the bar, or press ← and →. This chain is halfway.",
            "With a quarter of the steps the pictures are not finished. K is a part of the model.",
            "With four times the steps the energy keeps falling and contrast grows. The short run does not converge, "
            "and does not have to.",
        )
        titles = ("From noise to picture", "Scrub", "K too small", "Past K")
        ways = ((1, 0.0), (1, 0.5), (0.25, 1.0), (4, 1.0))
        stops = enumerate(zip(titles, texts, ways, strict=True), 1)
        return tuple(Stop(number, title, text, partial(self._tour, *way)) for number, (title, text, way) in stops)

    def _tour(self, times: float, share: float) -> None:
        """Run so many times the model's own K, and go to a share of the way; from its beginning, play."""
        model, state = self.state.model, self.state
        if model is None:
            return
        steps = max(1, round(times * model.card.short_run.steps))
        if state.parameters.run.steps != steps:
            state.run_steps(steps)
            return  # the new chain plays by itself
        state.playback.go(round(share * steps))
        if share == 0:
            state.playback.play()

    def receive(self, wish: object) -> None:
        if isinstance(wish, ShowModel):
            self.studio.open.open_model(wish.name)
        elif isinstance(wish, RunSteps):
            self.state.run_steps(wish.steps)

    def restore_recipe(self, opened: Opened) -> None:
        assert isinstance(opened.recipe, ChainRecipe)
        self.state.restore_recipe(opened.recipe, opened.model)

    def session_parts(self) -> tuple[Part, ...]:
        state, history = self.state, self.history
        changes = (
            state.parameters_changed, state.view_changed, state.selection_changed, state.playback.mode_changed,
            state.model_changed,
        )  # fmt: skip
        return (
            Part("generate", state.to_dict, state.from_dict, changes),
            Part("history", self._save_history, self._load_history, (history.changed,), self._tidy_history),
        )

    def _save_history(self) -> Any:
        return self.history.save(self._thumbnails)

    def _tidy_history(self) -> None:
        self._thumbnails.tidy(run.key for run in self.history.runs)

    def _load_history(self, data: Any) -> None:
        self.history.load(data, self._thumbnails)

    def prepare(self) -> None:
        self.timeline.add_plots()

    def begin(self) -> None:
        self.state.model_missed.connect(lambda text: self.studio.faults.show(Fault(text)))
        self.state.open_first(self.studio.asked_model)

    def shut(self) -> None:
        self.state.close()

    def focus_first(self) -> None:
        self.canvas.setFocus()

    def exportables(self) -> list[Exportable]:
        return of_generate(self.state)
