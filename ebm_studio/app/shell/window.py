"""The main window: rail, pages, shelf, status line. It knows no page by name; `registry` lists them."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.page import Page
from ebm_studio.app.shell.command_clipboard import CommandClipboard
from ebm_studio.app.shell.command_palette import Palette
from ebm_studio.app.shell.commands import commands, key_groups
from ebm_studio.app.shell.explain_button import ExplainButton
from ebm_studio.app.shell.exporting import Exporting
from ebm_studio.app.shell.file_drops import FileDrops
from ebm_studio.app.shell.first_paint import FirstPaint
from ebm_studio.app.shell.first_steps import Hint
from ebm_studio.app.shell.page_undo import PageUndo
from ebm_studio.app.shell.presentation import Presentation
from ebm_studio.app.shell.rail import Rail
from ebm_studio.app.shell.recipe_opener import RecipeOpener
from ebm_studio.app.shell.registry import PAGES, export_dialog
from ebm_studio.app.shell.shelf_strip import ShelfStrip
from ebm_studio.app.shell.status_bar import Status
from ebm_studio.app.shell.tour import Tour
from ebm_studio.app.shell.undo_button import UndoButton
from ebm_studio.app.shell.window_actions import add_actions
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import ShowModel, TakeTour
from ebm_studio.app.widgets.actions import act, give_way, press
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.copying import empty_lonely_clipboard
from ebm_studio.app.widgets.fields import button, close_packed
from ebm_studio.app.widgets.model_chooser import choose_model_file
from ebm_studio.data.storage.logs import Ring
from ebm_studio.data.storage.settings import Settings

P = TypeVar("P", bound=Page)


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
        self._theme, self._may_ask = theme, True
        self._starter = FirstPaint(self)
        self._starter.done.connect(self._start)
        self.studio = Studio(settings, model, device, log, self)
        with theme.building():
            self._build()
        self._restore()
        self.show_page(self.pages[0])
        self.studio.key_groups = lambda: key_groups(self, self.pages)
        self.studio.wished.connect(self._grant)
        part = Part("window", lambda: {"page": self.page.key}, self._from_dict, (self.stack.currentChanged,))
        self.studio.session.add(part)
        if isinstance(app := QApplication.instance(), QApplication):
            app.focusChanged.connect(self._keep_focus)

    def _build(self) -> None:
        """Make all pages, and what hangs them."""
        theme, studio = self._theme, self.studio
        self.pages = tuple(page(studio, theme) for page in PAGES)
        self.rail = Rail(theme)
        self.stack = QStackedWidget()
        for page in self.pages:
            self._hang(page)
        self.exports = export_dialog(studio, theme, self)
        self.exporting = Exporting(theme, studio, self.exports, self)
        self.recipes = RecipeOpener(studio, self.pages, self.show_page, self)
        self.clipboard = CommandClipboard(studio.faults, lambda: self.page.command(), self.recipes.open_text, self)
        self.palette_of_commands = Palette(self, lambda: commands(self, self.pages, self.page, self.show_page, studio))
        self.files = FileDrops(theme, self, self.recipes.open)
        self.undo = PageUndo(studio.undo, lambda: self.page.key, self.show_key, self)
        add_actions(self)
        self._lay_out()

    def _hang(self, page: Page) -> None:
        """Put a page on the rail."""
        self.stack.addWidget(page)
        keys = [f"Ctrl+{number % 10}"] if (number := self.stack.count()) <= 10 else []
        self.rail.add_page(page.key, page.title, page.tip, page.low, *keys)
        act(self, f"Go to {page.title}", lambda: self.show_page(page), *keys)
        for part in page.session_parts():
            self.studio.session.add(part)

    def _lay_out(self) -> None:
        theme, studio = self._theme, self.studio
        self.rail.chosen.connect(lambda index: self.show_page(self.pages[index]))
        studio.preferences.follow("scheme", theme.choose, at_once=False)
        self.explain = ExplainButton(theme, studio, self.stack, self.pages, lambda: self.page)
        for back, name in ((True, "Undo"), (False, "Redo")):
            self.rail.add_tool(UndoButton(theme, self.undo, back=back), name)
        self.rail.add_tool(button(theme, "export", "Export", "Export what is shown (Ctrl+E).", self.export), "Export")
        self.rail.add_tool(self.explain, "Explain")
        self.tour = Tour(self.pages, self.show_page)
        self.banner = Banner(theme, studio.faults)
        self.hint = Hint(studio.settings)
        self.shelf = ShelfStrip(theme, studio.shelf)
        self.status = Status(studio.open, {page.key: page.title for page in self.pages})
        for noted in (self.undo.noted, self.clipboard.noted):
            noted.connect(self.status.note.setText)
        self.stack.currentChanged.connect(lambda: self.status.note.clear())
        for widget in (widget for page in self.pages for widget in page.status_widgets()):
            self.status.add(widget)
        middle, whole = QWidget(), QWidget()
        row, column = close_packed(QHBoxLayout(middle)), close_packed(QVBoxLayout(whole))
        row.addWidget(self.rail)
        row.addWidget(self.stack, 1)
        strips = (strip for page in self.pages for strip in page.strips())
        # Below the header of the page that is shown when it happens, and there it stays.
        studio.faults.fault_changed.connect(lambda: self.banner.lie_over(self.page, 6 * UNIT))
        self.exporting.notice.lie_over(self.stack, 6 * UNIT)
        for widget in (*strips, self.tour, self.hint):
            column.addWidget(widget)
        column.addWidget(middle, 1)
        below = self.shelf, self.status
        self.presentation = Presentation(self, lambda: self.page, (self.rail, *below, self.banner, self.hint))
        for widget in (*below, self.presentation):
            column.addWidget(widget)
        self.setCentralWidget(whole)

    def show_page(self, page: Page) -> None:
        """Show a page, and let the keys go there."""
        self.presentation.end()
        self.stack.setCurrentWidget(page)
        self.rail.show_page(self.stack.currentIndex())
        self.studio.link.bring_to_front(page.key)
        self.explain.show_captions()
        give_way(self, page)
        page.focus_first()

    def _keep_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        """What hides while it has the focus leaves it to the page; Qt would give it to the window's first button."""
        has_hidden = old is not None and not old.isVisible() and self.isAncestorOf(old)
        if has_hidden and new is not None and self.isAncestorOf(new) and not self.page.isAncestorOf(new):
            self.page.focus_first()

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.pages[self.stack.currentIndex()]

    def page_of(self, kind: type[P]) -> P:
        """The page of a class."""
        return next(page for page in self.pages if isinstance(page, kind))

    def show_key(self, key: str) -> None:
        """Show the page of a key, or the first one."""
        self.show_page(next((page for page in self.pages if page.key == key), self.pages[0]))

    def _grant(self, wish: object) -> None:
        if isinstance(wish, TakeTour):
            self.hint.hide()  # two strips that teach would be one too many
            self.tour.start()
            return
        page = next(page for page in self.pages if isinstance(wish, page.wishes))
        self.show_page(page)
        page.receive(wish)

    def open_model(self, name: str) -> None:
        """Open a model by name or file."""
        self.studio.wish(ShowModel(name))

    def ask_for_model(self) -> None:
        """Open the model file that a person chooses."""
        if name := choose_model_file(self):
            self.open_model(name)

    def export(self) -> None:
        """Open the export dialog on what the page shows."""
        self.exporting.start(self.page)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        owners = (self,) if QApplication.focusWidget() else (self.page, self)
        if not any(press(owner, event) for owner in owners):
            super().keyPressEvent(event)

    def _start(self) -> None:
        self.painted.emit()
        # One after the other: two imports at once would only wait for each other's turns.
        for page in self.pages:
            page.prepare()
        self.studio.session.load()
        for page in self.pages:
            page.begin()
        self.started.emit()

    def leave(self) -> None:
        """Close without a question."""
        self._may_ask = False
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_ask and not all(page.may_close() for page in self.pages):
            event.ignore()
            return
        self.presentation.end()
        self.hide()  # at once; the engine may need to finish a step
        self.studio.settings.set("window/geometry", bytes(self.saveGeometry().data()))
        self.studio.settings.set("window/shelf_folded", self.shelf.folded_by_hand)
        for page in self.pages:
            page.remember(self.studio.settings)
        self.exports.close()
        self.studio.session.close()
        self.shut()
        super().closeEvent(event)

    def shut(self) -> None:
        """Stop every timer and thread; also for a window whose event loop ended before it was closed."""
        self._starter.stop()
        for page in self.pages:
            page.shut()
        self.studio.close()
        empty_lonely_clipboard()

    def _from_dict(self, data: dict[str, str]) -> None:
        """Restore the session; if a model was requested, show the page that runs it."""
        if self.studio.asked_model is None:
            self.show_key(data["page"])

    def _restore(self) -> None:
        self.resize(1280, 800)
        settings = self.studio.settings
        # Qt accepts any size from it, even one that does not fit.
        self.restoreGeometry(settings.blob("window/geometry"))
        self.resize(self.size().boundedTo(self.screen().availableSize()).expandedTo(self.minimumSizeHint()))
        self.shelf.set_folded(settings.flag("window/shelf_folded"))
        for page in self.pages:
            page.restore(settings)
