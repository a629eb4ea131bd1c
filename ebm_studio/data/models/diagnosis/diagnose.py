"""The paper's argument, measured on a model: six claims, each with numbers, plots and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.evaluation.findings import CLAIMS, Claim, Diagnosis, Finding
from ebm_studio.data.models.diagnosis import convergence, energies, inversion, mixing, moments, steps
from ebm_studio.data.models.diagnosis.kept import command_of
from ebm_studio.data.models.diagnosis.subject import Subject
from ebm_studio.data.storage.machine import machine

Examine = Callable[[Subject], Generator[float, None, Finding]]

EXAMINERS: dict[Claim, Examine] = {
    "steps": steps.examine,
    "convergence": convergence.examine,
    "mixing": mixing.examine,
    "moments": moments.examine,
    "energies": energies.examine,
    "inversion": inversion.examine,
}


def check_claims(names: Sequence[str]) -> tuple[Claim, ...]:
    """The claims of these names, in the order of the argument; all for none. Raises `SettingsError`."""
    unknown = [name for name in names if name not in CLAIMS]
    if unknown:
        raise SettingsError(f"There is no claim {unknown[0]}: choose from {', '.join(CLAIMS)}.")
    return tuple(claim for claim in CLAIMS if not names or claim in names)


def summary(subject: Subject, findings: Sequence[Finding]) -> Diagnosis:
    """Findings together with what they are of."""
    model, settings = subject.model, subject.settings
    claims = [finding.claim for finding in findings]
    return Diagnosis(
        model=model.card.name,
        fingerprint=model.fingerprint,
        data=Path(subject.source).name,
        source=subject.source,
        steps=subject.k,
        count=settings.count,
        seed=settings.seed,
        machine=machine(model.device, model.backend),
        command=command_of(model.card.name, Path(subject.source).name, settings, claims),
        findings=tuple(findings),
    )
