"""What the Diagnose page asks for, in the background."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from ebm_studio.core.errors import StudioError
from ebm_studio.core.evaluation.findings import CLAIMS, Claim, Diagnosis
from ebm_studio.core.specs import Diagnosing
from ebm_studio.data.models.card import find_model
from ebm_studio.data.models.diagnosis.kept import diagnosis_file, joined, keep_diagnosis, read_diagnosis
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
    from ebm_studio.engine.worker import Worker

T = TypeVar("T")
PARTS = 1000
"""Of a claim's work, in which the progress is told."""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What is known of a model by now."""

    name: str
    """As the model was asked for."""
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class Examining:
    """The claim that is being measured from now on."""

    name: str
    claim: Claim


@dataclass(frozen=True, kw_only=True)
class FindDiagnosis(Request):
    """Find a model's newest diagnosis in the cache; posts `Diagnosed` if there is one."""

    background: bool = True
    model: str

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        if found := read_diagnosis(diagnosis_file(find_model(self.model))):
            worker.post(Diagnosed(self.model, found))


@dataclass(frozen=True, kw_only=True)
class DiagnoseModel(Request):
    """Measure claims of a model one after another.

    Posts `Examining` when a claim begins and `Diagnosed` when it is done, which is kept in the cache.
    """

    background: bool = True
    model: str
    source: str
    claims: tuple[Claim, ...] = CLAIMS
    settings: Diagnosing = field(default_factory=Diagnosing)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.model)
        from ebm_studio.data.models.diagnosis.diagnose import EXAMINERS, summary
        from ebm_studio.data.models.diagnosis.subject import Subject

        def tell(what: str, done: int, total: int) -> None:
            worker.report(f"Diagnosing {model.card.name}: {what}", done, total)
            worker.check()

        file = diagnosis_file(find_model(self.model))  # of the weights that are measured, whatever comes there
        known = read_diagnosis(file)
        worker.post(Examining(self.model, self.claims[0]))
        subject = Subject(model, self.source, self.settings, tell)
        for claim in self.claims:
            worker.post(Examining(self.model, claim))
            finding = _finished(EXAMINERS[claim](subject), worker, f"Diagnosing {model.card.name}: {claim}")
            known = joined(known, summary(subject, [finding]))
            worker.post(Diagnosed(self.model, known))
            with suppress(StudioError):  # a cache that cannot be written costs the figures at the next launch, no more
                keep_diagnosis(file, known)


def _finished(work: Generator[float, None, T], worker: Worker, what: str) -> T:
    """Do the work to its end, and tell how far it is."""
    began = monotonic()
    while True:
        try:
            share = next(work)
        except StopIteration as ended:
            result: T = ended.value
            return result
        rate = PARTS * share / max(monotonic() - began, 1e-3)
        worker.report(what, round(PARTS * share), PARTS, rate)
        worker.check()
