"""What a training run should do: the plan that its folder keeps in run.json. Free of torch."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import STEM, Learning, NetSpec, ShortRun
from ebm_studio.data.models.card import DataCard
from ebm_studio.data.pictures.datasets import set_name
from ebm_studio.data.storage.atomic_write import write_whole, writing_failed
from ebm_studio.data.storage.outside import kind_of_place
from ebm_studio.data.storage.plain_data import build, check, parse
from ebm_studio.data.training.run_log import FILE, LOCK

PLAN = "run.json"
FITS = (
    "fit only the same network, one of twice the width, or, for LeakyReLU networks, one of twice the size with half, "
    f"the same or twice the width (n_f {STEM} or more for each channel of the pictures)."
)
"""What the user is told of a model's weights when not `can_begin_from`."""
FIDELITY_EVERY = 600.0
"""Seconds between two measurements of a run that is to stop without improvement, when nothing else is said."""
OPTIONS: dict[str, dict[str, str]] = {
    "net": {name: name for name in ("size", "channels", "width", "activation")},
    "short_run": {name: name for name in ("steps", "step_size", "noise_scale", "settle", "start")},
    "learning": {
        **{name: name for name in ("updates", "learning_rate", "beta1", "data_noise", "ema", "decay_share")},
        **{name: name for name in ("mirror", "trim", "data_contrast")},
        "batch": "chains",
        "data_batch": "images",
        "final_rate": "final_rate",
        "final_noise": "final_noise",
        "seed": "seed",
    },
}
"""The options of `ebm-studio train`, and the fields of each part of a plan that they set."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run trains, on which data, and for how long."""

    net: NetSpec
    short_run: ShortRun
    learning: Learning
    source: str
    """The data set's name or path."""
    held_out: int = 0
    """Images kept from training: the last ones in name order, of each folder by its share."""
    licence: str = ""
    """The data's licence, for sets that carry none of their own."""
    origin: str = ""
    """The model whose weights training starts from, a bundled name or a path; empty for random ones."""
    name: str = "model"
    command: str = ""
    time_limit: float | None = None
    """Seconds after which the run is done, however many updates that makes."""
    fidelity_every: float | None = None
    """Seconds of training between two measurements of fidelity; None for none. See `data.training.fidelity_watch`."""
    patience: int = 0
    """The run stops when so many measurements in a row are no better than the best before; 0 for never."""
    backend: str = "auto"
    """What computes the short runs; chosen at the start and then kept, since backends round differently."""
    images: int = 0
    """The number of training images. Like the next field, it is set at the start and then kept."""
    fingerprint: str = ""
    """Their fingerprint, so that the run never continues with other images: held-out ones could become training images.
    """
    steps_back: int = 0
    """How often the run has stepped back to a healthy state; see `core.learning.watchdog`."""

    def progress(self, updates: int, seconds: float) -> float:
        """Share of the run that is done, 0 to 1, by updates or by time, whichever is further."""
        by_time = seconds / self.time_limit if self.time_limit else 0.0
        return min(1.0, max(updates / self.learning.updates, by_time))

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object) -> Plan:
        """The plan that `to_dict` wrote. Raises `StudioError` when it is not one."""
        plan = build(cls, data, "the plan")
        for name in ("held_out", "images", "steps_back", "patience"):
            check(getattr(plan, name) >= 0, f"{getattr(plan, name)} is not a value of {name}")
        for name in ("time_limit", "fidelity_every"):
            value = getattr(plan, name)
            check(value is None or value > 0, f"{value} is not a value of {name}")
        return plan


def command_of(plan: Plan, whole_paths: bool = False) -> str:
    """The `ebm-studio train` that does what a new plan says, with what differs from fixed defaults named.

    Files go by their names, as a card tells them, or by their whole paths.
    """

    def told(file: str) -> str:
        return file if whole_paths else Path(file).name

    words = ["ebm-studio", "train", told(plan.source), "-o", plan.name]
    for part, options in OPTIONS.items():
        spec = getattr(plan, part)
        for option, field in options.items():
            if _depends(plan, part, field) or getattr(spec, field) != getattr(type(spec)(), field):
                words += [f"--{option.replace('_', '-')}", str(getattr(spec, field))]
    rest = {
        "--time-limit": plan.time_limit,
        "--fidelity-every": plan.fidelity_every,
        "--stop-after-no-improvement": plan.patience,
        "--hold-out": plan.held_out,
        "--licence": plan.licence,
    }
    for option, value in (*rest.items(), ("--from", told(plan.origin))):
        words += [option, f"{value:.12g}" if isinstance(value, float) else str(value)] if value else []
    return shlex.join(words)


def _depends(plan: Plan, part: str, field: str) -> bool:
    # Whether the option's default depends on others: on the model to begin with, the data, the time.
    if part == "learning":
        return field == "updates" and plan.time_limit is not None
    return bool(plan.origin) or field == "channels"


def can_begin_from(net: NetSpec, origin: NetSpec) -> bool:
    """Whether a network can start with the weights of another: with those of the same one, or grown or widened."""
    grows = net.size == 2 * origin.size > 0
    if grows and not (net.is_leaky and net.width >= STEM * net.channels):
        return False
    fits = net.width in (origin.width, 2 * origin.width) or (grows and 2 * net.width == origin.width)
    return fits and net == replace(origin, size=net.size if grows else origin.size, width=net.width)


def begun_run(run: ShortRun, origin: NetSpec, net: NetSpec) -> ShortRun:
    """The short run of a model, for a net that begins with its weights. At twice the size, the start noise is twice as
    wide: the smaller net sees means of 4 pixels, whose standard deviation is half as large.
    """
    return replace(run, start_range=run.start_range * (2 if net.size == 2 * origin.size > 0 else 1))


def licence_from(data: DataCard, source: str) -> str:
    """The licence that a model's card has for a data set; nothing if its own set has another name."""
    return data.licence if data.name == set_name(source) else ""


def check_new(folder: Path) -> None:
    """Raise `StudioError` unless a new run can start in a folder: one that does not exist yet, or is empty."""
    if os.path.exists(folder / PLAN):
        raise StudioError(f"{folder} already contains a run: add --resume to continue it, or choose another folder.")
    try:
        # A lock alone is of a process that is about to begin, or was killed before it did.
        taken = folder.is_dir() and any(path.name != LOCK or path.stat().st_size for path in folder.iterdir())
    except OSError as error:
        raise writing_failed(folder, error) from None
    if taken:
        raise StudioError(f"{folder} contains files but no run: choose a folder that is new or empty.")


def read_plan(folder: Path) -> Plan:
    """The plan of a run folder. Raises `StudioError` when there is none, or it is damaged."""
    if not kind_of_place(folder / PLAN):
        raise StudioError(f"There is no run to resume in {folder}.")
    try:
        return Plan.from_dict(parse(FILE.read(folder / PLAN)))
    except StudioError as error:
        reason = str(error).rstrip(".")
        raise StudioError(f"The settings of the run in {folder} are damaged ({PLAN}: {reason}).") from None


def write_plan(folder: Path, plan: Plan) -> None:
    """Write run.json whole. Raises `StudioError`."""
    text = json.dumps(plan.to_dict(), indent=2)
    write_whole(folder / PLAN, lambda file: file.write_text(text, encoding="utf-8"))
