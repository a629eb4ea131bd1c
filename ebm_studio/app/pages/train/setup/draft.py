"""What a training will be, before it is started, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Self

from ebm_studio.core.errors import CheckpointError
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.card import Card, NoCardError, find_model, read_picture_card
from ebm_studio.data.pictures.datasets import natural_channels
from ebm_studio.data.training.plan import Plan, begun_run
from ebm_studio.data.training.presets import PRESETS, Preset
from ebm_studio.engine.jobs.training import EstimateRun

FIRST = "fashion-mnist"

Cost = tuple[NetSpec, int, int, int]
"""What the time of an update depends on: the net, K, and the two batches."""


def cost(plan: Plan | EstimateRun) -> Cost:
    """What the time of an update depends on."""
    return (plan.net, plan.short_run.steps, plan.learning.chains, plan.learning.images)


def preset_of(name: str) -> Preset:
    """The preset of that name, else the first."""
    return next((preset for preset in PRESETS if preset.name == name), PRESETS[0])


def planned(preset: Preset, plan: Plan) -> Plan:
    """A plan for the same data and pictures, with all else as the preset has it, or the model that it begins with."""
    card = origin_card(plan.origin)
    net, short_run = (card.net, card.training_run()) if card else (preset.net, preset.short_run)
    net = replace(net, size=plan.net.size, channels=plan.net.channels)
    return begun(replace(plan, net=net, short_run=short_run, learning=preset.learning, time_limit=None))


def begun(plan: Plan) -> Plan:
    """The plan with start noise that fits the weights it begins with, and its size."""
    card = origin_card(plan.origin)
    fitting = begun_run(card.training_run(), card.net, plan.net) if card else ShortRun()
    return replace(plan, short_run=replace(plan.short_run, start_range=fitting.start_range))


@lru_cache(maxsize=16)
def origin_card(origin: str) -> Card | None:
    """The card of the model that a run starts from; None without one, or when it cannot be read."""
    try:
        return read_picture_card(find_model(origin)) if origin else None
    except CheckpointError:
        return None


def why_not(origin: str) -> str:
    """Why a run cannot start from a model that has no `origin_card`."""
    try:
        read_picture_card(find_model(origin))
    except NoCardError:
        return f"{origin} has no card: open it on the Generate page first."
    except CheckpointError as error:
        return str(error)
    return ""


def first_plan() -> Plan:
    """The plan that a draft starts with: the first preset on the first data set."""
    preset = PRESETS[0]
    net = replace(preset.net, channels=natural_channels(FIRST))
    return Plan(net=net, short_run=preset.short_run, learning=preset.learning, source=FIRST, name=FIRST)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A plan on its way. Replaced whole at each edit, so that an edit can be undone."""

    preset: str = PRESETS[0].name
    plan: Plan = field(default_factory=first_plan)

    @property
    def own(self) -> Plan:
        """The plan as its preset has it."""
        return planned(preset_of(self.preset), self.plan)

    @property
    def edited(self) -> bool:
        """Whether anything is set otherwise than the preset has it."""
        return self.plan != self.own

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {"preset": self.preset, "plan": self.plan.to_dict()}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The draft that `to_dict` wrote. Raises `SettingsError`, `KeyError` or `TypeError`."""
        return cls(preset=preset_of(data["preset"]).name, plan=Plan.from_dict(data["plan"]))
