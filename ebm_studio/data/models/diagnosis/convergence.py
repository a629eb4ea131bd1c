"""Claim: the short run does not converge. Energy, gradient, contrast and pictures far past K."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from torch import Tensor

from ebm_studio.core.evaluation.bootstrap import mean
from ebm_studio.core.evaluation.convergence import LongRun, contrast, long_run, spaced_steps
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, Series, Strip, Verdict, curve, told
from ebm_studio.data.models.diagnosis.subject import Subject, apart, part
from ebm_studio.data.pictures.pictures import to_pixels

TITLE = "The short run does not converge"
PAPER = (
    "The paper's title says so. The same group reports that runs of 100,000 steps over-saturate in energies "
    "trained this way (“On the Anatomy of MCMC-Based Maximum Likelihood Learning of EBMs”, AAAI 2020)."
)
TIMES = (1, 2, 5, 10, 20, 50)
"""Of K, where the pictures are shown."""
LAST = 100
"""Of K, where the chains end."""
SHOWN = 8


def examine(subject: Subject) -> Generator[float, None, Finding]:
    """Follow a few chains to 100 K steps, from noise and from training pictures."""
    last, count = subject.steps(LAST), subject.settings.share(32)
    kept = sorted({subject.steps(times) for times in TIMES})
    recorded = sorted({*spaced_steps(1, last), *kept, last})
    noise = yield from part(long_run(subject.chain(count, "converging", last), recorded, kept), 0, 0.5)
    start = subject.data[:count]
    data = yield from part(long_run(subject.chain(count, "from data", last, start), recorded), 0.5, 1)
    return _finding(subject, noise, data, start)


def _finding(subject: Subject, noise: LongRun, data: LongRun, start: Tensor) -> Finding:
    at_k, last = noise.steps.index(subject.k), noise.steps[-1]
    energy = {"K": mean(noise.energy[at_k]), "end": mean(noise.energy[-1])}
    contrasts = {"K": mean(noise.contrast[at_k]), "end": mean(noise.contrast[-1]), "data": mean(contrast(start))}
    # The same chains at both steps: the difference has a spread of its own, smaller than the two together.
    fall = mean(noise.energy[at_k] - noise.energy[-1])
    moves = abs(fall.mean) > 2 * fall.sd and last > subject.k
    saturates = contrasts["end"].mean > contrasts["K"].mean and apart(contrasts["end"], contrasts["K"])
    verdict: Verdict = "holds" if moves and saturates else "partly" if moves or saturates else "fails"
    return Finding(
        claim="convergence",
        title=TITLE,
        verdict=verdict,
        text=_text(subject, noise, data, fall, energy, contrasts, (moves, saturates)),
        measures=(
            Measure(f"energy at K = {subject.k}", energy["K"]),
            Measure(f"energy at {last:,} steps", energy["end"]),
            Measure("energy lost after K", fall),
            Measure("contrast at K", contrasts["K"]),
            Measure(f"contrast at {last:,} steps", contrasts["end"]),
            Measure("contrast of training pictures", contrasts["data"]),
        ),
        plots=tuple(
            Plot(title, "steps", label, (_curve("from noise", noise, a), _curve("from data", data, b)), True, subject.k)
            for title, label, a, b in (
                ("Energy along the chain", "E", noise.energy, data.energy),
                (
                    "Length of the gradient part of a step",
                    "step size × |∂E/∂x|",
                    noise.gradient_norm,
                    data.gradient_norm,
                ),
                ("Contrast", "standard deviation of the values", noise.contrast, data.contrast),
            )
        ),
        strips=tuple(
            Strip(f"{steps:,} steps", to_pixels(images[:SHOWN].numpy())) for steps, images in noise.images.items()
        ),
        paper=PAPER,
    )


def _text(
    subject: Subject,
    noise: LongRun,
    data: LongRun,
    fall: Estimate,
    energy: dict[str, Estimate],
    contrasts: dict[str, Estimate],
    found: Sequence[bool],
) -> str:
    moves, saturates = found
    ends = mean(noise.energy[-1]), mean(data.energy[-1])
    shortest = min(noise.steps[-1], data.steps[-1])
    sentences = [
        f"From K = {subject.k} to {noise.steps[-1]:,} steps the mean energy goes from {told(energy['K'])} to "
        f"{told(energy['end'])}, a fall of {told(fall)} in the same chains: "
        + (
            "the chains have not come to rest at K."
            if moves
            else "that is not a clear change, so the chains have come to rest at K."
        ),
        f"Contrast goes from {told(contrasts['K'])} to {told(contrasts['end'])}: the pictures "
        + ("over-saturate." if saturates else "do not over-saturate."),
        f"Chains that start at training pictures end at {told(ends[1])}, which "
        + ("differs from those from noise." if apart(*ends) else "cannot be told apart from those from noise."),
    ]
    if shortest < subject.steps(LAST):
        sentences.append(f"The chains diverge: the measurement ends at {shortest:,} steps.")
    return " ".join(sentences)


def _curve(name: str, run: LongRun, values: Tensor) -> Series:
    return curve(name, run.steps, [mean(row) for row in values])
