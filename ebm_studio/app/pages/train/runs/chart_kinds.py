"""What the charts of a run draw, each declared once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ebm_studio.app.pages.train.runs.curve_data import Floats, smooth
from ebm_studio.app.pages.train.runs.run_reader import RunView


@dataclass(frozen=True)
class Kind:
    """What a chart draws."""

    title: str
    word: str
    """A short one for a choice."""
    tip: str
    columns: tuple[str, ...]
    """Of the metrics: one curve or two."""
    signed: bool = False
    """Below and above zero, so that a logarithmic axis shows its size only."""
    can_log: bool = True
    times_steps: bool = False
    """Whether a second axis shows it K times."""

    def places(self, view: RunView) -> Floats:
        """The updates that it has values of, (n,)."""
        return view.column("update")

    def read(self, view: RunView) -> tuple[Floats, ...]:
        """Its curves, of each of these updates of a run, (n,) each."""
        return tuple(map(view.column, self.columns))

    def is_known(self, view: RunView) -> bool:
        """Whether there is anything to draw, or will be."""
        return True

    def smooth(self, values: Floats, window: int) -> Floats:
        """What the bold curve shows, (n,)."""
        return smooth(values, window)


@dataclass(frozen=True)
class FidelityKind(Kind):
    """What was measured now and then."""

    def places(self, view: RunView) -> Floats:
        return np.array([found.update for found in view.fidelity], float)

    def read(self, view: RunView) -> tuple[Floats, ...]:
        return tuple(np.array([getattr(found, name) for found in view.fidelity], float) for name in self.columns)

    def is_known(self, view: RunView) -> bool:
        return bool(view.fidelity)

    def smooth(self, values: Floats, window: int) -> Floats:
        return values


KINDS = (
    Kind(
        "Energy difference d",
        "d",
        "d = E(data) − E(samples) of each update. It oscillates around 0 while training is healthy; it is not a loss. "
        "On a logarithmic axis you see its absolute value.",
        ("d",),
        signed=True,
    ),
    Kind(
        "v and K·v",
        "v",
        "v, the mean gradient step length s·‖∂E/∂x‖, and on the right K·v, the length of a chain. "
        "Steady in a healthy run.",
        ("v",),
        times_steps=True,
    ),
    Kind(
        "Energies",
        "E",
        "Mean energy of the training images (solid) and of the samples (dashed). Only their difference is meaningful.",
        ("energy_data", "energy_samples"),
        can_log=False,
    ),
)
FIDELITY = FidelityKind(
    "Fidelity, KID-lite0",
    "KID",
    "Kernel distance of 256 samples from real pictures, with its standard deviation; lower is better. The large point "
    "is the best, whose model is kept.",
    ("kid",),
)
