"""The numbers of a plan that can be set, each declared once: where it is, its range, what it does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ebm_studio.app.studio.parameters import NOISE_SCALE, SETTLE, STEP_SIZE, STEPS, Number
from ebm_studio.core.specs import MAX_CHAINS, MAX_UPDATES
from ebm_studio.data.training.plan import FIDELITY_EVERY, Plan

MINUTE = 60
TIMES = ("time_limit", "fidelity_every")
"""Fields of a plan in seconds, of which none is None."""


@dataclass(frozen=True)
class Knob:
    """One number."""

    part: str
    """`net`, `short_run` or `learning`; empty for the plan itself."""
    number: Number

    @property
    def name(self) -> str:
        """Of the field in that part."""
        return self.number.name

    def value(self, plan: Plan) -> float:
        """What a plan has."""
        owner = getattr(plan, self.part) if self.part else plan
        value: float = getattr(owner, self.name) or 0
        return round(value / MINUTE) if self.name in TIMES else value

    def turned(self, plan: Plan, value: float) -> Plan:
        """The plan with another value. Raises `SettingsError`."""
        number = round(value) if self.number.whole else float(value)
        if not self.part:
            changed: dict[str, Any] = {self.name: (float(MINUTE * number) or None) if self.name in TIMES else number}
            if self.name == "patience" and number and plan.fidelity_every is None:
                changed["fidelity_every"] = FIDELITY_EVERY
            return replace(plan, **changed)
        return replace(plan, **{self.part: replace(getattr(plan, self.part), **{self.name: number})})


def _knob(
    part: str,
    name: str,
    text: str,
    low: float,
    high: float,
    slider: tuple[float, float],
    tip: str,
    *,
    whole: bool = True,
    zero: bool = False,
) -> Knob:
    number = Number(name=name, text=text, tip=tip, low=low, high=high, slider=slider, whole=whole, zero=zero)
    return Knob(part, number)


NET = (
    _knob(
        "net", "width", "Width", 1, 512, (8, 128),
        "n<sub>f</sub>, the channels of the network's first layer. Wider networks make finer pictures, but train more "
            "slowly.",
    ),
)  # fmt: skip
SHORT_RUN = (
    Knob("short_run", replace(STEPS, slider=(10, 200), tip=f"{STEPS.tip} An update takes longer with more steps.")),
    Knob("short_run", STEP_SIZE),
    Knob("short_run", NOISE_SCALE),
    Knob("short_run", replace(SETTLE, slider=(0, 50))),
)
LEARNING = (
    _knob(
        "learning", "updates", "Updates", 1, MAX_UPDATES, (100, 200_000),
        "How many times the weights are updated in total.",
    ),
    _knob(
        "", "time_limit", "Time limit (min)", 0, 100_000, (1, 1440),
        "The run ends after this much training, whatever the number of updates. 0 means no limit.", zero=True,
    ),
    _knob(
        "", "fidelity_every", "Measure fidelity every (min)", 0, 10_000, (1, 120),
        "How often 256 samples are compared with real pictures (KID-lite0), in minutes of training. The best model is "
            "kept. 0 means never.", zero=True,
    ),
    _knob(
        "", "patience", "Stop without improvement", 0, 1000, (1, 20),
        "The run stops after this many measurements of fidelity in a row that are no better than the best. 0 means "
            "never.",
        zero=True,
    ),
    _knob(
        "learning", "data_noise", "Data noise σ", 0, 2, (1e-3, 0.3),
        "σ, the standard deviation of the noise on training images. More keeps training stable; less gives sharper "
            "pictures.", whole=False, zero=True,
    ),
    _knob(
        "learning", "learning_rate", "Learning rate", 1e-8, 1, (1e-5, 1e-2),
        "The learning rate of Adam before the decay.", whole=False,
    ),
    _knob(
        "learning", "chains", "Chain batch m", 1, MAX_CHAINS, (8, 256),
        "m, the number of short runs in an update.",
    ),
    _knob(
        "learning", "images", "Data batch", 1, 65536, (8, 1024),
        "The number of training images in an update. They cost one pass instead of K, so more are cheap.",
    ),
    _knob(
        "learning", "mirror", "Mirror", 0, 1, (0.1, 1),
        "The share of training images that are mirrored left to right. 0.5 doubles a small set. "
        "Leave it at 0 for text and digits.", whole=False, zero=True,
    ),
    _knob(
        "learning", "trim", "Trim", 0, 0.5, (0.05, 0.5),
        "The share of each update's chains to leave out: those with the highest energy, which have not reached a "
            "picture yet.", whole=False, zero=True,
    ),
    _knob(
        "learning", "data_contrast", "Data contrast", 0.1, 1, (0.5, 1),
        "The factor of the training images' contrast. Longer steps than those of training make clearer samples with "
            "more contrast; 0.87 makes up for steps that are 15 % longer.", whole=False,
    ),
    _knob(
        "learning", "ema", "Averaging", 0, 0.999999, (0.9, 0.9999),
        "Decay of the running average of the weights. The model is this average; 0 keeps the last weights.",
        whole=False, zero=True,
    ),
    _knob(
        "learning", "decay_share", "Decay share", 0, 1, (0.01, 1),
        "The last part of the run, as a share, in which the learning rate falls.", whole=False, zero=True,
    ),
    _knob(
        "learning", "final_rate", "Final rate", 0, 1, (0.001, 1),
        "The learning rate at the end, as a factor.", whole=False, zero=True,
    ),
    _knob(
        "learning", "final_noise", "Final σ", 0, 1, (0.001, 1),
        "σ at the end, as a factor of the data noise.", whole=False, zero=True,
    ),
    _knob(
        "learning", "beta1", "Adam's β₁", 0, 0.999999, (0.1, 0.99),
        "Decay of Adam's first moment.", whole=False, zero=True,
    ),
    _knob(
        "learning", "seed", "Seed", 0, 2**31 - 1, (1, 1000),
        "The seed of all random numbers of the run.", zero=True,
    ),
)  # fmt: skip
