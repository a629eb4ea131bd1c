"""Restores what an exported file was made from, on the page that makes such files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.studio import Studio
from ebm_studio.engine.jobs.exports import Opened, OpenRecipe, OpenText
from ebm_studio.engine.requests import Ended, Fault


class RecipeOpener(QObject):
    """The engine reads the file and finds the model; nothing changes until both are valid."""

    def __init__(self, studio: Studio, pages: Sequence[Page], show: Callable[[Page], object], parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._pages = pages
        self._show = show

    def open(self, files: list[Path]) -> None:
        """Restore the settings that made the first of the files."""
        request = OpenRecipe(lane="recipe", path=files[0], open_models=self._open_models)
        self._studio.link.submit(request, self._take, self._end)

    def open_text(self, text: str) -> None:
        """Restore what a recipe's text or a line of the command line makes."""
        request = OpenText(lane="recipe", text=text, open_models=self._open_models)
        self._studio.link.submit(request, self._take, self._end)

    @property
    def _open_models(self) -> tuple[str, ...]:
        ready = self._studio.open.model
        names = [*([ready.name] if ready else []), *(name for page in self._pages for name in page.models_in_use())]
        return tuple(dict.fromkeys(names))

    def _take(self, opened: Opened) -> None:
        page = next(page for page in self._pages if isinstance(opened.recipe, page.restores))
        self._show(page)
        page.restore_recipe(opened)
        if opened.note:
            self._studio.faults.show(Fault(opened.note))

    def _end(self, ended: Ended) -> None:
        if ended.fault is not None:
            self._studio.faults.show(ended.fault)
