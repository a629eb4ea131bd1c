"""How long a new run takes, in words."""

from __future__ import annotations

from ebm_studio.app.pages.train.setup.state import TrainSetup
from ebm_studio.core.durations import about

TIP = "Measured on this machine with a few updates, beside what else it is doing. It is measured again as that changes."
BUSY = "It is measured when the run that trains now has ended: each would slow down the other."


def in_all(setup: TrainSetup, seconds: float | None) -> str:
    """About how long all updates take."""
    return unknown(setup) if seconds is None else about(seconds)


def unknown(setup: TrainSetup) -> str:
    """In place of a time that is not known."""
    return "measured later" if setup.training else "measuring…"


def tip(setup: TrainSetup) -> str:
    """Where a time is from, or why there is none."""
    return BUSY if setup.training else TIP
