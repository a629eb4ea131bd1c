"""What a person sets of chains."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self

from ebm_studio.core.specs import ShortRun, check_count, check_seed


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
    "steps": "Steps K",
    "step_size": "Step size",
    "noise_scale": "Noise scale",
    "noise_steps": "Steps with noise",
    "start": "Start noise",
}


def difference(before: Parameters, after: Parameters) -> str:
    """What an edit changed, in a few words."""
    pairs = [(before, after, "seed"), (before, after, "count")]
    pairs += [(before.run, after.run, spec.name) for spec in fields(ShortRun)]  # type: ignore[misc]
    changed = [
        (name, getattr(b, name), getattr(a, name)) for b, a, name in pairs if getattr(b, name) != getattr(a, name)
    ]
    if len(changed) != 1:
        return "Parameters"
    name, _, value = changed[0]
    return f"{_NAMES[name]} {'all' if value is None else value}"
