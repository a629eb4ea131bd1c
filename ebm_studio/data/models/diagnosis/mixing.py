"""Claim: the chain does not mix. What it remembers past K."""

from __future__ import annotations

from collections.abc import Generator
from itertools import chain as joined

from ebm_studio.core.evaluation.bootstrap import estimate, mean
from ebm_studio.core.evaluation.convergence import spaced_steps
from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, Verdict, curve, told
from ebm_studio.core.evaluation.mixing import Memory, memory
from ebm_studio.data.models.diagnosis.subject import Subject, as_images, part

TITLE = "The chain does not mix: it keeps its identity"
PAPER = (
    "The paper's title says so, and the paper builds on it: because a chain does not forget z, photos can be "
    "reconstructed "
    "and latents interpolated."
)
LAST = 20
"""Of K, where the chains end."""


def examine(subject: Subject) -> Generator[float, None, Finding]:
    """Run each of some start noises twice, with other noise in the steps, to 20 K steps."""
    last, count = subject.steps(LAST), subject.settings.share(16)
    recorded = (subject.k, *spaced_steps(subject.k + 1, last, 30))
    first = next(subject.chain(count, "mixing", last))
    one = subject.chain(count, "mixing", last)
    other = joined([first], subject.chain(count, "different noise", last, first.images))
    real = as_images(subject.training)
    every = max(1, subject.k // 5)
    found = yield from part(memory(one, other, sorted(set(recorded)), real, every, subject.settings.seed), 0, 1)
    return _finding(subject, found)


def _finding(subject: Subject, found: Memory) -> Finding:
    last, changes = found.steps[-1], mean(found.changes)
    own = [estimate(row) for row in found.distance]
    correlation = [estimate(row) for row in found.correlation]
    keeps = own[0].mean + 2 * own[0].sd < 1
    remembers = correlation[-1].mean - 2 * correlation[-1].sd > 0 and own[-1].mean + 2 * own[-1].sd < 1
    verdict: Verdict = "holds" if keeps and remembers else "partly" if keeps or remembers else "fails"
    steps = [float(step) for step in found.steps]
    return Finding(
        claim="mixing",
        title=TITLE,
        verdict=verdict,
        text=_text(own, correlation, changes, last, keeps, remembers),
        measures=(
            Measure("distance of runs from one z, relative to different z, at K", own[0]),
            Measure(f"the same at {last:,} steps", own[-1]),
            Measure(f"correlation of the picture at K with that at {last:,} steps", correlation[-1]),
            Measure("changes of the nearest real picture", changes, "per 1,000 steps"),
        ),
        plots=(
            Plot(
                "Memory past K",
                "steps",
                "correlation with the picture at K",
                (curve("correlation", steps, correlation),),
                True,
                subject.k,
            ),
            Plot(
                "Two runs from one z",
                "steps",
                "distance, relative to different z",
                (curve("share", steps, own),),
                True,
                subject.k,
            ),
        ),
        paper=PAPER,
    )


def _text(
    own: list[Estimate],
    correlation: list[Estimate],
    changes: Estimate,
    last: int,
    keeps: bool,
    remembers: bool,
) -> str:
    return (
        f"At K, two runs from one z with different noise in their steps are {told(own[0])} times as far apart as runs "
        f"from different z: z {'determines' if keeps else 'does not determine'} the picture. "
        f"At {last:,} steps it is {told(own[-1])}, and the pictures’ correlation with those at K is "
        f"{told(correlation[-1])} (1 is unchanged, 0 forgotten): by then the chain "
        f"{'still remembers' if remembers else 'has forgotten'} where it started. "
        f"Its nearest real picture changes {told(changes)} times in 1,000 steps."
    )
