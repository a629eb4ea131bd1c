"""The settings of chains, and their numbers as every page shows them: declared once."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self

from ebm_studio.core.specs import MAX_STEPS, ShortRun, check_count, check_seed


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number that a person sets: its name, its range, what its slider reaches, what it does."""

    name: str
    """Of the field that holds it."""
    text: str
    symbol: str = ""
    tip: str
    low: float
    high: float
    slider: tuple[float, float]
    """What the slider reaches."""
    whole: bool = True
    ratio: bool = True
    """Whether equal distances on the slider are equal ratios instead of equal steps."""
    zero: bool = False
    """Whether the left end of a slider by ratio is 0."""

    @property
    def label(self) -> str:
        """The text with the symbol in it, or after it."""
        return self.text if f" {self.symbol} " in self.text else f"{self.text} {self.symbol}".strip()


STEPS = Number(
    name="steps", text="Steps", symbol="K", low=1, high=MAX_STEPS, slider=(1, 400),
    tip="K, the number of Langevin steps from noise to image.",
)  # fmt: skip
STEP_SIZE = Number(
    name="step_size", text="Step size", symbol="s", low=1e-6, high=1e3, slider=(1e-2, 1e2), whole=False,
    tip="s, the factor of the energy's gradient in a step.",
)  # fmt: skip
NOISE_SCALE = Number(
    name="noise_scale", text="Noise scale", symbol="τ", low=0, high=10, slider=(1e-4, 1), whole=False, zero=True,
    tip="τ, the standard deviation of the noise u that each step adds.",
)  # fmt: skip
NOISE_STEPS = Number(
    name="noise_steps", text="Add noise for first n steps", symbol="n", low=0, high=MAX_STEPS, slider=(0, 1),
    ratio=False,
    tip="Only the first n steps add noise. The steps after them settle the picture.",
)  # fmt: skip
SETTLE = Number(
    name="settle", text="Shorten last m steps", symbol="m", low=0, high=MAX_STEPS, slider=(0, 1), ratio=False,
    tip="The last m steps become ever shorter and add ever less noise, so that a chain comes to rest.",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What a person sets. Replaced whole at each edit, so that an edit can be undone."""

    model: str = ""
    """A bundled name or a path; empty before any is loaded."""
    seed: int = 0
    count: int = 16
    run: ShortRun = field(default_factory=ShortRun)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_count(self.count)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {"model": self.model, "seed": self.seed, "count": self.count, "run": self.run.to_dict()}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The parameters that `to_dict` wrote. Raises `SettingsError`, `KeyError` or `TypeError`."""
        if not isinstance(data["model"], str):
            raise TypeError("the model has no name")
        return cls(model=data["model"], seed=data["seed"], count=data["count"], run=ShortRun.from_dict(data["run"]))


_NAMES = {
    "seed": "Seed",
    "count": "Chains",
    **{number.name: number.label for number in (STEPS, STEP_SIZE, NOISE_SCALE, NOISE_STEPS, SETTLE)},
    "start": "Start noise",
    "start_range": "Range of p₀",
}


def difference(before: Parameters, after: Parameters) -> str:
    """What an edit changed, in a few words."""
    pairs: list[tuple[object, object, str]] = [(before, after, "seed"), (before, after, "count")]
    pairs += [(before.run, after.run, spec.name) for spec in fields(ShortRun)]
    changed = [
        (name, getattr(b, name), getattr(a, name)) for b, a, name in pairs if getattr(b, name) != getattr(a, name)
    ]
    if len(changed) != 1:
        return "Parameters"
    name, _, value = changed[0]
    return f"{_NAMES[name]} {'all' if value is None else value}"
