"""The settings and data of a new run: chosen, previewed and measured before it starts."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.pages.train.setup.draft import Cost, Draft, begun, cost, origin_card, planned, why_not
from ebm_studio.app.pages.train.setup.plan_fields import Knob
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.undo import Undo
from ebm_studio.core.errors import SettingsError
from ebm_studio.data.pictures.datasets import natural_channels, set_name
from ebm_studio.data.pictures.named_sets import NAMED
from ebm_studio.data.pictures.preview import Preview
from ebm_studio.data.training.plan import FITS, Plan, can_begin_from, licence_from
from ebm_studio.data.training.presets import PRESETS, Preset
from ebm_studio.engine.jobs.training import Estimated, EstimateRun, PreviewData, Previewed
from ebm_studio.engine.requests import Ended, Fault

LANE = "train"
PAUSE = 400  # milliseconds without a further edit before a run is measured
AGE = 300.0  # seconds after which the machine may be busier, or less so, than when it was measured


class TrainSetup(QObject):
    """Observable draft of a run, the preview of its data, and what an update of it takes on this machine."""

    changed = Signal()
    """The draft is another one."""
    preview_changed = Signal()
    estimate_changed = Signal()

    def __init__(self, link: EngineLink, undo: Undo, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.draft = Draft()
        self.preview: Preview | None = None
        self.faults = Faults(self)
        self._link = link
        self._undo = undo
        self.data_problem = ""
        """Why the data cannot be used, in one sentence."""
        self._wanted: PreviewData | None = None
        self.training = False
        """Whether a run trains now: nothing is measured meanwhile, since each would slow down the other."""
        self._measured: dict[Cost, tuple[float, float]] = {}  # seconds for an update, and when that was found
        self._measuring: dict[Cost, EstimateRun] = {}
        self._shown = False
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self._measure)

    @property
    def plan(self) -> Plan:
        """What Start would start."""
        return self.draft.plan

    @property
    def must_fetch(self) -> bool:
        """Whether the data set must be downloaded first."""
        return self.plan.source in NAMED and not NAMED[self.plan.source].is_here

    @property
    def looking(self) -> bool:
        """Whether the data is being looked at."""
        return self._wanted is not None

    @property
    def problem(self) -> str:
        """Why it cannot be started, in one sentence; empty when it can."""
        if self.data_problem:
            return self.data_problem
        if not self.plan.name.strip():
            return "Give the model a name."
        if self.preview is None:
            return "" if self.must_fetch else "The data is being checked."
        if not self._fits_origin:
            return f"Weights from {self.plan.origin} {FITS}"
        if self.plan.held_out >= self.preview.count:
            return f"{self.plan.held_out} pictures cannot be held out of {self.preview.count}."
        return ""

    @property
    def _fits_origin(self) -> bool:
        plan, card = self.plan, origin_card(self.plan.origin)
        if card is None:
            return not plan.origin
        return can_begin_from(plan.net, card.net)

    def set_shown(self) -> None:
        """The page is shown: look at the data, unless that was done."""
        self._shown = True
        if self.preview is None and not self.looking:
            self.look()
        self._measure()

    @property
    def seconds_per_update(self) -> float | None:
        """What an update of the draft takes on this machine; None until it is measured."""
        found = self._measured.get(cost(self.plan))
        return found[0] if found else None

    @property
    def seconds_in_all(self) -> float | None:
        """What the whole run takes on this machine; None until it is measured."""
        return self._seconds(self.plan)

    def seconds_of(self, preset: Preset) -> float | None:
        """What a preset takes for these pictures; None until it is measured."""
        return self._seconds(planned(preset, self.plan))

    def _seconds(self, plan: Plan) -> float | None:
        found = self._measured.get(cost(plan))
        return None if found is None else min(found[0] * plan.learning.updates, plan.time_limit or float("inf"))

    def set_training(self, training: bool) -> None:
        """Whether a run trains now."""
        if training == self.training:
            return
        self.training = training
        if training:
            for request in list(self._measuring.values()):
                self._link.cancel(request)
        else:
            self._measured.clear()  # they were of another load
            if self._shown:
                self._measure()
        self.estimate_changed.emit()

    def _is_known(self, wanted: Cost) -> bool:
        found = self._measured.get(wanted)
        return found is not None and time.monotonic() - found[1] < AGE

    def _measure(self) -> None:
        """Have a few updates made of each size that is not known, or no longer, in the background."""
        if self.training:
            return
        plans = {cost(plan): plan for plan in (*(planned(preset, self.plan) for preset in PRESETS), self.plan)}
        for known, request in list(self._measuring.items()):
            if known not in plans:
                self._link.cancel(request)
        for wanted, plan in plans.items():
            if wanted not in self._measuring and not self._is_known(wanted):
                self._measuring[wanted] = self._link.submit(
                    EstimateRun(
                        lane=f"{LANE} {wanted}",
                        page=LANE,
                        net=plan.net,
                        short_run=plan.short_run,
                        learning=plan.learning,
                    ),
                    partial(self._take_estimate, wanted),
                    partial(self._end_estimate, wanted),
                )

    def set_source(self, source: str) -> None:
        """Train on another data set, by name or path."""
        plan = self.plan
        name = set_name(source) if plan.name in ("", set_name(plan.source)) else plan.name
        net = replace(plan.net, channels=natural_channels(source))
        card = origin_card(plan.origin)
        licence = licence_from(card.data, source) if card else ""
        plan = replace(plan, source=source, name=name, net=net, held_out=0, licence=licence)
        self._swap(f"Train on {set_name(source)}", replace(self.draft, plan=plan))

    def open_files(self, paths: list[Path]) -> None:
        """Train on a folder or zip that was dropped or chosen; of several, on the first."""
        self.set_source(str(paths[0]))
        if len(paths) > 1:
            text = f"A run trains on one folder or zip, here {paths[0].name}. Put the others into it."
            self.faults.show(Fault(text))

    def set_preset(self, preset: Preset) -> None:
        """Set everything but the data as a preset has it."""
        self._swap(preset.name, Draft(preset=preset.name, plan=planned(preset, self.plan)))

    def set_origin(self, origin: str) -> None:
        """Start from the weights, network and short run of a model; from random weights if it is empty."""
        origin_card.cache_clear()
        card = origin_card(origin)
        if origin and card is None:
            self.faults.show(Fault(why_not(origin)))
            self.changed.emit()
            return
        plan = replace(self.plan, origin=origin)
        if card is not None:
            licence = plan.licence or licence_from(card.data, plan.source)
            plan = replace(plan, net=card.net, short_run=card.training_run(), licence=licence)
        self._swap("Start with " + (card.name if card else "random weights"), replace(self.draft, plan=plan))

    def set_plan(self, plan: Plan, text: str) -> None:
        """Start with the settings of another run."""
        new = replace(plan, command="", backend="auto", images=0, fingerprint="", steps_back=0)
        self._swap(text, replace(self.draft, plan=new))

    def change(self, **changes: Any) -> None:
        """Change `name`, `licence`, `held_out` or `time_limit`."""
        self._edit(tuple(changes), replace(self.plan, **changes))

    def change_part(self, part: str, **changes: Any) -> None:
        """Change fields of `net`, `short_run` or `learning`."""
        self._edit((part, *changes), replace(self.plan, **{part: replace(getattr(self.plan, part), **changes)}))

    def turn(self, knob: Knob, value: float) -> None:
        """Set a number."""
        try:
            self._edit((knob.part, knob.name), knob.turned(self.plan, value))
        except SettingsError as error:
            self.faults.show(Fault(str(error)))
            self.changed.emit()  # so that its field shows what is set

    def _edit(self, key: tuple[str, ...], plan: Plan) -> None:
        if plan != self.plan:
            self._swap(key[-1].replace("_", " ").capitalize(), replace(self.draft, plan=plan), ("train", *key))

    def _swap(self, text: str, draft: Draft, key: tuple[str, ...] | None = None) -> None:
        draft = replace(draft, plan=begun(draft.plan))
        if draft != self.draft:
            self._undo.swap(text, self._apply, self.draft, draft, key, page="train")

    def _apply(self, draft: Draft) -> None:
        before, self.draft = self.plan, draft
        self.faults.dismiss()
        self.changed.emit()
        if self._shown:
            self._pause.start()
        if _seen(before) != _seen(draft.plan):
            self.preview, self.data_problem = None, ""
            self._link_cancel()
            self.preview_changed.emit()
            if self._shown:
                self.look()

    def look(self, fetch: bool = False) -> None:
        """Look at the data; `fetch` a set first that must be downloaded."""
        plan = self.plan
        if self.must_fetch and not fetch:
            return
        self.data_problem = ""
        self._wanted = self._link.submit(
            PreviewData(lane=LANE, page=LANE, source=plan.source, size=plan.net.size, channels=plan.net.channels),
            self._take_preview,
            self._end_preview,
        )
        self.preview_changed.emit()

    def to_dict(self) -> dict[str, Any]:
        """What a session remembers."""
        return self.draft.to_dict()

    def from_dict(self, data: Any) -> None:
        """Be as a session was left. Raises what `Draft.from_dict` raises."""
        self._apply(Draft.from_dict(data))

    def close(self) -> None:
        """Stop every timer."""
        self._pause.stop()

    def _link_cancel(self) -> None:
        if self._wanted is not None:
            self._link.cancel(self._wanted)
            self._wanted = None

    def _take_preview(self, made: Previewed) -> None:
        if self._wanted is not None:  # else other data is wanted since
            self.preview = made.preview
            self.preview_changed.emit()

    def _end_preview(self, ended: Ended) -> None:
        if self._wanted is not None:
            self._wanted = None
            self.data_problem = ended.fault.text if ended.fault else ""
            self.preview_changed.emit()

    def _take_estimate(self, of: Cost, made: Estimated) -> None:
        self._measured[of] = (made.seconds_per_update, time.monotonic())
        self.estimate_changed.emit()

    def _end_estimate(self, of: Cost, _: Ended) -> None:
        self._measuring.pop(of, None)


def _seen(plan: Plan) -> tuple[str, int, int]:
    return (plan.source, plan.net.size, plan.net.channels)
