"""What the Generate page is about: parameters, the model, the chain. Widgets draw it and call its actions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, QSettings, QTimer, Signal

from ebm_studio.app.link import EngineLink
from ebm_studio.app.playback import Playback
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import MAX_SEED, ShortRun, check_count, check_seed
from ebm_studio.data.cards import bundled_models
from ebm_studio.engine.jobs import LoadModel, ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Fault, Request
from ebm_studio.engine.store import ChainStore

PAUSE = 250  # milliseconds without a further edit before a run starts
RANDOM_SEEDS = 1_000_000  # a seed that a person can say aloud


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What a person sets. Replaced whole at each edit, so that an edit can be undone."""

    seed: int = 0
    count: int = 16
    run: ShortRun = field(default_factory=ShortRun)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_count(self.count)


class GenerateState(QObject):
    """Observable parameters, model and faults; a change of parameters runs the chain again after a short pause."""

    parameters_changed = Signal()
    model_changed = Signal()
    fault_changed = Signal()
    view_changed = Signal()
    selection_changed = Signal()

    def __init__(self, link: EngineLink, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self.playback = Playback(self)
        self.parameters = _remembered(settings)
        self.model: ModelReady | None = None
        self.fault: Fault | None = None
        self.view = "state"
        """What the canvas shows of a step: its `state`, or its `mean`, without the step's own noise."""
        self.selected: int | None = None
        """The chain whose curve is drawn apart."""
        self._settings = settings
        self._wanted: Request | None = None
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self.run)
        link.posted.connect(self._take)
        link.ended.connect(self._end)
        link.progress_changed.connect(self.playback.watch)

    def open_first(self, name: str | None) -> None:
        """Open the model asked for at launch, else the last one used, else the first that is bundled."""
        if name is None:
            name = str(self._settings.value("model", ""))
            known = [path.stem for path in bundled_models()]
            if name not in known:
                name = known[0] if known else None
        if name is not None:
            self.open_model(name)

    def open_model(self, name: str) -> None:
        """Load a bundled model or a file, then run it with its own short run."""
        self.cancel()
        self.dismiss()
        self._wanted = self.link.submit(LoadModel(name=name))

    def change(self, **changes: Any) -> None:
        """Change `seed`, `count` or `run`; the chain runs again after a short pause."""
        try:
            parameters = replace(self.parameters, **changes)
        except SettingsError as error:
            self._set_fault(Fault(str(error)))
            return
        if parameters != self.parameters:
            self.parameters = parameters
            self._settings.setValue("seed", str(parameters.seed))
            self._settings.setValue("count", parameters.count)
            self.parameters_changed.emit()
            self._pause.start()

    def change_run(self, **changes: Any) -> None:
        """Change `steps`, `step_size`, `noise_scale` or `start` of the short run."""
        try:
            self.change(run=replace(self.parameters.run, **changes))
        except SettingsError as error:
            self._set_fault(Fault(str(error)))

    def random_seed(self) -> None:
        """Another seed, at once."""
        self.change(seed=secrets.randbelow(RANDOM_SEEDS))
        self.run()

    def next_seed(self, by: int) -> None:
        """The seed `by` further."""
        self.change(seed=min(max(self.parameters.seed + by, 0), MAX_SEED))

    def run(self) -> None:
        """Run the chain with the parameters as they are."""
        self._pause.stop()
        if self.model is not None:
            self.dismiss()
            p = self.parameters
            self._wanted = self.link.submit(RunChain(model=self.model.name, count=p.count, seed=p.seed, run=p.run))

    def cancel(self) -> None:
        """Stop what runs; what is there of the chain stays."""
        self._pause.stop()
        self.link.cancel()

    @property
    def waiting(self) -> bool:
        """Whether an edit waits for its run."""
        return self._pause.isActive()

    def set_view(self, view: str) -> None:
        """Show the `state` or the `mean` of each step."""
        if view != self.view:
            self.view = view
            self.view_changed.emit()

    def select(self, chain: int | None) -> None:
        """Draw the curve of a chain apart, or of none."""
        if chain != self.selected:
            self.selected = chain
            self.selection_changed.emit()

    def dismiss(self) -> None:
        """Take the fault away."""
        self._set_fault(None)

    def close(self) -> None:
        """Stop every timer, and the engine."""
        self._pause.stop()
        self.playback.pause()
        self.link.close()

    def _take(self, request: Request, value: object) -> None:
        if request.lane:  # another page's
            return
        if isinstance(value, ModelReady):
            self.model = value
            self._settings.setValue("model", value.name)
            self.parameters = replace(self.parameters, run=value.card.short_run)
            self.model_changed.emit()
            self.parameters_changed.emit()
            self.run()
        elif isinstance(value, ChainStore):
            if self.selected is not None and self.selected >= value.count:
                self.select(None)
            self.playback.show_chain(value)

    def _end(self, ended: Ended) -> None:
        self.playback.watch()
        if ended.fault is not None and ended.request == self._wanted:
            self._set_fault(ended.fault)

    def _set_fault(self, fault: Fault | None) -> None:
        if fault != self.fault:
            self.fault = fault
            self.fault_changed.emit()


def _remembered(settings: QSettings) -> Parameters:
    try:
        return Parameters(seed=int(str(settings.value("seed", 0))), count=int(str(settings.value("count", 16))))
    except (ValueError, SettingsError):  # a settings file that somebody edited
        return Parameters()
