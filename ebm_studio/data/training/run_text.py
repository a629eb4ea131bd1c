"""What a run says of itself: the card of its model, and the sentences of its events. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ebm_studio.core.evaluation.figures import Health
from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.learning.watchdog import TRIES, easier
from ebm_studio.data.models.card import Card, DataCard
from ebm_studio.data.pictures.datasets import ImageSet
from ebm_studio.data.training.plan import Plan

RECENT = 100  # updates that the card's health figures are means over


def card_of(plan: Plan, data: ImageSet, past: Sequence[Metrics], updates: int, seconds: float, machine: str) -> Card:
    """The card of a run's model after this many updates, of which `past` are the last."""
    return Card(
        name=plan.name,
        net=plan.net,
        short_run=plan.short_run,
        data=DataCard(
            name=data.name,
            size=plan.net.size,
            channels=plan.net.channels,
            count=len(data),
            held_out=plan.held_out,
            held_out_rows=data.left_out,
            licence=plan.licence or data.licence,
        ),
        learning=plan.learning,
        updates=updates,
        seconds=round(seconds, 1),
        health=_health(past[-RECENT:], plan.short_run.steps),
        command=plan.command,
        machine=machine,
        note=f"Training started from the weights of {Path(plan.origin).stem}." if plan.origin else "",
    )


def _health(past: Sequence[Metrics], steps: int) -> Health | None:
    if not past:
        return None
    d, v = (sum(figures) / len(past) for figures in ([m.d for m in past], [m.v for m in past]))
    return Health(d=d, v=v, path_length=v * steps)


def beginning(data: ImageSet, updates: int) -> str:
    """At its start, or when it is resumed."""
    text = f"Training on {len(data):,} images" + (f", from update {updates} on." if updates else ".")
    return f"{text} {data.passed_over}".rstrip()


def done_text(updates: int) -> str:
    """At its end."""
    return f"Done after {updates:,} updates."


def stalled_text(updates: int, best: int, patience: int) -> str:
    """At its end, when its fidelity no longer improves."""
    return (
        f"Stopped at update {updates}: {patience} measurements of fidelity in a row were no better than that of update "
        f"{best}, whose model is kept as the best."
    )


def other_images(plan: Plan, count: int, folder: Path) -> str:
    """The error if a run would continue with different images from those it was trained on."""
    return (
        f"The run was trained on {plan.images} images, but {plan.source} now has {count} that are not the same. "
        f"Restore the original images, or start a new run with --from {folder / 'model.safetensors'}."
    )


def stepping_back(plan: Plan, reason: str, update: int) -> tuple[Plan, str, bool]:
    """What a diverged run does at its last healthy state, after `update` updates. Returns the plan to continue with,
    the sentence that says so, and whether it gives up instead.
    """
    tries = plan.steps_back + 1
    if tries > TRIES:
        # A person who resumes it has changed something, and gets as many tries again.
        text = (
            f"{reason} Stepping back {TRIES} times did not help, so the run ends at its last healthy state, "
            f"update {update}. Resume it with a smaller learning rate or more data noise."
        )
        return replace(plan, steps_back=0), text, True
    before, after = plan.learning, easier(plan.learning)
    text = (
        f"{reason} Back to update {update}, with learning rate {after.learning_rate:.3g} instead of "
        f"{before.learning_rate:.3g} and data noise {after.data_noise:.3g} instead of {before.data_noise:.3g} "
        f"(try {tries} of {TRIES})."
    )
    return replace(plan, learning=after, steps_back=tries), text, False
