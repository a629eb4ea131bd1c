"""The results of a diagnosis: claims with their numbers, plots and pictures. Plain, frozen, free of torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from ebm_studio.core.evaluation.figures import Estimate

Claim = Literal["steps", "convergence", "mixing", "moments", "energies", "inversion"]
CLAIMS: tuple[Claim, ...] = get_args(Claim)
Verdict = Literal["holds", "partly", "fails"]
Style = Literal["line", "dots", "bars"]
MOST_DIGITS = 6
"""Digits after the point, before a number is written with a power of ten."""


@dataclass(frozen=True)
class Series:
    """A curve, some dots or the bars of a histogram."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    sd: tuple[float, ...] = ()
    """The standard error of each y, or nothing."""
    style: Style = "line"

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or len(self.sd) not in (0, len(self.y)):
            raise ValueError(f"{self.name}: x, y and sd have different lengths")


def curve(name: str, x: Sequence[float], values: Sequence[Estimate], style: Style = "line") -> Series:
    """Figures with their spread as a series."""
    return Series(name, tuple(x), tuple(value.mean for value in values), tuple(value.sd for value in values), style)


@dataclass(frozen=True)
class Plot:
    """Series on common axes."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    log_x: bool = False
    mark: float | None = None
    """Where on x a line is drawn."""
    mark_label: str = "K"
    diagonal: bool = False
    """Whether the line y = x is drawn."""


@dataclass(frozen=True, eq=False)
class Strip:
    """Some pictures with a label."""

    label: str
    pictures: npt.NDArray[np.uint8]
    """(N, C, H, W)."""


@dataclass(frozen=True)
class Measure:
    """A number with a name."""

    name: str
    value: Estimate
    unit: str = ""


def told(value: Estimate) -> str:
    """A figure and its spread for people to read, both to the spread's second digit."""
    mean, sd = value.mean, value.sd
    if not (math.isfinite(mean) and math.isfinite(sd)):
        return "not finite"
    digits = max(0, 1 - math.floor(math.log10(sd))) if sd > 0 else 3
    text = f"{mean:,.{digits}f} ± {sd:,.{digits}f}" if digits <= MOST_DIGITS else f"{mean:.1e} ± {sd:.1e}"
    return text.replace("-", "−")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One claim, and what was measured of it on this model."""

    claim: Claim
    title: str
    """The claim as a sentence."""
    verdict: Verdict
    text: str
    """What was found, in a few sentences; where the claim does not hold, in which respect."""
    measures: tuple[Measure, ...]
    plots: tuple[Plot, ...] = ()
    strips: tuple[Strip, ...] = ()
    paper: str = ""
    """What the paper reports, where that is known."""

    def to_dict(self) -> dict[str, Any]:
        """All but the pictures as plain data, ready for JSON."""
        data = asdict(self)
        del data["strips"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any], strips: tuple[Strip, ...] = ()) -> Self:
        """The finding that `to_dict` wrote. Raises `TypeError`, `KeyError` or `ValueError` if the data is wrong."""
        if data["claim"] not in CLAIMS or data["verdict"] not in get_args(Verdict):
            raise ValueError("an unknown claim or verdict")
        texts = {name: str(data[name]) for name in ("title", "text", "paper")}
        return cls(
            claim=data["claim"],
            verdict=data["verdict"],
            measures=tuple(_measure(measure) for measure in data["measures"]),
            plots=tuple(_plot(plot) for plot in data["plots"]),
            strips=strips,
            **texts,
        )


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was measured of a model, and how."""

    model: str
    fingerprint: str
    """Of the model's weights."""
    data: str
    """The data set's name, or its path without folders."""
    source: str
    """The data set as it was given."""
    steps: int
    """K."""
    count: int
    seed: int
    machine: str
    command: str
    """What repeats it."""
    findings: tuple[Finding, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """All but the pictures as plain data, ready for JSON."""
        return {**asdict(self), "findings": [finding.to_dict() for finding in self.findings]}

    @classmethod
    def from_dict(cls, data: dict[str, Any], findings: tuple[Finding, ...]) -> Self:
        """The diagnosis that `to_dict` wrote, with its findings. Raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            model=str(data["model"]),
            fingerprint=str(data["fingerprint"]),
            data=str(data["data"]),
            source=str(data["source"]),
            steps=int(data["steps"]),
            count=int(data["count"]),
            seed=int(data["seed"]),
            machine=str(data["machine"]),
            command=str(data["command"]),
            findings=findings,
        )


def _measure(data: dict[str, Any]) -> Measure:
    value = data["value"]
    return Measure(str(data["name"]), Estimate(float(value["mean"]), float(value["sd"])), str(data["unit"]))


def _plot(data: dict[str, Any]) -> Plot:
    mark = data["mark"]
    return Plot(
        str(data["title"]),
        str(data["x_label"]),
        str(data["y_label"]),
        tuple(_series(series) for series in data["series"]),
        bool(data["log_x"]),
        None if mark is None else float(mark),
        str(data["mark_label"]),
        bool(data["diagonal"]),
    )


def _series(data: dict[str, Any]) -> Series:
    if data["style"] not in get_args(Style):
        raise ValueError("an unknown style")
    x, y, sd = (tuple(float(value) for value in data[name]) for name in ("x", "y", "sd"))
    return Series(str(data["name"]), x, y, sd, data["style"])
