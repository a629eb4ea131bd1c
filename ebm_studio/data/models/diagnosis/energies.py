"""Claim: samples have the energies of data, and lie far from where long runs go."""

from __future__ import annotations

from collections.abc import Generator

from torch import Tensor

from ebm_studio.core.evaluation.bootstrap import estimate, mean, means
from ebm_studio.core.evaluation.energies import energies, histograms, inside
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, Series, Verdict, told
from ebm_studio.data.models.diagnosis.subject import Subject, part

TITLE = "Samples have the energies of data"
PAPER = (
    "In healthy training, d (the mean energy of data minus that of samples) oscillates around 0 (AAAI 2020). "
    "The paper gives no histogram of energies."
)


def examine(subject: Subject) -> Generator[float, None, Finding]:
    """Measure the energies of data, held-out data, samples, start noise and long runs."""
    ends = yield from part(subject.ends(), 0, 0.95)
    model = subject.model
    groups = {"training pictures": energies(model.gradient, subject.data, model.device)}
    if subject.unseen is not None:
        groups["held-out pictures"] = energies(model.gradient, subject.unseen, model.device)
    rows = dict(zip(ends.steps, ends.energy, strict=True))
    groups |= {"samples": rows[subject.k], "start noise": rows[0], f"{max(rows):,} steps": rows[max(rows)]}
    yield 1.0
    return _finding(subject, groups, f"{max(rows):,} steps")


def _finding(subject: Subject, groups: dict[str, Tensor], long: str) -> Finding:
    seed = subject.settings.seed
    against = groups.get("held-out pictures", groups["training pictures"])
    samples, spread = groups["samples"], against.std().item()
    d = estimate(means(against, seed) - means(samples, seed + 1))
    share, noise, away = (mean(inside(groups[name], against)) for name in ("samples", "start noise", long))
    near = abs(d.mean) - 2 * d.sd < spread
    leave = away.mean + 2 * away.sd < share.mean - 2 * share.sd
    tells = noise.mean + 2 * noise.sd < share.mean - 2 * share.sd
    verdict: Verdict = "holds" if near and leave and tells else "partly" if near and (leave or tells) else "fails"
    edges, shares = histograms(groups)
    middles = tuple(((edges[1:] + edges[:-1]) / 2).tolist())
    return Finding(
        claim="energies",
        title=TITLE,
        verdict=verdict,
        text=_text(d, spread, (share, noise, away), (near, tells, leave), long),
        measures=(
            *(Measure(f"energy of {name}", mean(values)) for name, values in groups.items()),
            Measure("d", d),
            Measure("samples in the middle 95% of real pictures", share),
            Measure("start noise there", noise),
            Measure(f"chains at {long} there", away),
        ),
        plots=(
            Plot(
                "Energies",
                "E",
                "share",
                tuple(Series(name, middles, tuple(row.tolist()), style="bars") for name, row in shares.items()),
            ),
        ),
        paper=PAPER,
    )


def _text(
    d: Estimate, spread: float, shares: tuple[Estimate, Estimate, Estimate], found: tuple[bool, bool, bool], long: str
) -> str:
    of_samples, of_noise, of_long = (f"{share.mean:.0%} ± {share.sd:.0%}" for share in shares)
    sentences = [
        f"d, the mean energy of real pictures minus that of samples, is {told(d)}. The energies of real pictures have "
        "a "
        f"standard deviation of {spread:.3g}.",
        f"The range of the middle 95% of real pictures contains {of_samples} of the samples, {of_noise} of the start "
        f"noise and {of_long} of the chains at {long}.",
    ]
    near, tells, leave = found
    if not near:
        sentences.append("So samples differ from real pictures by more than real pictures do from each other.")
    if not tells:
        sentences.append("So this energy does not tell start noise from real pictures.")
    if not leave:
        sentences.append("So long runs do not leave the energies of real pictures.")
    return " ".join(sentences)
