"""A diagnosis for programs and notebooks: what `ebm-studio diagnose` does, as a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ebm_studio.core.evaluation.findings import Diagnosis
from ebm_studio.core.specs import Diagnosing
from ebm_studio.data.exports.report import STYLE, diagnosis_html, save_report
from ebm_studio.data.models.diagnosis.diagnose import EXAMINERS, check_claims, summary
from ebm_studio.data.models.diagnosis.subject import Subject
from ebm_studio.data.models.model import Model


@dataclass(frozen=True)
class Report:
    """A diagnosis that shows itself in a notebook.

    >>> report = ebm_studio.diagnose(model, "fashion-mnist", only=("moments",), count=64)
    >>> report.diagnosis.findings[0].verdict
    >>> report.save("report.html")
    """

    diagnosis: Diagnosis

    def save(self, path: str | Path) -> None:
        """Write it as one HTML file that stands alone. Raises `StudioError`."""
        save_report(Path(path), [self.diagnosis])

    def _repr_html_(self) -> str:
        return f"<style>{STYLE}</style>\n{diagnosis_html(self.diagnosis)}"


def diagnose(
    model: Model,
    data: str,
    only: Sequence[str] = (),
    count: int = 512,
    seed: int = 0,
    progress: Callable[[str, float], object] = lambda _, __: None,
) -> Report:
    """Measure claims of the paper on a model, as `ebm-studio diagnose` does: all, or those named in `only`.

    `data` is what the model was trained on: a folder or zip of pictures, or a name. `progress` gets the claim and its
    share done. Raises `StudioError`.
    """
    claims = check_claims(only)
    subject = Subject(model, data, Diagnosing(count=count, seed=seed))
    findings = []
    for claim in claims:
        work = EXAMINERS[claim](subject)
        while True:
            try:
                progress(claim, next(work))
            except StopIteration as ended:
                findings.append(ended.value)
                break
    return Report(summary(subject, findings))
