"""The main window: rail, pages, status line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import SCHEMES, Theme
from ebm_studio.app.pages.compare.page import ComparePage
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.pages.export.dialog import ExportDialog
from ebm_studio.app.pages.export.state import ExportState
from ebm_studio.app.pages.generate.page import GeneratePage
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.pages.help.page import HelpPage
from ebm_studio.app.pages.interpolate.page import InterpolatePage
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.pages.interpolate.stops import opens
from ebm_studio.app.pages.models.page import ModelsPage
from ebm_studio.app.pages.models.state import Zoo
from ebm_studio.app.pages.page import Page
from ebm_studio.app.pages.reconstruct.page import ReconstructPage
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.pages.settings.page import SettingsPage
from ebm_studio.app.pages.train.page import TrainPage
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.pages.train.setup.state import TrainSetup
from ebm_studio.app.shell import shelf_tiles
from ebm_studio.app.shell.close_prompt import Leaving
from ebm_studio.app.shell.command_palette import Command, Palette, keys_text
from ebm_studio.app.shell.drop_overlay import Veil
from ebm_studio.app.shell.first_steps import Hint
from ebm_studio.app.shell.newer_snapshot_button import SnapshotButton
from ebm_studio.app.shell.page_undo import PageUndo
from ebm_studio.app.shell.rail import Rail
from ebm_studio.app.shell.recipe_opener import RecipeOpener
from ebm_studio.app.shell.shelf_strip import ShelfStrip
from ebm_studio.app.shell.status_bar import Status
from ebm_studio.app.shell.training_button import LearnsButton
from ebm_studio.app.shell.undo_button import UndoButton
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.openers import Drops, Opener, local_files
from ebm_studio.app.studio.playback import Playback
from ebm_studio.app.studio.preferences import PreferenceStore
from ebm_studio.app.studio.studio import Desk
from ebm_studio.app.widgets.actions import Line, act, give_way, line, press
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.fields import button
from ebm_studio.data.exports.recipe import holds_recipe
from ebm_studio.data.models.card import bundled_models, is_model_file
from ebm_studio.data.models.latent import is_latent_file
from ebm_studio.data.storage.logs import Ring
from ebm_studio.data.storage.settings import Settings
from ebm_studio.engine.requests import Fault


class MainWindow(QMainWindow):
    """Paints itself first, then starts the engine on the model."""

    painted = Signal()
    """After the first paint."""
    started = Signal()
    """The session is there, and the first model loads: files can be opened."""

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        model: str | None = None,
        device: str | None = None,
        log: Ring | None = None,
    ) -> None:
        super().__init__()
        self.setWindowTitle("EBM Studio")
        self._settings = settings
        self._model = model
        self._is_painted = False
        self.setAcceptDrops(True)
        self._theme = theme
        self.preferences = PreferenceStore(settings, self)
        chosen = self.preferences.values
        self.link = EngineLink(device or chosen.device, self, chosen.threads)
        self.faults = Faults(self)
        self.state = GenerateState(self.link, self)
        self.desk = Desk(self.state, settings.path.parent / "session", self)
        self.generate = GeneratePage(theme, self.state, self.desk)
        self.reconstruct = ReconstructPage(theme, ReconstructState(self.state, self.desk.shelf, self))
        self._remember_photos(self.desk.session.folder / "photos")
        self.path = PathState(self.state, self.desk.shelf, self)
        self.desk.session.add(
            "interpolate", self.path.to_dict, self.path.from_dict, self.path.parameters_changed, self.path.view_changed
        )
        self.interpolate = InterpolatePage(theme, self.path)
        self.runs = Runs(self.desk.undo, device or chosen.device, self)
        setup = TrainSetup(self.link, self.desk.undo, self)
        self.desk.session.add("train", setup.to_dict, setup.from_dict, setup.changed)
        self.snapshot = SnapshotButton(theme, self.state, self.runs)
        self.generate.header.add(self.snapshot)
        self.train = TrainPage(theme, setup, self.runs)
        self.exports = ExportDialog(theme, ExportState(self.link, settings, self), self)
        self.compare_state = CompareState(self.link, self.desk.undo, self)
        self.recipes = RecipeOpener(self.state, self.reconstruct.state, self.path, self.compare_state, self)
        self.rail = Rail(theme)
        self.pages = QStackedWidget()
        self.banner = Banner(theme, self.faults)
        for signal in (self.desk.session.failed, self.desk.shelf.failed):
            signal.connect(lambda text: self.faults.show(Fault(text)))
        self.drops = Drops()
        self.drops.add(Opener(holds_recipe, self.recipes.open, "Restore the settings that made this file", first=True))
        self.recipes.failed.connect(self.faults.show)
        self.recipes.restoring.connect(lambda key: self.show_page(getattr(self, key)))
        self.drops.add(Opener(is_latent_file, self.desk.shelf.open_files, "Keep the latents"))
        self.drops.add(Opener(is_model_file, lambda files: self.open_model(str(files[0])), "Open the model"))
        self.drops.add(self.reconstruct.opener)
        self.drops.add(self.train.opener)
        self.drops.add(Opener(opens, self.path.fill, "Interpolate between these", page=self.interpolate))
        self.undo = PageUndo(self.desk.undo, lambda: self.page.key, self._go, self)
        act(self, "Undo", self.undo.undo, "Ctrl+Z")
        act(self, "Redo", self.undo.redo, "Ctrl+Shift+Z", "Ctrl+Y")
        act(self, "Export", self.export, "Ctrl+E")
        act(self, "Save the session", self.desk.session.save, "Ctrl+S")
        self.rail.chosen.connect(lambda index: self.show_page(self._page(index)))
        self.zoo = Zoo(self.link, settings, self.faults, self)
        self.models = ModelsPage(theme, self.state, self.zoo)
        self.models.opened.connect(self.open_model)
        self.add_page(self.generate)
        self.add_page(self.reconstruct)
        compared = self.compare_state
        self.desk.session.add(
            "compare", compared.to_dict, compared.from_dict, compared.parameters_changed, compared.view_changed,
            compared.selection_changed,
        )  # fmt: skip
        self.compare = ComparePage(theme, self.compare_state)
        self.models.compared.connect(self.compare_with)
        self.compare.asks.connect(self.compare_with)
        self.state.model_changed.connect(self.compare.ask)
        act(self.generate, "Compare with other settings", self.compare_with)
        self.add_page(self.interpolate)
        self.add_page(self.compare)
        self.train.tried.connect(self.open_model)
        self.add_page(self.train)
        self.add_page(self.models)
        self.settings = SettingsPage(self.preferences)
        self.help = HelpPage(theme, self.key_groups, log or Ring())
        for page in (self.settings, self.help):
            self.add_page(page, low=True)
        self.hint = Hint(settings)
        self.leaving = Leaving(theme, self.runs, self.preferences, self.close)
        self.veil = Veil(theme, self)
        self.palette_of_commands = Palette(self, self._commands)
        self._add_actions()
        self.rail.add_tool(button(theme, "export", "Export", "Export what is shown (Ctrl+E).", self.export))
        self.rail.add_tool(UndoButton(theme, self.undo, back=True))
        self.rail.add_tool(UndoButton(theme, self.undo, back=False))
        self.shelf = ShelfStrip(theme, self.desk.shelf)
        self.status = Status(self.state)
        self.undo.noted.connect(self.status.note.setText)
        self.pages.currentChanged.connect(lambda: self.status.note.clear())
        self.learns = LearnsButton(self.runs)
        self.learns.wanted.connect(self.show_run)
        self.status.add(self.learns)
        self._lay_out()
        self._restore()
        self.show_page(self.generate)
        self.desk.session.add("window", self._to_dict, self._from_dict, self.pages.currentChanged)

    def _remember_photos(self, folder: Path) -> None:
        state, drawer = self.reconstruct.state, Drawer(folder)
        self.desk.session.add(
            "reconstruct", lambda: state.to_dict(drawer), lambda data: state.from_dict(data, drawer),
            state.photos_changed, state.selection_changed, state.settings_changed, state.view_changed,
            state.brush_changed,
        )  # fmt: skip

    def add_page(self, page: Page, low: bool = False) -> None:
        """Put a page on the rail, below those there are, or `low`, at its foot."""
        self.pages.addWidget(page)
        self.rail.add_page(page.key, page.title, page.tip, low)
        number = self.pages.count()
        act(self, f"Go to {page.title}", lambda: self.show_page(page), f"Ctrl+{number}")

    def _add_actions(self) -> None:
        act(self, "Command palette", self.palette_of_commands.open, "Ctrl+K", "Ctrl+Shift+P")
        act(self, "Show all keys", lambda: self._show_help("keys"), "?", "F1")
        act(self, "Show the log", lambda: self._show_help("log"))
        act(self, "About EBM Studio", lambda: self._show_help("about"))
        act(self, "Open a model file", self.models.open_file, QKeySequence.StandardKey.Open)
        for scheme in SCHEMES:
            act(self, f"Look: {scheme}", partial(self.preferences.set, "scheme", scheme))
        act(self, "Fold or unfold the shelf", lambda: self.shelf.fold.click(), "Ctrl+J")
        act(self, "Quit", self.close, "Ctrl+Q")
        self.rail.look_chosen.connect(lambda scheme: self.preferences.set("scheme", scheme))
        self.preferences.changed.connect(self._apply)
        for name in ("memory", "speed", "loop", "background"):
            self._apply(name)

    @property
    def _playbacks(self) -> tuple[Playback, ...]:
        """Those of the chains."""
        return (self.state.playback, self.reconstruct.state.playback, self.compare_state.playback)

    def _apply(self, name: str) -> None:
        """Let a changed setting take effect."""
        chosen = self.preferences.values
        if name == "scheme":
            self._theme.choose(chosen.scheme)
        elif name == "leaving":
            return
        elif name in ("device", "threads"):
            self.runs.device = chosen.device
            self.link.restart(chosen.device, chosen.threads)
            self.state.reload()
        elif name == "memory":
            self.state.bound = self.compare_state.bound = self.reconstruct.state.bound = chosen.memory * 2**20
        elif name == "background":
            self.reconstruct.state.paper = self.path.paper = chosen.background
        elif name == "speed":
            for playback in self._playbacks:
                playback.set_speed(chosen.speed)
        elif name == "loop":
            for playback in self._playbacks:
                playback.set_mode("loop" if chosen.loop else "once")

    def _show_help(self, view: str) -> None:
        self.help.choose(view)
        self.show_page(self.help)

    def key_groups(self) -> list[tuple[str, Sequence[Line]]]:
        """All that keys do: in the whole window, on its shelf, then on each page and its controls."""
        groups: list[tuple[str, Sequence[Line]]] = [("Everywhere", _lines(self)), ("On the shelf", shelf_tiles.HELP)]
        for index in range(self.pages.count()):
            page = self._page(index)
            groups.append((page.title, _lines(page)))
            groups += [(f"{page.title}: {where}", lines) for where, lines in page.controls]
        return [(title, lines) for title, lines in groups if lines]

    def _commands(self) -> list[Command]:
        """All actions, those of the page that is shown first, and the models."""

        def command(action: QAction, page: Page | None = None) -> Command:
            def do() -> None:
                if page is not None:
                    self.show_page(page)
                action.trigger()

            text = action.text() if page is None else f"{page.title}: {action.text()}"
            return Command(text, keys_text(action.shortcuts()), do)

        others = [self._page(index) for index in range(self.pages.count()) if self._page(index) is not self.page]
        found = [command(action) for action in (*self.page.actions(), *self.actions()) if action.isEnabled()]
        found += [command(action, page) for page in others for action in page.actions()]
        names = [path.stem for path in bundled_models()]
        return found + [Command(f"Open the model {name}", "", partial(self.open_model, name)) for name in names]

    def show_page(self, page: Page) -> None:
        """Show a page, and let the keys go there."""
        self.pages.setCurrentWidget(page)
        self.rail.show_page(self.pages.currentIndex())
        give_way(self, page)
        page.focus_first()

    def _go(self, key: str) -> None:
        """Show the page of that key."""
        self.show_page(next(page for page in map(self._page, range(self.pages.count())) if page.key == key))

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._page(self.pages.currentIndex())

    def _page(self, index: int) -> Page:
        page = self.pages.widget(index)
        assert isinstance(page, Page)
        return page

    def _lay_out(self) -> None:
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.pages, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.leaving)
        column.addWidget(self.hint)
        column.addWidget(middle, 1)
        column.addWidget(self.shelf)
        column.addWidget(self.status)
        self.setCentralWidget(whole)

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and not self._is_painted:
            self._is_painted = True
            # The screen gets the empty window before torch and pyqtgraph take the interpreter.
            QTimer.singleShot(0, self._start)
        return handled

    def _start(self) -> None:
        self.painted.emit()
        # One after the other: two imports at once would only wait for each other's turns.
        self.generate.timeline.add_plots()
        self.desk.open()
        self.state.open_first(self._model)
        self.runs.refresh()
        self.started.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        owners = (self,) if QApplication.focusWidget() else (self.page, self)
        if not any(press(owner, event) for owner in owners):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if paths := local_files(event.mimeData()):
            taken, left = self.drops.share_out(paths, self.page)
            self.veil.cover(" · ".join(opener.hint for opener in taken) or _unknown(left))
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.veil.hide()
        self.open_files(local_files(event.mimeData()))
        event.acceptProposedAction()

    def open_files(self, paths: list[Path]) -> None:
        """Hand files to the pages that take them."""
        taken, left = self.drops.share_out(paths, self.page)
        for opener, files in taken.items():
            if opener.page is not None:
                self.show_page(opener.page)
            opener.open(files)
        if left:
            self.faults.show(Fault(_unknown(left)))

    def export(self) -> None:
        """Open the export dialog on what the page shows."""
        things = self.page.exportables()
        if not things:
            self.faults.show(Fault(f"There is nothing to export on {self.page.title} yet."))
            return
        self.exports.state.offer(things)
        self.exports.show()
        self.exports.raise_()
        self.exports.activateWindow()

    def open_model(self, name: str) -> None:
        """Open a model by name or file, and see it run."""
        self.show_page(self.generate)
        self.state.open_model(name)

    def show_run(self, name: str) -> None:
        """Look at a run on the Train page."""
        self.runs.select(name)
        self.show_page(self.train)

    def compare_with(self, name: str | None = None) -> None:
        """Put what the Generate page runs on side A, and beside it the same, or another model, on side B."""
        ready, run = self.state.model, self.state.parameters.run
        if ready is not None:
            self.compare_state.begin(ready, self.state.parameters.seed, run)
            if name is not None and name != ready.name:
                self.compare_state.sides[1].open_model(name)
        self.show_page(self.compare)

    def leave(self) -> None:
        """Close without a question: what learns goes on."""
        self.leaving.answered = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.leaving.may_close():
            event.ignore()
            return
        self.hide()  # at once; the engine may need to finish a step
        self._settings.set("window/geometry", bytes(self.saveGeometry().data()))
        self._settings.set("window/shelf_folded", self.shelf.folded)
        for index in range(self.pages.count()):
            self._page(index).remember(self._settings)
        self.exports.close()
        self.desk.close()
        self.compare_state.close()
        self.path.close()
        self.train.setup.close()
        self.runs.close()
        self.reconstruct.state.close()
        self.state.close()
        super().closeEvent(event)

    def _to_dict(self) -> dict[str, str]:
        """What a session remembers."""
        return {"page": self.page.key}

    def _from_dict(self, data: dict[str, str]) -> None:
        """Be as a session was left; a model that was asked for is looked at where it runs."""
        pages = {self._page(index).key: self._page(index) for index in range(self.pages.count())}
        if self._model is None:
            self.show_page(pages.get(data["page"], self.generate))

    def _restore(self) -> None:
        self.resize(1280, 800)
        if self.restoreGeometry(self._settings.blob("window/geometry")):  # which believes any size
            room = self.screen().availableSize()
            self.resize(self.size().boundedTo(room).expandedTo(self.minimumSizeHint()))
        self.shelf.set_folded(self._settings.flag("window/shelf_folded"))
        for index in range(self.pages.count()):
            self._page(index).restore(self._settings)


def _lines(owner: QWidget) -> list[Line]:
    return [line(action) for action in owner.actions() if action.shortcuts()]


def _unknown(paths: list[Path]) -> str:
    names = ", ".join(path.name for path in paths[:3]) + (" and others" if len(paths) > 3 else "")
    known = "a picture, a folder or zip of pictures, a model, a latent, or a file that was exported here"
    return f"Can't open {names}. Drop {known} instead."
