"""Whether training is healthy, judged by the run's own past; and what to do if it is not.

In a healthy run the energy difference d oscillates about 0 and the gradient step length v, once it has
risen, is steady (Nijkamp et al. 2020, "On the Anatomy of MCMC-Based Maximum Likelihood Learning").
A run that leaves this state seldom returns to it. Free of torch.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Literal

from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.specs import Learning, NetSpec, ShortRun

MEMORY = 200  # updates that show what is usual
LEAST = 50  # how many of them are needed for that
RECENT = 10  # updates judged together, since one alone proves nothing
TRIES = 5  # steps back before a run gives up

# The length of a short run, over its way: seen from 0.5 to 1.3 in healthy runs.
LONG, TOO_LONG = 2.0, 5.0  # times the usual, which counts as 1 at least
VERY_LONG, FAR_TOO_LONG = 3.0, 10.0  # ways, whatever is usual
STUCK = 0.1  # of the usual
# |d| over the usual one, or over the fall of the energy along a short run if that is more.
LARGE, TOO_LARGE = 5.0, 20.0
LEANING = 0.5  # of that fall, when d keeps its sign

Sign = Literal["healthy", "unsteady", "run_away"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The watchdog's verdict on an update."""

    sign: Sign
    """Only a healthy state is one to step back to."""
    text: str = ""
    """A warning, or why the run diverged, in plain sentences; empty if there is nothing new to say."""


HEALTHY = Verdict("healthy")


class Watchdog:
    """It gets the metrics of each update in turn, and says how the run is doing. Its verdicts follow from the last
    `MEMORY` metrics, so that a new watchdog that gets the past metrics judges like the one before. It repeats the same
    message at most once in that many updates.
    """

    def __init__(self, net: NetSpec, run: ShortRun, past: Iterable[Metrics] = ()) -> None:
        self._run = run
        self._way = way(net, run)
        self._past = deque(past, maxlen=MEMORY)
        self._said: dict[str, int] = {}

    def look(self, metrics: Metrics) -> Verdict:
        """Judge the run after one more update."""
        self._past.append(metrics)
        if not all(map(math.isfinite, (metrics.energy_data, metrics.energy_samples, metrics.v))):
            return Verdict("run_away", f"At update {metrics.update} the energy was not finite.")
        past = list(self._past)
        recent, usual = past[-RECENT:], past[:-RECENT] if len(past) >= LEAST else []
        for verdict in (self._of_length(recent, usual), self._of_difference(recent, usual), self._of_balance(past)):
            if verdict != HEALTHY:
                return verdict
        return HEALTHY

    def _of_length(self, recent: list[Metrics], usual: list[Metrics]) -> Verdict:
        """Short runs that grow: the energy gets steeper and steeper. Or that hardly move any more."""
        now, before = self._length(recent), self._length(usual)
        update = recent[-1].update
        said = f"short runs are {now:.3g} times as long as the distance from noise to pictures"
        if before:
            said += f", usually {before:.2g} times"
        if now > min(TOO_LONG * max(before, 1), FAR_TOO_LONG):
            return Verdict("run_away", f"At update {update} training diverged: {said}.")
        if now > min(LONG * max(before, 1), VERY_LONG):
            advice = "If this keeps growing, training will diverge. A smaller learning rate or more data noise helps."
            text = self._once("long", update, f"The {said} (K·v {now * self._way:.3g}). {advice}")
            return Verdict("unsteady" if now > LONG * max(before, 1) else "healthy", text)
        if now < STUCK * before:
            text = f"The short runs hardly move (K·v {now * self._way:.2g}, usually {before * self._way:.2g})"
            return Verdict("healthy", self._once("stuck", update, f"{text}: the energy is flat where they start."))
        return HEALTHY

    def _of_difference(self, recent: list[Metrics], usual: list[Metrics]) -> Verdict:
        """Energies of data and samples that move apart."""
        if not usual:
            return HEALTHY
        now, before = (median(abs(m.d) for m in part) for part in (recent, usual))
        share = now / max(before, self._fall(recent), 1e-12)
        update = recent[-1].update
        said = f"the energies of data and samples are {now:.3g} apart, usually {before:.2g}"
        if share > TOO_LARGE:
            return Verdict("run_away", f"At update {update} training diverged: {said}.")
        if share > LARGE:
            text = f"Watch d: {said}. A smaller learning rate makes it stable."
            return Verdict("unsteady", self._once("large", update, text))
        return HEALTHY

    def _of_balance(self, past: list[Metrics]) -> Verdict:
        """A d that no longer oscillates."""
        lately = [m.d for m in past[-MEMORY // 2 :]]
        mean = fmean(lately)
        if len(past) < MEMORY or abs(mean) < LEANING * self._fall(past) or min(d * mean for d in lately) < 0:
            return HEALTHY
        side, other = ("below", "data") if mean < 0 else ("above", "samples")
        text = (
            f"d has stayed {side} 0 for {len(lately)} updates (mean {mean:.3g}): the energy of the {other} is "
            "always lower. More Langevin steps, a smaller learning rate or more data noise restores the balance."
        )
        return Verdict("healthy", self._once("leaning", past[-1].update, text))

    def _length(self, metrics: list[Metrics]) -> float:
        """K·v over the way; 0 for no metrics."""
        return self._run.steps * median(m.v for m in metrics) / self._way if metrics else 0.0

    def _fall(self, metrics: list[Metrics]) -> float:
        """How much the energy falls along a short run: K steps of length v against a slope of v / step size.

        In a run so young that v is about 0, the fall along half a way tells what is large and what is not.
        """
        v = max(median(m.v for m in metrics), self._way / 2 / self._run.steps)
        return self._run.steps * v**2 / self._run.step_size

    def _once(self, what: str, update: int, text: str) -> str:
        """The text, unless it was said recently."""
        if update - self._said.get(what, -MEMORY) < MEMORY:
            return ""
        self._said[what] = update
        return text


def way(net: NetSpec, run: ShortRun) -> float:
    """The distance that a short run has to cover: from p0's noise to a picture in [-1, 1], plus what its steps' noise
    adds.
    """
    noisy = sum(run.pace(index) for index in range(run.steps) if run.is_noisy(index))
    return math.sqrt(math.prod(net.shape)) * (math.sqrt(run.start_variance + 1 / 3) + noisy * run.noise_scale)


def easier(learning: Learning) -> Learning:
    """Settings that should keep a diverged run stable: a smaller learning rate, and more noise on the images."""
    return replace(
        learning,
        learning_rate=max(learning.learning_rate * 0.3, 1e-8),
        data_noise=min(learning.data_noise * 1.2, 2.0),
    )
