"""The model that is open: every page sees the same one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.parameters import Parameters
from ebm_studio.app.studio.undo import Undo
from ebm_studio.data.models.card import bundled_models
from ebm_studio.engine.jobs.chains import LoadModel, ModelReady
from ebm_studio.engine.requests import Ended


class OpenModel(QObject):
    """Observable. One model at a time, with the engine that runs it.

    >>> studio.open.open_model("fashion32")      # by name or file; `model_changed` says that it is there
    >>> studio.open.model.card.short_run
    """

    model_changed = Signal()
    loaded = Signal(bool)
    """After `model_changed`: whether a person chose this model, so that it runs with its own short run."""
    opened = Signal(object)
    """A `ModelReady` that was loaded: the one that is open, or one that a page runs beside it."""
    asked = Signal()
    """A person has chosen another model, which is loading now."""
    failed = Signal(object)
    """A `Fault`: the model could not be loaded, and the one before it stays."""
    cancelled = Signal()
    written = Signal()
    """The files of models may have been written again, as they are by a training run."""

    def __init__(self, link: EngineLink, undo: Undo, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self.undo = undo
        self.model: ModelReady | None = None
        self.recent: list[str] = []
        """The files, and models of the hub, that were opened before, the newest first; the Models page keeps them."""
        self.parameters = Parameters()
        """What the Generate page has set for it. Pages that run the model with the same settings begin from these."""

    def open_model(self, name: str) -> None:
        """Load a bundled model or a file, which a person has chosen."""
        self.cancel()
        self.asked.emit()
        self._load(name, by_hand=True)

    def load(self, name: str) -> None:
        """Load a model that parameters name."""
        self._load(name, by_hand=False)

    def reload(self) -> None:
        """Load the model again, for example after a change of device."""
        if self.model is not None:
            self._load(self.model.name, by_hand=False)

    def find_model(self, name: str, fingerprint: str) -> str | None:
        """How to open the model of a name and fingerprint: the one that is open, or a bundled one."""
        if self.model is not None and self.model.fingerprint == fingerprint:
            return self.model.name
        return name if name in [path.stem for path in bundled_models()] else None

    def cancel(self, page: str | None = None) -> None:
        """Stop everything except work in the background, or what a page shows of it; results so far stay."""
        self.cancelled.emit()
        self.link.cancel(page=page)

    def _load(self, name: str, by_hand: bool) -> None:
        self.link.submit(LoadModel(name=name), partial(self._take, by_hand), self._end)

    def _take(self, by_hand: bool, model: ModelReady) -> None:
        self.model = model
        self.model_changed.emit()
        self.opened.emit(model)
        self.loaded.emit(by_hand)

    def _end(self, ended: Ended) -> None:
        if ended.fault is not None:
            self.failed.emit(ended.fault)
