"""The models that a person can choose from: bundled ones, and recent files."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.core.evaluation.figures import Figures
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.models.card import SUFFIX, Card, NoCardError, bundled_models, read_card, user_models
from ebm_studio.data.models.evaluation_cache import KeptEvaluation
from ebm_studio.data.pictures.datasets import check_source
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.data.storage.hub import cached_file, is_hub_name
from ebm_studio.data.storage.settings import Settings
from ebm_studio.engine.jobs.chains import ModelReady
from ebm_studio.engine.jobs.models import (
    Evaluated,
    EvaluateModel,
    FindEvaluation,
    MakeThumbnail,
    PushModel,
    Thumbnail,
)
from ebm_studio.engine.requests import Ended, Fault, Progress

PAGE = "models"
MOST = 24  # recent files remembered


@dataclass(frozen=True)
class Entry:
    """One model of the list."""

    name: str
    """A bundled name, or a path: what `LoadModel` takes."""
    path: Path
    bundled: bool
    card: Card | None = None
    own: bool = False
    """Whether it is among the person's own models."""
    problem: str = ""
    """Why it cannot be opened."""

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.card.name if self.card else self.path.stem


class Zoo(QObject):
    """Observable list of models with their thumbnails and evaluations."""

    changed = Signal()
    """Another list."""
    entry_changed = Signal(object)
    """The thumbnail, card or evaluation of the entry of that name."""

    def __init__(
        self, open_model: OpenModel, settings: Settings, faults: Faults, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.thumbnails: dict[str, Pixels] = {}
        self.evaluations: dict[str, KeptEvaluation] = {}
        self.evaluating: dict[str, EvaluateModel] = {}
        self.pushing: dict[str, PushModel] = {}
        self.pushed: dict[str, str] = {}
        """The addresses of models that were put on the hub, by the names of their entries."""
        self._cards: dict[str, Card] = {}  # of pickled files, which say nothing of themselves
        self._link = open_model.link
        self._settings = settings
        self._faults = faults
        self._asked: dict[str, float] = {}  # when the file was written whose thumbnail was asked for
        self._open_model = open_model
        open_model.recent = self.recent
        open_model.opened.connect(self._open)

    @property
    def recent(self) -> list[str]:
        """Recent files, newest first."""
        found = self._settings.data("models/recent")
        return [name for name in found if isinstance(name, str)][:MOST] if isinstance(found, list) else []

    def refresh(self) -> None:
        """Look what there is, and ask for the thumbnails that are missing."""
        bundled = [_entry(path.stem, path, True) for path in bundled_models()]
        known = {entry.path for entry in bundled}
        own = [replace(_entry(str(path), path, False), own=True) for path in user_models()]
        known |= {entry.path for entry in own}
        recent = [_recent_entry(name) for name in self.recent if Path(name) not in known]
        self.entries = [self._with_card(entry) for entry in (*bundled, *own, *recent)]
        self.changed.emit()
        for entry in self.entries:
            if not entry.problem and self._asked.get(entry.name) != (written := entry.path.stat().st_mtime):
                self._asked[entry.name] = written
                ended = partial(self._end_thumbnail, entry.name)
                self._link.submit(MakeThumbnail(page=PAGE, model=entry.name), self._take_thumbnail, ended)
                self.evaluations.pop(entry.name, None)
                self._link.submit(FindEvaluation(page=PAGE, model=entry.name), self._take_evaluation)

    def figures_of(self, entry: Entry) -> Figures | None:
        """What the newest evaluation of a model found: one made here, or the one that its card tells of."""
        if (kept := self.evaluations.get(entry.name)) is not None:
            return kept.figures
        return entry.card.figures if entry.card else None

    def forget(self, name: str) -> None:
        """Take a file from the list; the file stays."""
        self._remember([other for other in self.recent if other != name])
        self._asked.pop(name, None)
        self.refresh()

    def evaluate(self, name: str, source: str, settings: Evaluation) -> None:
        """Hold a model's samples against a data set, in the background."""
        try:
            check_source(source)  # other work may go first, and this would wait for it to be refused
        except DataError as error:
            self._faults.show(Fault(str(error)))
            return
        self.evaluating[name] = self._link.submit(
            EvaluateModel(page=PAGE, model=name, source=source, settings=settings),
            self._take_evaluation,
            partial(self._end_evaluation, name),
        )
        self.entry_changed.emit(name)

    def cancel_evaluation(self, name: str) -> None:
        """Stop it."""
        if name in self.evaluating:
            self._link.cancel(self.evaluating[name])

    def push(self, name: str, place: str, private: bool) -> None:
        """Put a model on the hub, in the background."""
        self.pushed.pop(name, None)
        self.pushing[name] = self._link.submit(
            PushModel(model=name, place=place, private=private),
            lambda made: self.pushed.update({name: made.address}),
            partial(self._end_push, name),
        )
        self.entry_changed.emit(name)

    def progress(self, name: str) -> Progress | None:
        """How far the evaluation of a model is, while it is the job under way."""
        progress = self._link.progress
        return progress if progress and progress.request == self.evaluating.get(name) else None

    def _take_thumbnail(self, made: Thumbnail) -> None:
        self.thumbnails[made.name] = made.pixels
        self._set_card(made.name, made.card)

    def _take_evaluation(self, made: Evaluated) -> None:
        self.evaluations[made.name] = made.found
        self.entry_changed.emit(made.name)

    def _open(self, ready: ModelReady) -> None:
        if ready.name in (path.stem for path in bundled_models()):
            return
        name = ready.name if is_hub_name(ready.name) else str(Path(ready.name).expanduser().absolute())
        if (names := [name, *(other for other in self.recent if other != name)]) != self.recent:
            self._remember(names)
            if self.entries:
                self.refresh()

    def _end_thumbnail(self, name: str, ended: Ended) -> None:
        if ended.fault is not None:
            self._set_problem(name, ended.fault.text)

    def _end_evaluation(self, name: str, ended: Ended) -> None:
        self.evaluating.pop(name, None)
        self.entry_changed.emit(name)
        if ended.fault is not None:
            self._faults.show(ended.fault)

    def _end_push(self, name: str, ended: Ended) -> None:
        self.pushing.pop(name, None)
        self.entry_changed.emit(name)
        if ended.fault is not None:
            self._faults.show(ended.fault)

    def _remember(self, names: list[str]) -> None:
        self._settings.set("models/recent", names[:MOST])
        self._open_model.recent = self.recent

    def _with_card(self, entry: Entry) -> Entry:
        card = entry.card or self._cards.get(entry.name)
        return replace(entry, card=card)

    def _set_card(self, name: str, card: Card) -> None:
        self._cards[name] = card
        self.entries = [self._with_card(entry) for entry in self.entries]
        self.entry_changed.emit(name)

    def _set_problem(self, name: str, text: str) -> None:
        self.entries = [replace(entry, problem=text) if entry.name == name else entry for entry in self.entries]
        self.entry_changed.emit(name)


def _recent_entry(name: str) -> Entry:
    """A recent one: a file, or a download from the hub."""
    try:
        return _entry(name, cached_file(name) if is_hub_name(name) else Path(name), False)
    except StudioError as error:
        return Entry(name, Path(name), bundled=False, problem=str(error))


def _entry(name: str, path: Path, bundled: bool) -> Entry:
    if not os.path.isfile(path):  # which also says so of a name that no file system takes
        return Entry(name, path, bundled, problem="The file is no longer there.")
    if path.suffix.lower() != SUFFIX:
        return Entry(name, path, bundled)
    try:
        return Entry(name, path, bundled, read_card(path))
    except NoCardError:
        return Entry(name, path, bundled)
    except StudioError as error:
        return Entry(name, path, bundled, problem=str(error))
