"""What the window and its pages can do, for the palette and for the help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QScrollArea, QWidget

from ebm_studio.app.pages.page import Page
from ebm_studio.app.shell import shelf_tiles
from ebm_studio.app.shell.command_palette import Command, keys_text
from ebm_studio.app.studio.keys import Line
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import ShowModel
from ebm_studio.app.widgets.actions import line
from ebm_studio.data.models.card import bundled_models


def commands(
    window: QWidget, pages: Sequence[Page], shown: Page, show: Callable[[Page], object], studio: Studio
) -> list[Command]:
    """All actions, those of the page that is shown first, the controls of the pages, and the models."""

    def command(action: QAction, page: Page | None = None) -> Command:
        def do() -> None:
            if page is not None:
                show(page)
            action.trigger()

        text = action.text() if page is None else f"{page.title}: {action.text()}"
        return Command(text, keys_text(action.shortcuts()), do)

    found = [command(action) for action in (*shown.actions(), *window.actions()) if action.isEnabled()]
    found += [command(action, page) for page in pages if page is not shown for action in page.actions()]
    found += [_visit(page, name, control, show) for page in pages for name, control in page.findables()]
    names = [path.stem for path in bundled_models()]
    return found + [Command(f"Open the model {name}", "", partial(studio.wish, ShowModel(name))) for name in names]


def _visit(page: Page, name: str, control: QWidget, show: Callable[[Page], object]) -> Command:
    """Go to a control, and give it the focus."""

    def do() -> None:
        show(page)
        control.setFocus(Qt.FocusReason.ShortcutFocusReason)
        above = control.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(control)
            above = above.parentWidget()

    return Command(f"{page.title}: {name}", "", do)


def key_groups(window: QWidget, pages: Sequence[Page]) -> list[tuple[str, Sequence[Line]]]:
    """All that keys do: in the whole window, on its shelf, then on each page and its controls."""
    groups: list[tuple[str, Sequence[Line]]] = [("Everywhere", _lines(window)), ("On the shelf", shelf_tiles.HELP)]
    for page in pages:
        groups.append((page.title, _lines(page)))
        groups += [(f"{page.title}: {where}", lines) for where, lines in page.controls]
    return [(title, lines) for title, lines in groups if lines]


def _lines(owner: QWidget) -> list[Line]:
    return [line(action) for action in owner.actions() if action.shortcuts()]
