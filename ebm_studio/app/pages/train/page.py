"""The Train page: a person's own pictures become a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.page import Page
from ebm_studio.app.pages.train.close_prompt import Leaving
from ebm_studio.app.pages.train.done_notice import DoneNotice
from ebm_studio.app.pages.train.exports import of_history
from ebm_studio.app.pages.train.headers import RunHeader, SetupHeader
from ebm_studio.app.pages.train.runs.panels import RunInspector
from ebm_studio.app.pages.train.runs.run_list import RunColumn
from ebm_studio.app.pages.train.runs.run_reader import RunView, has_ended
from ebm_studio.app.pages.train.runs.samples import RunStage
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.pages.train.setup.data_preview import DataStage
from ebm_studio.app.pages.train.setup.panels import TrainInspector
from ebm_studio.app.pages.train.setup.state import TrainSetup
from ebm_studio.app.pages.train.training_button import LearnsButton
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.openers import Opener
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.tour_stop import Stop
from ebm_studio.app.studio.wishes import ShowModel, ShowRun
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.data_set_box import may_be_data_set
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.app.widgets.notice import Notice
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.data.exports.recipe import HistoryRecipe
from ebm_studio.data.storage.settings import Settings
from ebm_studio.data.training.fidelity_log import best_of
from ebm_studio.data.training.plan import command_of
from ebm_studio.data.training.run_folder import look_into_trash
from ebm_studio.engine.requests import Fault

if TYPE_CHECKING:
    from ebm_studio.engine.jobs.exports import Opened

MODELS = "Models (*.safetensors)"


class TrainPage(Page):
    """Runs at the left; in the middle a new run's pictures, or a run's samples and curves; what is set on the right."""

    key = "train"
    title = "Train"
    tip = "Train: train a model on your own pictures."
    wishes = (ShowRun,)
    restores = (HistoryRecipe,)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.setup = setup = TrainSetup(studio.link, studio.undo, self)
        self.runs = runs = Runs(studio.undo, studio.device, self)
        self.learns = LearnsButton(runs)
        self.leaving = Leaving(theme, runs, studio.preferences)
        self.setup_header = SetupHeader(setup, runs)
        self.run_header = RunHeader(theme, runs)
        self.setup_banner = Banner(theme, setup.faults)
        self.run_banner = Banner(theme, runs)
        self.notice = Notice(theme)
        self.done_notice = DoneNotice(theme, studio.wish)
        self.column = RunColumn(theme, runs)
        self.data_stage = DataStage(theme, setup)
        self.run_stage = RunStage(theme, runs)
        self.setup_inspector = TrainInspector(theme, setup)
        self.run_inspector = RunInspector(theme, runs)
        self._is_plotted = False
        self._left: list[str] = []  # the runs that went on when the window was last closed
        self._lay_out()
        self._connect()
        self._add_actions()
        self._show()

    def _lay_out(self) -> None:
        self.headers = _stack(self.setup_header, self.run_header)
        self.headers.setFixedHeight(6 * UNIT)
        self.stages = _stack(self.data_stage, self.run_stage)
        inspectors = _stack(self.setup_inspector, self.run_inspector)
        inspectors.setObjectName("inspector")
        self._stacks = (self.headers, self.stages, inspectors)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.column)
        row.addWidget(self.stages, 1)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.headers)
        column.addWidget(middle, 1)
        self.setup_banner.lie_over(self.data_stage)
        self.run_banner.lie_over(self.run_stage)
        self.notice.lie_over(self.stages)
        whole = splitter(Qt.Orientation.Horizontal, left, inspectors, (960, 38 * UNIT))
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(whole)
        self.splitters = {"whole": whole, "stage": self.run_stage.split}

    def _connect(self) -> None:
        self.runs.changed.connect(self._show)
        self.runs.looked.connect(self.studio.open.written)
        self.runs.looked.connect(lambda: self.setup.set_training(self.runs.is_training))
        self.learns.wanted.connect(lambda name: self.studio.wish(ShowRun(name)))
        self.studio.preferences.follow("device", self._set_device, at_once=False)
        self.runs.saved.connect(self._say_saved)
        self.runs.ended.connect(self._say_ended)
        self.run_header.tried.connect(self.try_it)
        self.run_header.exported.connect(self.export_model)
        self.run_header.which_asked.connect(self._ask_which)
        self.run_header.duplicated.connect(self.duplicate)
        self.run_header.revealed.connect(self.reveal)
        self.run_header.trash_looked_at.connect(self.empty_trash)
        self.column.list.menu_wanted.connect(self.run_header.menu.popup)

    def _add_actions(self) -> None:
        header, watch = self.run_header, self.runs.watch
        act(self, "New run", self.runs.select, Qt.Key.Key_N)
        act(self, "Train on a folder…", self.setup_header.choose_folder, "Ctrl+O")
        act(self, "Train on a zip…", self.setup_header.choose_zip)
        act(self, "Start the new run", self._start, "Ctrl+Return", "Ctrl+Enter")
        act(self, "Pause or resume the run", header.pause_or_resume, Qt.Key.Key_Space)
        act(self, "Stop the run", header.stop.click)
        act(self, "Try the run's model", header.attempt.click, Qt.Key.Key_T)
        act(self, "Save the run's model", header.save.click, Qt.Key.Key_S)
        act(self, "Export the run's model…", self.export_model)
        act(self, "New run with the run's settings", self.duplicate)
        act(self, "Show the run's folder", self.reveal)
        act(self, "Delete the run", header.delete, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        act(self, "Empty the trash of runs…", self.empty_trash)
        act(self, "Previous samples", lambda: watch.go(watch.position - 1), Qt.Key.Key_Left)
        act(self, "Next samples", lambda: watch.go(watch.position + 1), Qt.Key.Key_Right)
        act(self, "First samples", lambda: watch.go(0), Qt.Key.Key_Home)
        act(self, "Newest samples", lambda: watch.go(10**9), Qt.Key.Key_End)
        act(self, "Look for runs again", self.runs.refresh, Qt.Key.Key_F5)

    def _set_device(self, device: str) -> None:
        self.runs.device = device

    def openers(self) -> tuple[Opener, ...]:
        return (Opener(may_be_data_set, self._open_files, "Train on these pictures", self.key),)

    def receive(self, wish: object) -> None:
        if isinstance(wish, ShowRun):
            self.runs.select(wish.name)

    def status_widgets(self) -> tuple[QWidget, ...]:
        return (self.learns,)

    def strips(self) -> tuple[QWidget, ...]:
        return (self.leaving,)

    def session_parts(self) -> tuple[Part, ...]:
        return (Part(self.key, self.setup.to_dict, self.setup.from_dict, (self.setup.changed,)),)

    def begin(self) -> None:
        self.runs.refresh()
        ended = [view for view in map(self.runs.find, self._left) if view is not None and has_ended(view)]
        if shown := [*self.runs.running, *ended]:
            self.runs.select(shown[0].name)
        for view in ended:
            self._say_ended(view)

    def may_close(self) -> bool:
        return self.leaving.may_close()

    def shut(self) -> None:
        self.setup.close()
        self.runs.close()

    def _open_files(self, paths: list[Path]) -> None:
        self.runs.select()
        self.setup.open_files(paths)

    def _start(self) -> None:
        if not self.runs.selected:
            self.setup_header.start_run()

    def try_it(self) -> None:
        """Open the model as it was last saved on the Generate page."""
        if self.runs.view is not None:
            self.studio.wish(ShowModel(str(self.runs.view.folder.model)))

    def export_model(self) -> None:
        """Ask for a file and copy the model there."""
        if (view := self.runs.view) is not None and view.folder.model.exists():
            name, _ = QFileDialog.getSaveFileName(self, "Export the model", f"{view.name}.safetensors", MODELS)
            if name:
                self.runs.export_model(view, Path(name))

    def duplicate(self) -> None:
        """Set up a new run with the settings of the one that is looked at."""
        if (view := self.runs.view) is not None:
            self.setup.set_plan(view.plan, f"Settings of {view.name}")
            self.runs.select()

    def reveal(self) -> None:
        """Show the run's folder in the system's file manager."""
        if (view := self.runs.view) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(view.folder.path)))

    def empty_trash(self) -> None:
        """Say what is in the trash, and ask whether to empty it."""
        count, size = look_into_trash(self.runs.root)
        if not count:
            self.notice.say("The trash of runs is empty.")
            return
        runs = "1 run" if count == 1 else f"{count} runs"
        text = f"The trash contains {runs}, {size / 1e6:.0f} MB. After you empty it, they cannot be restored."
        self.notice.say(text, ("Empty the trash", self.runs.empty_trash), ("Keep them", lambda: None))

    def captions(self) -> tuple[Caption, ...]:
        text = (
            "Training draws short runs and compares them with real pictures. It lowers the energy of data and raises "
            "that of samples, until both agree: d oscillates around 0."
        )
        return (Caption(self.stages, text, ("d", "v", "σ", "h")),)

    def tour_stops(self) -> tuple[Stop, ...]:
        text = (
            "Choose pictures and press Start. Each update draws short runs and makes their features agree with those "
            "of the data. The chains need not converge for that."
        )
        return (Stop(8, "How a model is trained", text),)

    def exportables(self) -> list[Exportable]:
        return of_history(self.runs.view) if self.runs.view is not None else []

    def restore_recipe(self, opened: Opened) -> None:
        assert isinstance(opened.recipe, HistoryRecipe)
        if self.runs.find(opened.recipe.run) is not None:
            self.runs.select(opened.recipe.run)
        else:
            text = f"The run {opened.recipe.run} is not here. To train like it: {opened.recipe.command}"
            self.studio.faults.show(Fault(text))

    def command(self) -> str:
        return command_of(self.setup.plan, whole_paths=True)

    def focus_first(self) -> None:
        (self.column.list if self.runs.selected else self.setup_header.source).setFocus()

    def take_focus(self) -> None:
        self.setFocus()  # another Enter does nothing here, unlike on the first control

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_plotted:  # not before it is needed: the launch waits for nothing of this page
            self._is_plotted = True
            self.run_stage.add_plots()
        self.setup.set_shown()
        self.runs.set_shown(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.runs.set_shown(False)

    def remember(self, settings: Settings) -> None:
        super().remember(settings)
        settings.set("train/running", [view.name for view in self.runs.running])
        settings.set("train/all", self.setup_inspector.expert.fold.isChecked())

    def restore(self, settings: Settings) -> None:
        super().restore(settings)
        left = settings.data("train/running")
        self._left = [name for name in left if isinstance(name, str)] if isinstance(left, list) else []
        self.setup_inspector.expert.set_open(settings.flag("train/all"))

    def _show(self) -> None:
        number = 1 if self.runs.selected else 0
        for stack in self._stacks:
            stack.setCurrentIndex(number)

    def _say_ended(self, view: RunView) -> None:
        if (pages := self.parentWidget()) is not None:
            self.done_notice.lie_over(pages, 6 * UNIT)  # below the header of whatever page is shown
        self.done_notice.tell(view)

    def _ask_which(self, view: RunView) -> None:
        best = best_of(view.fidelity)
        about = f", of update {thousands(best.update)} (KID-lite0 {best.kid:.4f} ± {best.spread:.4f})" if best else ""
        self.notice.say(
            f"Save the newest model of {view.name}, or the best one{about}?",
            ("The best", lambda: self.runs.save_model(view, best=True)),
            ("The newest", lambda: self.runs.save_model(view)),
        )

    def _say_saved(self, path: Path) -> None:
        self.notice.say(
            f"Saved as {path.stem} in your models.", ("Open it", lambda: self.studio.wish(ShowModel(str(path))))
        )


def _stack(*widgets: QWidget) -> QStackedWidget:
    stack = QStackedWidget()
    for widget in widgets:
        stack.addWidget(widget)
    return stack
