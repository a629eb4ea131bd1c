"""How a run stands, in a person's words."""

from __future__ import annotations

from datetime import datetime

from ebm_studio.app.pages.train.runs.run_reader import RunView
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.core.durations import duration
from ebm_studio.data.training.run_log import Order

STATES = {
    "reading": "reading the pictures",
    "measuring": "measuring",
    "learning": "learning",
    "paused": "paused",
    "stopped": "stopped",
    "done": "done",
    "failed": "failed",
}
ASKED = {"pause": "pausing …", "stop": "stopping …", "go": "resuming …"}


def state_of(view: RunView, asked: Order | None = None) -> str:
    """One or two words."""
    return ASKED[asked] if asked else STATES[view.status.state]


def share_of(view: RunView) -> str:
    """How much of it is done."""
    return f"{100 * view.status.progress:.0f} %"


def line_of(view: RunView, asked: Order | None = None, short: bool = False) -> str:
    """A line: state, share, time left. A `short` one leaves out that it is training."""
    status = view.status
    parts = [state_of(view, asked)] if not short or asked or status.state != "learning" or not status.updates else []
    if status.state != "done" and status.updates:
        parts.append(share_of(view))
    if view.alive and status.seconds_left is not None and status.state == "learning":
        parts.append(f"{duration(status.seconds_left)} left")
    elif status.state == "done":
        parts.append(f"{thousands(status.updates)} updates")
    return " · ".join(parts)


def when(seconds: float) -> str:
    """A moment: the time of today, or the day."""
    then = datetime.fromtimestamp(seconds)
    return f"{then:%H:%M}" if then.date() == datetime.now().date() else f"{then:%d %b}"
