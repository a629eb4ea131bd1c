"""All training runs that the window knows, and what can be done with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.pages.train.runs.run_reader import WARNINGS, RunView, has_ended
from ebm_studio.app.pages.train.runs.selected_runs import Watch
from ebm_studio.app.studio.undo import Undo
from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import MAX_UPDATES
from ebm_studio.data.models.card import new_user_model
from ebm_studio.data.training.plan import Plan, write_plan
from ebm_studio.data.training.run_folder import RunFolder, Trashed, default_root, empty_trash, list_runs, new_run
from ebm_studio.data.training.run_log import Event, Order
from ebm_studio.engine.requests import Fault

POLL = 1000  # milliseconds: a running process writes its status about as often


class Runs(QObject):
    """Observable. It only reads run folders and sends commands; separate processes do the training. While anything is
    training, or the page is shown, it checks the folders once a second.
    """

    changed = Signal()
    """There are other runs, or others are selected."""
    looked = Signal()
    """The statuses may be other ones."""
    fault_changed = Signal()
    ended = Signal(object)
    """A `RunView` that was training when it was looked at before: it is done now, or has failed."""
    saved = Signal(object)
    """The file that a model was saved as."""

    def __init__(self, undo: Undo, device: str = "auto", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.watch = Watch(self)
        self.views: tuple[RunView, ...] = ()
        """Running ones and newly started ones first."""
        self.selected: tuple[str, ...] = ()
        """The names of those that are looked at; none while a new one is set up."""
        self.device = device
        self._complaint: Fault | None = None
        self._fault_shown: Fault | None = None
        self._undo = undo
        self._shown = False
        self._asked: dict[str, Order] = {}
        self._dismissed: dict[str, float] = {}  # when the warnings happened that a person has put away
        self._broken: set[str] = set()
        self._timer = QTimer(self, interval=POLL)
        self._timer.timeout.connect(self.refresh)

    @property
    def root(self) -> Path:
        """Where they are."""
        return default_root()

    @property
    def view(self) -> RunView | None:
        """The run that is looked at, when it is one."""
        return self.watch.view

    @property
    def running(self) -> list[RunView]:
        """Those that a process works on now."""
        return [view for view in self.views if view.alive]

    @property
    def is_training(self) -> bool:
        """Whether one of them computes now: a paused one does not."""
        return any(view.status.state != "paused" for view in self.running)

    @property
    def fault(self) -> Fault | None:
        """What went wrong here, or what the run that is looked at warns of."""
        if self._complaint is not None or self.view is None:
            return self._complaint
        event = self.warning(self.view)
        return Fault(event.text) if event else None

    def set_shown(self, shown: bool) -> None:
        """Whether the page is shown."""
        self._shown = shown
        if shown:
            self.refresh()

    def refresh(self) -> None:
        """Look what there is, and how it stands."""
        known = {view.name: view for view in self.views}
        views = [known.get(folder.name) or self._open(folder) for folder in list_runs(self.root)]
        found = tuple(view for view in views if view is not None)
        ended = []
        for view in found:
            was_alive = view.alive and view.name in known
            if view.alive or self._shown or view.name not in known:
                view.look()
            if was_alive and has_ended(view):
                ended.append(view)
        order = tuple(sorted(found, key=lambda view: not view.alive))  # the running ones first
        if order != self.views:
            self.views = order
            self.select(*(name for name in self.selected if name in [view.name for view in order]))
            self.changed.emit()
        self.watch.refresh()
        self._show_fault()
        self.looked.emit()
        for view in ended:
            self.ended.emit(view)
        if self._shown or self.running:
            self._timer.start()
        else:
            self._timer.stop()

    def _open(self, folder: RunFolder) -> RunView | None:
        try:
            view = RunView(folder)
        except StudioError as error:
            if folder.name not in self._broken:
                self._broken.add(folder.name)
                self.complain(Fault(str(error)))
            return None
        view.look()
        return view

    def find(self, name: str) -> RunView | None:
        """The run of a folder's name."""
        return next((view for view in self.views if view.name == name), None)

    def select(self, *names: str) -> None:
        """Look at these runs; at none, a new one is set up."""
        views = tuple(view for name in names if (view := self.find(name)) is not None)
        if views != self.watch.views:
            self._complaint = None
        self.selected = tuple(view.name for view in views)
        self.watch.look_at(views)
        self._show_fault()
        self.changed.emit()

    def start(self, plan: Plan) -> None:
        """Start training by a plan, in a new folder and its own process."""
        try:
            folder = new_run(self.root, plan)
            folder.launch(self.device)
        except StudioError as error:
            self.complain(Fault(str(error)))
            self.refresh()
            return
        view = RunView(folder)
        self.views = (view, *self.views)
        self.select(view.name)
        self.refresh()

    def order(self, view: RunView, order: Order) -> None:
        """Pause, stop or resume a run; a run without a process gets one."""
        try:
            if view.alive:
                view.folder.order(order)
                self._asked[view.name] = order
            elif order == "go":
                view.folder.launch(self.device)
        except StudioError as error:
            self.complain(Fault(str(error)))
        self.refresh()

    def learn_longer(self, view: RunView) -> None:
        """Go on with a run that is done, for as long again."""
        learning = replace(view.plan.learning, updates=min(2 * view.plan.learning.updates, MAX_UPDATES))
        limit = 2 * view.plan.time_limit if view.plan.time_limit else None
        self._go_on_by(view, replace(view.plan, learning=learning, time_limit=limit))

    def step_back(self, view: RunView) -> None:
        """Go on from the last healthy state, more carefully, as the watchdog would."""
        try:
            view.folder.launch(self.device, step_back=True)
        except StudioError as error:
            self.complain(Fault(str(error)))
        self.refresh()

    def resume_from(self, view: RunView, source: str) -> None:
        """Go on with pictures that are at another place now."""
        self._go_on_by(view, replace(view.plan, source=source))

    def _go_on_by(self, view: RunView, plan: Plan) -> None:
        try:
            write_plan(view.folder.path, plan)
        except StudioError as error:
            self.complain(Fault(str(error)))
            return
        view.look()
        self.order(view, "go")

    def asked(self, view: RunView) -> Order | None:
        """What a run was told and has not done yet."""
        order = self._asked.get(view.name)
        is_paused = view.status.state == "paused"
        if not view.alive or (order == "go" and not is_paused) or (order == "pause" and is_paused):
            self._asked.pop(view.name, None)
            return None
        return order

    def delete(self, views: list[RunView]) -> None:
        """Move runs to the trash. Can be undone."""
        for view in views:
            what = _Removal(self, view.folder)
            self._undo.swap(f"Delete {view.name}", what.set_removed, False, True, page="train")

    def empty_trash(self) -> None:
        """Delete for good what was moved to the trash."""
        try:
            empty_trash(self.root)
        except StudioError as error:
            self.complain(Fault(str(error)))

    def save_model(self, view: RunView, best: bool = False) -> None:
        """Put the model as it is now, or the best one, among the person's own; `saved` says where."""
        self.export_model(view, new_user_model(f"{view.name}-best" if best else view.name), best)

    def export_model(self, view: RunView, to: Path, best: bool = False) -> None:
        """Copy the model as it is now, or the best one, to a file."""
        try:
            view.folder.export_model(to, best)
        except StudioError as error:
            self.complain(Fault(str(error)))
        else:
            self.saved.emit(to)

    def complain(self, fault: Fault) -> None:
        """Show an error above the page."""
        self._complaint = fault
        self._show_fault()

    def dismiss(self) -> None:
        """Remove the error or the warning."""
        if self._complaint is None and self.view is not None and self.view.events:
            self._dismissed[self.view.name] = self.view.events[-1].time
        self._complaint = None
        self._show_fault()

    def close(self) -> None:
        """Stop looking. Training in progress continues."""
        self._timer.stop()

    def warning(self, view: RunView) -> Event | None:
        """The newest warning of a run, unless it was put away or the run has been set going since."""
        for event in reversed(view.events):
            if event.kind in WARNINGS:
                return event if event.time > self._dismissed.get(view.name, 0.0) else None
            if event.kind in ("start", "resume", "go", "done"):
                return None
        return None

    def _show_fault(self) -> None:
        if self.fault != self._fault_shown:
            self._fault_shown = self.fault
            self.fault_changed.emit()


class _Removal:
    """One run that is moved to the trash and back."""

    def __init__(self, runs: Runs, folder: RunFolder) -> None:
        self._runs = runs
        self._folder = folder
        self._trashed: Trashed | None = None

    def set_removed(self, removed: bool) -> None:
        try:
            if removed:
                self._trashed = self._folder.trash()
            elif self._trashed is not None:
                self._trashed.restore()
        except StudioError as error:
            self._runs.complain(Fault(str(error)))
        self._runs.refresh()
        if not removed:
            self._runs.select(self._folder.name)
