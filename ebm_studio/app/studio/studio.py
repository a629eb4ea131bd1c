"""What all pages share and what outlives them."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.collector import Collector
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.keys import KeyGroups
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.preferences import PreferenceStore
from ebm_studio.app.studio.session import Part, Session
from ebm_studio.app.studio.shelf import Kept, Shelf
from ebm_studio.app.studio.shelf_files import load_contents, save_contents
from ebm_studio.app.studio.undo import Undo
from ebm_studio.core.errors import DataError
from ebm_studio.data.storage.logs import Ring
from ebm_studio.data.storage.settings import Settings
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import RunChain
from ebm_studio.engine.requests import Ended, Fault


class Studio(QObject):
    """The engine, the open model, undo, the shelf, the session, errors, and preferences: one of each.

    A page gets it in its constructor. Pages never meet: to ask another for something, a page sends a wish.

    >>> studio.shelf.slot("A")                 # a `Kept`, or None
    >>> studio.open.model                      # a `ModelReady`, or None
    >>> studio.wish(ShowModel("fashion32"))    # the page that takes such a wish is shown, and gets it
    """

    wished = Signal(object)

    def __init__(
        self,
        settings: Settings,
        model: str | None = None,
        device: str | None = None,
        log: Ring | None = None,
        parent: QObject | None = None,
    ) -> None:
        """`model` and `device` are those asked for at launch; else the session and the preferences say which."""
        super().__init__(parent)
        self._collector = Collector(self)
        self.settings = settings
        self.asked_model = model
        self.log = log or Ring()
        self.key_groups: KeyGroups = list
        """All that keys do; the window knows."""
        self.preferences = PreferenceStore(settings, self)
        chosen = self.preferences.values
        self.device = device or chosen.device
        self.link = EngineLink(self.device, self, chosen.threads)
        self.faults = Faults(self)
        self.undo = Undo(self)
        self.open = OpenModel(self.link, self.undo, self)
        self.shelf = Shelf(self.undo, self)
        self.session = Session(settings.path.parent / "session", self)
        self._kept = Drawer(self.session.folder / "shelf")
        pace = self.link.pace
        self.session.add(Part("pace", pace.to_dict, pace.from_dict, (pace.changed,)))
        self.session.add(Part("shelf", self._save_shelf, self._load_shelf, (self.shelf.changed,), self._tidy_shelf))
        self._asked: set[str] = set()  # the keys of sketches that are being drawn, or cannot be
        self.shelf.changed.connect(self._draw_sketches)
        self.open.model_changed.connect(self._draw_anew)
        for name in ("device", "threads"):
            self.preferences.follow(name, self._restart, at_once=False)
        for signal in (self.session.failed, self.shelf.failed):
            signal.connect(lambda text: self.faults.show(Fault(text)))

    def wish(self, wish: object) -> None:
        """Ask for something of `wishes` that another page does."""
        self.wished.emit(wish)

    def close(self) -> None:
        """Stop the engine."""
        self.link.close()
        self._collector.close()

    def _restart(self, _: object) -> None:
        chosen = self.preferences.values
        self.device = chosen.device
        self.link.restart(chosen.device, chosen.threads)
        self.open.reload()

    def _draw_sketches(self) -> None:
        """Run the chains whose ends are not known yet, when nothing else is waiting."""
        for kept in self.shelf.contents.all.values():
            model = self.open.find_model(kept.latent.model, kept.latent.model_hash)
            if kept.is_sketch and kept.key not in self._asked and model is not None:
                self._asked.add(kept.key)
                self._draw(kept, model)

    def _draw_anew(self) -> None:
        self._asked.clear()
        self._draw_sketches()

    def _draw(self, kept: Kept, model: str) -> None:
        run, lane = kept.latent.short_run, f"shelf {kept.key}"
        drawn: list[ChainStore] = []
        self.link.submit(
            RunChain(model=model, run=run, latents=(kept.latent,), lane=lane, background=True),
            drawn.append,
            partial(self._take_picture, kept.key, drawn),
        )

    def _take_picture(self, key: str, drawn: list[ChainStore], _: Ended) -> None:
        if drawn and (store := drawn[-1]).whole:
            self._asked.discard(key)
            self._kept.forget(key)
            self.shelf.set_picture(key, store.pixels(store.rows - 1)[0])

    def _save_shelf(self) -> dict[str, Any]:
        return save_contents(self.shelf.contents, self._kept)

    def _tidy_shelf(self) -> None:
        self._kept.tidy(self.shelf.contents.all)

    def _load_shelf(self, data: Any) -> None:
        contents, faults = load_contents(data, self._kept)
        self.shelf.restore(contents)
        if faults:
            raise DataError(f"{len(faults)} items on the shelf cannot be read: {faults[0]}")
