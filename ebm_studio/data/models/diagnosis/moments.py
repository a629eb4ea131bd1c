"""Claim: samples of K steps have the data's moments, and samples of 10 K steps do not."""

from __future__ import annotations

from collections.abc import Generator

from torch import Tensor

from ebm_studio.core.evaluation.bootstrap import estimate
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, Series, Verdict, curve, told
from ebm_studio.core.evaluation.moments import MomentGap, activations, moment_gap, parameter_slopes
from ebm_studio.data.models.diagnosis.subject import Subject, part

TITLE = "Samples match the data's moments"
PAPER = (
    "The paper reads training as moment matching: Algorithm 1 comes to rest where the means of ∂E/∂θ over data "
    "and over samples agree. It gives no number for it."
)
GROUPS = 64
"""Of pictures whose gradients ∂E/∂θ are taken together."""
DOTS = 600
"""Features that are drawn; of more, every n-th."""


def examine(subject: Subject) -> Generator[float, None, Finding]:
    """Compare the last hidden activations h, and ∂E/∂θ, over data and over samples of more and more steps."""
    net, seed = subject.model.net, subject.settings.seed
    ends = yield from part(subject.ends(), 0, 0.7)
    data = activations(net, subject.data)
    gaps: dict[int, MomentGap] = {}
    for steps, images in ends.images.items():
        gaps[steps] = moment_gap(data, activations(net, images), seed)
        yield 0.7 + 0.1 * len(gaps) / len(ends.images)
    floor = None if subject.unseen is None else estimate(moment_gap(data, activations(net, subject.unseen), seed).size)
    group = max(1, len(subject.data) // GROUPS)
    slopes: list[Tensor] = []
    for done, images in enumerate((subject.data, ends.images[subject.k], ends.images[max(ends.images)])):
        found = yield from part(parameter_slopes(net, images, group, seed), 0.8 + done / 15, 0.8 + (done + 1) / 15)
        slopes.append(found)
    of_slopes = [moment_gap(slopes[0], other, seed, group).size for other in slopes[1:]]
    return _finding(subject, gaps, floor, of_slopes)


def _finding(subject: Subject, gaps: dict[int, MomentGap], floor: Estimate | None, of_slopes: list[Tensor]) -> Finding:
    k, last = subject.k, max(gaps)
    size = {steps: estimate(gap.size) for steps, gap in gaps.items()}
    ratio = estimate(gaps[last].size / gaps[k].size)
    best = min(size, key=lambda steps: size[steps].mean)
    verdict: Verdict = "holds" if ratio.mean - 2 * ratio.sd > 1 else "fails"
    if verdict == "holds" and best != k:
        verdict = "partly"
    measures = [
        Measure(f"moment gap at K = {k}", size[k], "standard deviations"),
        Measure(f"moment gap at {last:,} steps", size[last], "standard deviations"),
        Measure("factor between them", ratio),
        Measure("gap of ∂E/∂θ at K", estimate(of_slopes[0]), "standard deviations"),
        Measure(f"gap of ∂E/∂θ at {last:,} steps", estimate(of_slopes[1]), "standard deviations"),
    ]
    if floor is not None:
        measures.insert(1, Measure("gap of held-out pictures, for comparison", floor, "standard deviations"))
    return Finding(
        claim="moments",
        title=TITLE,
        verdict=verdict,
        text=_text(k, last, size, ratio, floor, best),
        measures=tuple(measures),
        plots=(
            Plot(
                "The mean of each feature h",
                "over data",
                "over samples",
                (_dots(f"{last:,} steps", gaps[last]), _dots(f"K = {k} steps", gaps[k])),
                diagonal=True,
            ),
            Plot(
                "Moment gap against the number of steps",
                "steps",
                "gap in standard deviations",
                (curve("gap", [float(max(steps, 1)) for steps in size], list(size.values())),),
                log_x=True,
                mark=k,
            ),
        ),
        paper=PAPER,
    )


def _text(k: int, last: int, size: dict[int, Estimate], ratio: Estimate, floor: Estimate | None, best: int) -> str:
    text = (
        f"The means of the last hidden features h over samples are {told(size[k])} standard deviations from those "
        f"over data at K = {k}, and {told(size[last])} at {last:,} steps: {told(ratio)} times as far apart. "
    )
    if floor is not None:
        text += f"Held-out pictures, which differ from the training pictures only by chance, are {told(floor)} away. "
        if size[k].mean > floor.mean + 2 * size[k].sd:
            text += (
                "So the moments at K agree to within that gap, not exactly. If a model draws with a different "
                "step size from the one it was trained with, that causes part of the gap. "
            )
    if best != k:
        text += f"The gap is smallest at {best} steps, not at K."
    return text.strip()


def _dots(name: str, gap: MomentGap) -> Series:
    every = max(1, len(gap.data) // DOTS)
    return Series(name, tuple(gap.data[::every].tolist()), tuple(gap.samples[::every].tolist()), style="dots")
