"""What the Diagnose page is about: up to two models, what is known of each, and what is being measured."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.core.errors import DataError
from ebm_studio.core.evaluation.findings import CLAIMS, Claim, Diagnosis, Finding
from ebm_studio.core.specs import Diagnosing
from ebm_studio.data.pictures.datasets import check_source
from ebm_studio.data.pictures.named_sets import NAMED
from ebm_studio.engine.jobs.chains import LoadModel, ModelReady
from ebm_studio.engine.jobs.diagnosis import Diagnosed, DiagnoseModel, Examining, FindDiagnosis
from ebm_studio.engine.requests import Ended, Fault, Progress

PAGE = "diagnose"


class Side(QObject):
    """One model, and what is known of it. Observable."""

    model_changed = Signal()
    changed = Signal()
    """Another finding, or work that starts or ends."""

    def __init__(self, state: DiagnoseState, letter: str) -> None:
        super().__init__(state)
        self._state = state
        self._lane = f"diagnose {letter}"
        self.model: ModelReady | None = None
        self.diagnosis: Diagnosis | None = None
        self.source = ""
        """The data set to measure with."""
        self.waiting: tuple[Claim, ...] = ()
        """The claims that were asked for and are not done, the one that is being measured first."""
        self._request: DiagnoseModel | None = None

    @property
    def own_source(self) -> str:
        """The data set that its card names, when that is one by name."""
        name = self.model.card.data.name if self.model else ""
        return name if name in NAMED else ""

    def finding(self, claim: Claim) -> Finding | None:
        """What is known of a claim."""
        found = self.diagnosis.findings if self.diagnosis else ()
        return next((finding for finding in found if finding.claim == claim), None)

    @property
    def progress(self) -> Progress | None:
        """How far the claim is that is being measured, while it is the job under way."""
        progress = self._state.link.progress
        return progress if progress is not None and progress.request == self._request else None

    @property
    def recent(self) -> list[str]:
        """See `OpenModel.recent`."""
        return self._state.opened.recent

    def open_model(self, name: str) -> None:
        """Load a model to look at, beside the one that is open."""
        self._state.dismiss()
        self._state.link.submit(LoadModel(name=name, lane=self._lane, page=PAGE), self.set_model, self._state.hear_end)

    def set_model(self, model: ModelReady | None) -> None:
        """Be about another model, and look for what is known of it."""
        if model is not None and self.model is not None and model.fingerprint == self.model.fingerprint:
            self.model = model
            self.model_changed.emit()
            return
        self.cancel()
        self.model, self.diagnosis, self.waiting, self._request = model, None, (), None
        self.source = self.own_source
        self.model_changed.emit()
        self.changed.emit()
        if model is not None:
            self._state.link.submit(FindDiagnosis(lane=self._lane, page=PAGE, model=model.name), self._take_known)

    def set_source(self, source: str) -> None:
        """Measure with another data set."""
        self.source = source
        self.changed.emit()

    def measure(self, claims: Sequence[Claim] = CLAIMS) -> None:
        """Measure some claims in the background, one after another."""
        if self.model is None or not self.source:
            return
        self._state.dismiss()
        try:
            check_source(self.source)  # other work may go first, and this would wait for it to be refused
        except DataError as error:
            self._state.show(Fault(str(error)))
            return
        self.waiting = tuple(claims)
        self._request = self._state.link.submit(
            DiagnoseModel(
                lane=self._lane,
                page=PAGE,
                model=self.model.name,
                source=self.source,
                claims=self.waiting,
                settings=self._state.settings,
            ),
            self._take,
            self._end,
        )
        self.changed.emit()

    def cancel(self) -> None:
        """Stop measuring; what is done stays."""
        if self._request is not None:
            self._state.link.cancel(self._request)

    def _take_known(self, news: Diagnosed) -> None:
        if self.diagnosis is None and self.model is not None and news.name == self.model.name:
            self.diagnosis = news.diagnosis
            self.source = self.source or news.diagnosis.source
            self.changed.emit()

    def _take(self, news: Examining | Diagnosed) -> None:
        if self.model is None or news.name != self.model.name:
            return  # of the model before
        if isinstance(news, Diagnosed):
            self.diagnosis = news.diagnosis
            self.waiting = self.waiting[1:]
        self.changed.emit()

    def _end(self, ended: Ended) -> None:
        self._request, self.waiting = None, ()
        self._state.hear_end(ended)
        self.changed.emit()


class DiagnoseState(Faults):
    """The model that is open, another one beside it, and how both are measured."""

    beside_changed = Signal()

    def __init__(self, opened: OpenModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = opened.link
        self.settings = Diagnosing()
        self.is_beside = False
        """Whether a second model is shown."""
        self.sides = (Side(self, "A"), Side(self, "B"))
        self.opened = opened
        opened.model_changed.connect(lambda: self.sides[0].set_model(opened.model))

    def set_count(self, count: int) -> None:
        """Measure with another number of samples."""
        self.settings = Diagnosing(count=count)

    def show_beside(self, is_beside: bool) -> None:
        """Show a second model, or one alone."""
        self.is_beside = is_beside
        if not is_beside:
            self.sides[1].cancel()
        self.beside_changed.emit()

    def hear_end(self, ended: Ended) -> None:
        """Show why something failed."""
        if ended.fault is not None:
            self.show(ended.fault)

    def close(self) -> None:
        """Stop everything."""
        for side in self.sides:
            side.cancel()
