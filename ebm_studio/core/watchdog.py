"""Whether learning is healthy, judged by what the run itself has shown before; and what to do when it is not.

In a healthy run the energy difference d oscillates about 0 and the gradient magnitude v, once it has
risen, is steady (Nijkamp et al. 2020, "On the Anatomy of MCMC-Based Maximum Likelihood Learning").
A run that leaves this seldom comes back. Free of torch.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from ebm_studio.core.metrics import Metrics
from ebm_studio.core.specs import Learning, NetSpec, ShortRun

MEMORY = 200  # updates that tell what is usual
LEAST = 50  # of them, before anything is called unusual
RECENT = 10  # updates that must agree, since one of them proves nothing
TRIES = 5  # steps back before a run gives up

Sign = Literal["healthy", "warning", "run_away"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the watchdog makes of an update."""

    sign: Sign
    text: str = ""
    """One or two plain sentences; empty when there is nothing to say."""


HEALTHY = Verdict("healthy")


class Watchdog:
    """Shown the metrics of each update in turn, it says how the run does.

    All that it knows is the last `MEMORY` metrics, so that one that is shown them anew judges alike.
    """

    def __init__(self, net: NetSpec, run: ShortRun, past: Iterable[Metrics] = ()) -> None:
        self._steps = run.steps
        # Between noise of p0 and a picture, both spread over [-1, 1], lies about this much in R^D.
        self._way = math.sqrt(2 / 3 * math.prod(net.shape))
        self._past = deque(past, maxlen=MEMORY)

    def look(self, metrics: Metrics) -> Verdict:
        """Judge the run after one more update."""
        self._past.append(metrics)
        if not all(map(math.isfinite, (metrics.energy_data, metrics.energy_samples, metrics.v))):
            return Verdict("run_away", f"At update {metrics.update} the energy was not finite.")
        recent = list(self._past)[-RECENT:]
        usual = list(self._past)[:-RECENT]
        return self._short_runs(recent, usual)

    def _short_runs(self, recent: list[Metrics], usual: list[Metrics]) -> Verdict:
        return HEALTHY


def easier(learning: Learning) -> Learning:
    """Settings that a run which has run away is likelier to stand: a smaller rate, more noise on the images."""
    return replace(
        learning,
        learning_rate=max(learning.learning_rate * 0.3, 1e-8),
        data_noise=min(learning.data_noise * 1.2, 2.0),
    )
