"""Above the Train page: the data and Start, or a run and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.train.runs.run_reader import RunView
from ebm_studio.app.pages.train.runs.run_text import line_of
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.pages.train.setup.state import TrainSetup
from ebm_studio.app.widgets.data_set_box import SourceBox, choose_folder, choose_zip
from ebm_studio.app.widgets.fields import button, label
from ebm_studio.app.widgets.names import NameLabel, in_tip
from ebm_studio.app.widgets.page_header import PageHeader, stacked

PICTURES = "Training pictures"


class TrainHeader(PageHeader):
    """One line of the height that every page's header has."""

    def __init__(self) -> None:
        super().__init__()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        self.row.setSpacing(UNIT // 2)


class SetupHeader(TrainHeader):
    """Which data, and Start."""

    def __init__(self, setup: TrainSetup, runs: Runs) -> None:
        super().__init__()
        self._setup = setup
        self._runs = runs
        self.source = SourceBox(
            PICTURES, "A named data set, or a folder or zip of your own pictures. You can also drop them here."
        )
        self.source.setFixedWidth(26 * UNIT)
        self.source.chosen.connect(setup.set_source)
        self.folder = QPushButton("Folder…")
        self.folder.setToolTip("Train on the pictures in a folder (Ctrl+O).")
        self.folder.clicked.connect(self.choose_folder)
        self.zip = QPushButton("Zip…")
        self.zip.setToolTip("Train on the pictures in a zip.")
        self.zip.clicked.connect(self.choose_zip)
        self.start = QPushButton("Start")
        self.start.setObjectName("primary")
        self.start.setFixedWidth(13 * UNIT)
        self.start.clicked.connect(self.start_run)
        self.row.addWidget(label("Train on", "muted"))
        self.row.addSpacing(UNIT // 2)
        for widget in (self.source, self.folder, self.zip):
            self.row.addWidget(widget)
        self.row.addStretch(1)
        self.row.addWidget(self.start)
        for signal in (setup.changed, setup.preview_changed):
            signal.connect(self._show)
        self._show()

    def choose_folder(self) -> None:
        """Ask for a folder and train on it."""
        if source := choose_folder(self, PICTURES):
            self._setup.set_source(source)

    def choose_zip(self) -> None:
        """Ask for a zip and train on it."""
        if source := choose_zip(self, PICTURES):
            self._setup.set_source(source)

    def start_run(self) -> None:
        """Start what is set up, unless something is in the way."""
        if not self._setup.problem:
            self._runs.start(self._setup.plan)

    def _show(self) -> None:
        self.source.set_source(self._setup.plan.source)
        problem = self._setup.problem
        self.start.setEnabled(not problem)
        self.start.setToolTip(
            problem or "Start training in its own process, which continues if you close the window (Ctrl+Return)."
        )


class RunHeader(TrainHeader):
    """The run that is looked at."""

    tried = Signal()
    which_asked = Signal(object)
    """A `RunView` whose model is to be saved, and of which there are two: the newest and the best."""
    exported = Signal()
    duplicated = Signal()
    revealed = Signal()
    trash_looked_at = Signal()

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__()
        self._theme = theme
        self._runs = runs
        self.name = NameLabel("large")
        self.line = NameLabel("small")
        self.line.setAccessibleName("State")
        self.attempt = QPushButton("Try it")
        self.attempt.clicked.connect(lambda: self.tried.emit())
        self.save = QPushButton("Save as model")
        self.save.setToolTip("Add the last saved model to your own models (S).")
        self.save.clicked.connect(self._save)
        self.pause = QPushButton("Pause")
        self.pause.setFixedWidth(13 * UNIT)
        self.pause.clicked.connect(self.pause_or_resume)
        self.stop = button(theme, "stop", "Stop", "Save and end the process. You can resume later.", self._stop)
        self.more = button(theme, "more", "More", "Export the model, start a similar run, show the folder, delete.")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self.fill)
        self.more.setMenu(self.menu)
        self.row.addLayout(stacked(self.name, self.line), 1)
        self.row.addSpacing(UNIT)
        for widget in (self.attempt, self.save, self.pause, self.stop, self.more):
            self.row.addWidget(widget)
        for signal in (runs.looked, runs.changed):
            signal.connect(self._show)
        self._show()

    def fill(self) -> None:
        """The menu of the runs that are selected."""
        self.menu.clear()
        view = self._runs.view
        if view is not None:
            has_model = view.folder.model.exists()
            self.menu.addAction("Export the model…", self.exported.emit).setEnabled(has_model)
            self.menu.addAction("New run with these settings", self.duplicated.emit)
            self.menu.addAction("Show the folder", self.revealed.emit)
            self.menu.addSeparator()
            back = self.menu.addAction("Step back and resume", lambda: self._runs.step_back(view))
            back.setToolTip("Continue from the last healthy state, with a smaller learning rate and more data noise.")
            moved = self.menu.addAction("The pictures have moved…", lambda: self._find_pictures(view))
            for action in (back, moved):
                action.setEnabled(not view.alive and view.status.state != "done")
            self.menu.addSeparator()
        idle = [view for view in self._runs.watch.views if not view.alive]
        count = f" {len(self._runs.watch.views)} runs" if view is None else ""
        delete = self.menu.addAction(self._theme.icon("trash"), f"Delete{count}", self.delete)
        delete.setEnabled(len(idle) == len(self._runs.watch.views) and bool(idle))
        self.menu.addAction("Empty the trash…", self.trash_looked_at.emit)

    def delete(self) -> None:
        """Move the selected runs that are not training to the trash."""
        self._runs.delete([view for view in self._runs.watch.views if not view.alive])

    def pause_or_resume(self) -> None:
        """What the button does."""
        view = self._runs.view
        if view is None or not self.pause.isEnabled():
            return
        if view.status.state == "done":
            self._runs.learn_longer(view)
        else:
            self._runs.order(view, "pause" if view.alive and view.status.state != "paused" else "go")

    def _find_pictures(self, view: RunView) -> None:
        ask = choose_zip if view.plan.source.lower().endswith(".zip") else choose_folder
        if source := ask(self, f"The pictures of {view.name}"):
            self._runs.resume_from(view, source)

    def _stop(self) -> None:
        if (view := self._runs.view) is not None and view.alive:
            self._runs.order(view, "stop")

    def _save(self) -> None:
        if (view := self._runs.view) is None:
            return
        if view.folder.best.exists():
            self.which_asked.emit(view)
        else:
            self._runs.save_model(view)

    def _show(self) -> None:
        views, view = self._runs.watch.views, self._runs.view
        for widget in (self.attempt, self.save, self.pause, self.stop):
            widget.setVisible(view is not None)
        if view is None:
            self.name.setText(f"{len(views)} runs")
            self.line.setText("compared")
            return
        asked, goes = self._runs.asked(view), view.alive and view.status.state != "paused"
        self.name.setText(view.name)
        self.line.setText(line_of(view, asked, short=True))
        self.line.setToolTip(in_tip(view.status.text))
        has_model = view.folder.model.exists()
        self.attempt.setEnabled(has_model)
        self.attempt.setToolTip(
            "Run the last saved model on the Generate page (T)."
            if has_model
            else "The first save, within a minute, writes a model."
        )
        self.save.setEnabled(has_model)
        done = view.status.state == "done" and not view.alive
        self.pause.setText("Pause" if goes else "Train longer" if done else "Resume")
        tips = {
            "Pause": "Save and pause",
            "Resume": "Continue exactly where it stopped",
            "Train longer": "Train for as long again",
        }
        self.pause.setToolTip(f"{tips[self.pause.text()]} (Space).")
        if asked and self.pause.hasFocus():
            self.setFocus()  # or Stop would get it, and the next Space
        self.pause.setEnabled(asked is None)
        if self.hasFocus() and not asked:
            self.pause.setFocus()
        self.pause.setObjectName("plain" if goes or done else "primary")
        self.pause.style().polish(self.pause)
        self.stop.setEnabled(view.alive and asked != "stop")
