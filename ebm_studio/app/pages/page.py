"""What every page has in common. `docs/adr/0005-adding-a-page.md` says in ten lines how to add one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.keys import Line
from ebm_studio.app.studio.openers import Opener
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.tour_stop import Stop
from ebm_studio.app.widgets.actions import press
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.fields import Parameter
from ebm_studio.app.widgets.splitter import Splitter, remember_split, restore_split
from ebm_studio.core.errors import DataError
from ebm_studio.data.exports.commands import command_of
from ebm_studio.data.exports.recipe import HistoryRecipe, LandscapeRecipe, Recipe
from ebm_studio.data.storage.settings import Settings

if TYPE_CHECKING:
    from ebm_studio.engine.jobs.exports import Opened


class Page(QWidget):
    """A page of the window, with the actions that `act(page, …)` gave it.

    `PAGES` in `shell/registry.py` names the classes; the window creates one of each and calls the methods below. A page
    overrides only those it needs.
    """

    key: ClassVar[str] = ""
    """The name of its icon, and of its group in the settings."""
    title: ClassVar[str] = ""
    tip: ClassVar[str] = ""
    """What the page is for, in one sentence."""
    low: ClassVar[bool] = False
    """Whether its icon is at the foot of the rail."""
    controls: ClassVar[Sequence[tuple[str, Sequence[Line]]]] = ()
    """The controls with keys of their own: where that is, and what they do."""
    wishes: ClassVar[tuple[type, ...]] = ()
    """The kinds of `studio.wishes` that it takes."""
    restores: ClassVar[tuple[type[Recipe], ...]] = ()
    """The kinds of recipes that it shows again: what its own exports were made from."""

    captions_changed = Signal()
    """`captions` are about other widgets than before, and those may soon be gone."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self.studio = studio
        self.splitters: dict[str, Splitter] = {}
        """Those whose sizes the next launch finds again, by name."""
        self.stage: QWidget | None = None
        """What is shown alone when the window presents; None where there is no picture to show."""
        self.setObjectName("page")
        self.setAccessibleName(self.title)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers()
        if is_enter and isinstance(QApplication.focusWidget(), QAbstractSpinBox):
            self.take_focus()  # a field takes its number and passes the Enter on; the keys steer the page again
        elif not press(self, event):
            super().keyPressEvent(event)

    # The keys

    def focus_first(self) -> None:
        """Give the focus to where the keys should go when the page is chosen."""

    def take_focus(self) -> None:
        """Take the focus from a field that is done with."""
        self.focus_first()

    def findables(self) -> Iterable[tuple[str, QWidget]]:
        """The controls that the command palette finds by name, each with what takes the focus."""
        for parameter in self.findChildren(Parameter):
            if parameter.isVisibleTo(self):
                yield parameter.field.accessibleName(), parameter.field

    # Files and other pages

    def captions(self) -> Iterable[Caption]:
        """What the things on it are, in plain words: drawn next to them in explain mode."""
        return ()

    def tour_stops(self) -> Iterable[Stop]:
        """Where the tour stops on it."""
        return ()

    def openers(self) -> Iterable[Opener]:
        """The kinds of files that it opens when they are dropped on the window."""
        return ()

    def receive(self, wish: object) -> None:
        """Do what another page asks, one of `wishes`. The page is shown already."""

    def exportables(self) -> list[Exportable]:
        """What there is to export now, the likeliest first."""
        return []

    def command(self) -> str:
        """The line of the command line that makes what is shown. Raises `DataError` when there is none."""
        known = {model.card.name: model.name} if (model := self.studio.open.model) else {}
        for recipe in (thing.recipe for thing in self.exportables()):
            name = "" if isinstance(recipe, LandscapeRecipe | HistoryRecipe) else known.get(recipe.sides[0].model, "")
            with suppress(DataError):
                return command_of(recipe, name)
        raise DataError(f"No command can draw what {self.title} shows now: export it, and replay the file.")

    def restore_recipe(self, opened: Opened) -> None:
        """Show again what a file was made from. The page is shown already."""

    def models_in_use(self) -> Iterable[str]:
        """The names of the models that it has open besides the one that is open in the studio."""
        return ()

    # What it adds to the window

    def status_widgets(self) -> Iterable[QWidget]:
        """What it shows in the status line, whatever page is shown."""
        return ()

    def strips(self) -> Iterable[QWidget]:
        """What it shows in the window's head at times, whatever page is shown."""
        return ()

    # From launch to exit

    def session_parts(self) -> Iterable[Part]:
        """What the session remembers of it."""
        return ()

    def prepare(self) -> None:
        """After the first paint, before the session is read: import what takes its time."""

    def begin(self) -> None:
        """Called after the session is read: start working."""

    def may_close(self) -> bool:
        """Whether the window may close now; if not, one of `strips` asks."""
        return True

    def remember(self, settings: Settings) -> None:
        """Write what the next launch should find: the sizes of `splitters`, and what a page adds."""
        for name, split in self.splitters.items():
            remember_split(settings, f"{self.key}/{name}", split)

    def restore(self, settings: Settings) -> None:
        """Be as the last launch was left."""
        for name, split in self.splitters.items():
            restore_split(settings, f"{self.key}/{name}", split)

    def shut(self) -> None:
        """The session is saved and the window closes: stop every timer and thread. It may be called twice."""
