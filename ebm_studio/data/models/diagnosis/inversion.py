"""Claim: the short run can be inverted. Reconstruction errors against the number of steps."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import torch
from torch import Tensor

from ebm_studio.core.errors import DivergedError
from ebm_studio.core.evaluation.bootstrap import mean
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, Strip, Verdict, curve, told
from ebm_studio.core.evaluation.invertibility import searched, variation
from ebm_studio.core.specs import Reconstruction
from ebm_studio.data.models.diagnosis.subject import Subject, apart, as_images, part
from ebm_studio.data.pictures.pictures import to_pixels

TITLE = "The short run can be inverted"
PAPER = "The paper reconstructs photos by gradient descent on z, and shows 200 steps of the search."
TIMES = (0.25, 1.0, 4.0)
"""Of K, the short runs that are inverted."""
SHOWN = 8
GOOD, FAIR = 0.05, 0.25
"""Shares of the pictures' variation that may be lost for the claim to hold, or to hold in part."""
SETTINGS = Reconstruction(iterations=30)


def examine(subject: Subject) -> Generator[float, None, Finding]:
    """Reconstruct a few real pictures and a few samples with short runs of K/4, K and 4 K steps."""
    count = subject.settings.share(32)
    real = as_images((subject.training if subject.held_out is None else subject.held_out)[:count])
    samples = subject.model.sample(len(real), subject.settings.seed)
    run, few = subject.run.for_photos(), subject.settings.share(64)
    # Searches past K take most of the time, so they get half as many pictures; their spread says so.
    counts = {steps: count if steps <= subject.k else few for steps in sorted(map(subject.steps, TIMES))}
    work = sum(steps * pictures for steps, pictures in counts.items())
    found: dict[int, tuple[Tensor, Tensor]] = {}
    done = 0.0
    for steps, pictures in counts.items():
        both = torch.cat([real[:pictures], samples[:pictures]])
        search = subject.model.reconstruct(both, SETTINGS, run=replace(run, steps=steps))
        share = steps * pictures / work
        try:
            found[steps] = yield from part(searched(search, SETTINGS.iterations), done, done + share)
        except DivergedError:
            if steps <= subject.k:
                raise
        done += share
    return _finding(subject, real, samples, found)


def _finding(subject: Subject, real: Tensor, samples: Tensor, found: dict[int, tuple[Tensor, Tensor]]) -> Finding:
    k, kind = subject.k, "training" if subject.held_out is None else "held-out"
    halves = {steps: errors.chunk(2) for steps, (errors, _) in found.items()}  # as many samples as real pictures
    of_real = {steps: mean(errors) for steps, (errors, _) in halves.items()}
    of_samples = {steps: mean(errors) for steps, (_, errors) in halves.items()}
    guess = variation(real)
    left = Estimate(of_real[k].mean / guess, of_real[k].sd / guess)
    verdict: Verdict = "holds" if left.mean + 2 * left.sd < GOOD else "partly" if left.mean < FAIR else "fails"
    steps = list(found)
    pictures = found[k][1]
    return Finding(
        claim="inversion",
        title=TITLE,
        verdict=verdict,
        text=_text(subject, kind, of_real, of_samples, left),
        measures=(
            *(Measure(f"error of {kind} pictures at {count} steps", value) for count, value in of_real.items()),
            *(Measure(f"error of samples at {count} steps", value) for count, value in of_samples.items()),
            Measure(f"share of the {kind} pictures’ variation that is lost at K", left),
        ),
        plots=(
            Plot(
                f"Reconstruction error after {SETTINGS.iterations} iterations",
                "steps",
                "mean squared error per value",
                (
                    curve(f"{kind} pictures", steps, list(of_real.values())),
                    curve("samples", steps, list(of_samples.values())),
                ),
                log_x=True,
                mark=k,
            ),
        ),
        strips=(
            Strip(f"{kind} pictures", to_pixels(real[:SHOWN].numpy())),
            Strip("their reconstructions at K", to_pixels(pictures[: len(real)][:SHOWN].numpy())),
            Strip("samples", to_pixels(samples[:SHOWN].numpy())),
            Strip("their reconstructions at K", to_pixels(pictures[len(real) :][:SHOWN].numpy())),
        ),
        paper=PAPER,
    )


def _text(
    subject: Subject,
    kind: str,
    of_real: dict[int, Estimate],
    of_samples: dict[int, Estimate],
    left: Estimate,
) -> str:
    k, longest = subject.k, max(of_real)
    text = (
        f"After {SETTINGS.iterations} iterations, {kind} pictures are reconstructed with a mean squared error of "
        f"{told(of_real[k])}, which is {left.mean:.2%} of their variation, and samples with {told(of_samples[k])}. "
    )
    if longest <= k:
        return text + "Searches through longer runs diverged."
    if not apart(of_real[longest], of_real[k]):
        return text + f"Through {longest} steps it is about the same: {told(of_real[longest])}."
    word = "harder" if of_real[longest].mean > of_real[k].mean else "easier"
    return text + f"Through {longest} steps it is {word}: {told(of_real[longest])}."
