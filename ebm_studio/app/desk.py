"""What all pages share and what outlives the window: the shelf, the history, undo, the session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from ebm_studio.app.history import History
from ebm_studio.app.keeping import Drawer, load_contents, save_contents
from ebm_studio.app.session import Session
from ebm_studio.app.shelf_state import Shelf
from ebm_studio.app.state import GenerateState


class Desk(QObject):
    """Puts them together.

    >>> desk.shelf.slot("A")                # a `Kept`, or None
    >>> desk.session.add("train", save, load, changed)      # a page that is remembered; before `open`
    """

    def __init__(self, state: GenerateState, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo = state.undo
        self.shelf = Shelf(self.undo, self)
        self.history = History(state, self)
        self.session = Session(folder, self)
        self._kept = Drawer(folder / "shelf")
        self._runs = Drawer(folder / "history")
        self.session.add(
            "generate",
            state.to_dict,
            state.from_dict,
            state.parameters_changed,
            state.view_changed,
            state.model_changed,
        )
        self.session.add("shelf", self._save_shelf, self._load_shelf, self.shelf.changed)
        self.session.add("history", lambda: self.history.save(self._runs), self._load_history, self.history.changed)

    def open(self) -> None:
        """Be as the last launch was left."""
        self.session.load()

    def close(self) -> None:
        """Save, and throw away the files of what is no longer kept."""
        self.session.save()
        self._kept.tidy(self.shelf.contents.all)
        self._runs.tidy(run.key for run in self.history.runs)

    def _save_shelf(self) -> dict[str, Any]:
        return save_contents(self.shelf.contents, self._kept)

    def _load_shelf(self, data: Any) -> None:
        contents, faults = load_contents(data, self._kept)
        self.shelf.restore(contents)
        if faults:
            self.session.failed.emit(f"{len(faults)} of what was kept cannot be read: {faults[0]}")

    def _load_history(self, data: Any) -> None:
        self.history.load(data, self._runs)
