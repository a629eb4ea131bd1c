"""How a run stands, in a person's words."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from ebm_studio.app.pages.train.runs.run_reader import RunView
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.core.durations import about
from ebm_studio.core.learning.watchdog import MEMORY
from ebm_studio.data.training.run_log import Kind, Order

STATES = {
    "reading": "reading pictures",
    "measuring": "measuring",
    "learning": "training",
    "paused": "paused",
    "stopped": "stopped",
    "done": "done",
    "failed": "failed",
}
WORDS: dict[Kind, str] = {
    "warning": "Needs a look: see the newest event.",
    "rollback": "It began to diverge, stepped back to a healthy state, and continues with gentler settings.",
    "gave_up": "It diverged again and again: use a smaller learning rate, or more data noise.",
    "disk_full": "It waits for space on the disk.",
}
"""Of the events that tell of a run's health."""
LATELY = 100  # updates that are judged together
GROWING = 1.25  # times as long as before
ASKED = {"pause": "pausing…", "stop": "stopping…", "go": "resuming…"}


def state_of(view: RunView, asked: Order | None = None) -> str:
    """One or two words."""
    return ASKED[asked] if asked else STATES[view.status.state]


def share_of(view: RunView) -> str:
    """How much of it is done."""
    return f"{100 * view.status.progress:.0f} %"


def line_of(view: RunView, asked: Order | None = None, short: bool = False) -> str:
    """A line: state, share, time left. A `short` one, in a list, leaves out what can be."""
    status = view.status
    parts = [state_of(view, asked)] if not short or asked or status.state != "learning" or not status.updates else []
    if status.state != "done" and status.updates:
        parts.append(share_of(view))
    if view.alive and status.seconds_left is not None and status.state == "learning" and not asked:
        left = about(status.seconds_left)
        parts.append(f"{left.removeprefix('about ') if short else left} left")
    elif status.state == "done" and not short:
        parts.append(f"{thousands(status.updates)} updates")
    return " · ".join(parts)


def health_of(view: RunView) -> tuple[str, bool]:
    """How training goes, in a sentence, and whether a person should look after it.

    A warning counts for as many updates as the watchdog judges together.
    """
    if view.status.state == "failed":
        return view.status.text, True
    recent = [event for event in view.events if event.kind in WORDS and event.update > view.updates - MEMORY]
    if recent:
        return WORDS[recent[-1].kind], True
    if not view.updates:
        return "No updates yet.", False
    if view.updates < 2 * LATELY:
        return "Too early to tell: the first updates differ much from each other.", False
    d, v = view.column("d")[-LATELY:], view.column("v")
    if float(np.median(v[-LATELY:])) > GROWING * float(np.median(v[-2 * LATELY : -LATELY])):
        return "The chains still grow longer, as they do early in a run.", False
    if (d < 0).all() or (d > 0).all():
        return f"Steady, but d stays {'below' if d[-1] < 0 else 'above'} 0, about which it should swing.", False
    return "Healthy: d oscillates around 0, and the chains keep their length.", False


def when(seconds: float) -> str:
    """A moment: the time of today, or the day."""
    then = datetime.fromtimestamp(seconds)
    return f"{then:%H:%M}" if then.date() == datetime.now().date() else f"{then:%d %b}"
