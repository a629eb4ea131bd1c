"""What all pages share and what outlives the window: the shelf, the history, undo, the session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from ebm_studio.app.pages.generate.history import History
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.session import Session
from ebm_studio.app.studio.shelf import Kept, Shelf
from ebm_studio.app.studio.shelf_files import load_contents, save_contents
from ebm_studio.core.errors import DataError
from ebm_studio.data.models.latent import FromSeed
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import RunChain
from ebm_studio.engine.requests import Ended, Request

LANE = "shelf "


class Desk(QObject):
    """Puts them together.

    >>> desk.shelf.slot("A")                # a `Kept`, or None
    >>> desk.session.add("train", save, load, changed)      # a page that is remembered; before `open`
    """

    def __init__(self, state: GenerateState, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
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
            state.selection_changed,
            state.playback.mode_changed,
            state.model_changed,
        )
        self.shelf.opened.connect(self.show)
        self.shelf.came.connect(self._draw)
        self._drawn: dict[str, ChainStore] = {}
        state.link.posted.connect(self._take)
        state.link.ended.connect(self._end)
        self.session.add("shelf", self._save_shelf, self._load_shelf, self.shelf.changed)
        self.session.add("history", lambda: self.history.save(self._runs), self._load_history, self.history.changed)

    def open(self) -> None:
        """Be as the last launch was left."""
        self.session.load()

    def show(self, kept: Kept) -> None:
        """Run the chain of something kept on the Generate page, with the model that it was kept from."""
        latent = kept.latent
        model = self._state.find_model(latent.model, latent.model_hash)
        if model is None:
            self.shelf.failed.emit(f"{kept.name} was kept from {latent.model}: open that model first.")
        elif isinstance(latent.origin, FromSeed):
            self._state.show_chain(model, latent.origin.seed, latent.origin.chain, latent.short_run)
        elif self._state.model is None or self._state.model.name != model:
            self.shelf.failed.emit(f"{kept.name} was kept from {latent.model}: open that model first.")
        else:
            self._state.run_latent(latent)

    def _draw(self, kept: Kept) -> None:
        """Run the chain of a latent that came without a picture, when nobody waits for anything else."""
        latent = kept.latent
        model = self._state.find_model(latent.model, latent.model_hash)
        if model is not None:
            self._state.link.submit(
                RunChain(model=model, run=latent.short_run, latents=(latent,), lane=LANE + kept.key, background=True)
            )

    def _take(self, request: Request, value: object) -> None:
        if request.lane.startswith(LANE) and isinstance(value, ChainStore):
            self._drawn[request.lane] = value

    def _end(self, ended: Ended) -> None:
        store = self._drawn.pop(ended.request.lane, None)
        if store is not None and store.whole:
            key = ended.request.lane.removeprefix(LANE)
            self._kept.forget(key)
            self.shelf.set_picture(key, store.pixels(store.rows - 1)[0])

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
            raise DataError(f"{len(faults)} of what was kept cannot be read: {faults[0]}")

    def _load_history(self, data: Any) -> None:
        self.history.load(data, self._runs)
