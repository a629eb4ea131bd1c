"""The numbers of a plan that can be set, each declared once: where it is, its range, what it does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ebm_studio.core.specs import MAX_CHAINS, MAX_STEPS, MAX_UPDATES
from ebm_studio.data.training.plan import Plan

MINUTE = 60


@dataclass(frozen=True)
class Knob:
    """One number."""

    part: str
    """`net`, `short_run` or `learning`; empty for the plan itself."""
    name: str
    text: str
    low: float
    high: float
    scale: tuple[float, float]
    """What the slider reaches, by ratio."""
    tip: str
    whole: bool = True
    zero: bool = False
    """Whether the slider's left end is 0."""

    def value(self, plan: Plan) -> float:
        """What a plan has."""
        if self.name == "time_limit":
            return round((plan.time_limit or 0) / MINUTE)
        return getattr(getattr(plan, self.part), self.name)  # type: ignore[no-any-return]

    def turned(self, plan: Plan, value: float) -> Plan:
        """The plan with another value. Raises `SettingsError`."""
        number = round(value) if self.whole else float(value)
        if self.name == "time_limit":
            return replace(plan, time_limit=float(MINUTE * number) or None)
        return replace(plan, **{self.part: replace(getattr(plan, self.part), **{self.name: number})})


NET = (
    Knob(
        "net", "width", "Width", 1, 512, (8, 128),
        "n<sub>f</sub>, the channels of the net's first layer. Wider nets learn finer pictures, slower.",
    ),
)  # fmt: skip
SHORT_RUN = (
    Knob(
        "short_run", "steps", "Steps K", 1, MAX_STEPS, (10, 200),
        "K, how many Langevin steps lead from noise to image. The time of an update grows with it.",
    ),
    Knob(
        "short_run", "step_size", "Step size s", 1e-6, 1e3, (1e-2, 1e2),
        "s, the factor before the energy's gradient in a step.", whole=False,
    ),
    Knob(
        "short_run", "noise_scale", "Noise scale τ", 0, 10, (1e-4, 1),
        "τ, the standard deviation of the noise u that each step adds.", whole=False, zero=True,
    ),
)  # fmt: skip
LEARNING = (
    Knob(
        "learning", "updates", "Updates", 1, MAX_UPDATES, (100, 200_000),
        "How many times the net is changed, in all.",
    ),
    Knob(
        "", "time_limit", "Time limit, minutes", 0, 100_000, (1, 1440),
        "The run is done after so much learning, however many updates that makes; 0 is no limit.", zero=True,
    ),
    Knob(
        "learning", "data_noise", "Data noise σ", 0, 2, (1e-3, 0.3),
        "σ, the standard deviation of the noise on training images: more of it keeps learning steady, "
        "less gives sharper pictures.", whole=False, zero=True,
    ),
    Knob(
        "learning", "learning_rate", "Learning rate", 1e-8, 1, (1e-5, 1e-2),
        "Adam's rate before the decay.", whole=False,
    ),
    Knob(
        "learning", "chains", "Chain batch m", 1, MAX_CHAINS, (8, 256),
        "m, the short runs of one update.",
    ),
    Knob(
        "learning", "images", "Data batch", 1, 65536, (8, 1024),
        "Training images of one update. They cost one pass, not K, so more are cheap.",
    ),
    Knob(
        "learning", "mirror", "Mirror", 0, 1, (0.1, 1),
        "The share of training images that are shown mirrored, left to right. 0.5 doubles a small set. "
        "Leave it at 0 for text and digits.", whole=False, zero=True,
    ),
    Knob(
        "learning", "trim", "Trim", 0, 0.5, (0.05, 0.5),
        "The share of an update's chains, those of the highest energy, that are left out: chains that have "
        "not arrived at a picture should not teach.", whole=False, zero=True,
    ),
    Knob(
        "learning", "ema", "Averaging", 0, 0.999999, (0.9, 0.9999),
        "Decay of the running average of the weights, which is the model that is kept; 0 keeps the last weights.",
        whole=False, zero=True,
    ),
    Knob(
        "learning", "decay_share", "Decay share", 0, 1, (0.01, 1),
        "The last share of the run, in which the rate falls.", whole=False, zero=True,
    ),
    Knob(
        "learning", "final_rate", "Final rate", 0, 1, (0.001, 1),
        "The rate at the very end, as a factor of the learning rate.", whole=False, zero=True,
    ),
    Knob(
        "learning", "final_noise", "Final σ", 0, 1, (0.001, 1),
        "σ at the very end, as a factor of the data noise.", whole=False, zero=True,
    ),
    Knob(
        "learning", "beta1", "Adam's β₁", 0, 0.999999, (0.1, 0.99),
        "Adam's first-moment decay.", whole=False, zero=True,
    ),
    Knob(
        "learning", "seed", "Seed", 0, 2**31 - 1, (1, 1000),
        "Start of every random number of the run.", zero=True,
    ),
)  # fmt: skip
