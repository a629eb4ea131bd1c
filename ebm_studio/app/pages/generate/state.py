"""What the Generate page is about: parameters, the model, the chain. Widgets draw it and call its actions."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import replace
from typing import Any, get_args

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.chains import ChainsState
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.parameters import Parameters, difference
from ebm_studio.app.studio.playback import SPEEDS, Mode
from ebm_studio.app.studio.shelf import Subject, title
from ebm_studio.app.studio.undo import Undo
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import MAX_STEPS, ShortRun
from ebm_studio.data.models.card import bundled_models
from ebm_studio.data.models.latent import FromSeed, Latent
from ebm_studio.data.storage.hub import is_hub_name
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import LoadModel, ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Fault, Request


class GenerateState(ChainsState):
    """Observable parameters, model and faults; a change of parameters runs the chain again after a short pause."""

    model_changed = Signal()
    chain_ended = Signal(object, object)
    """A chain is whole: its `Parameters` and its `ChainStore`."""

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(link, parent)
        self.undo = Undo(self)
        self.model: ModelReady | None = None
        self.shown: tuple[Parameters, ModelReady] | None = None
        """What made the chain that is shown, while the parameters may be ahead of it."""
        self.latent: Latent | None = None
        """The start noise of the chain that is shown, when it is not one of a seed."""
        self.smooth = False
        """Whether pictures are smoothed at any zoom, or kept crisp at whole ones."""
        self.enlarged: int | None = None
        """The chain that has the canvas for itself."""
        self._wanted: Request | None = None
        self._opening: Request | None = None
        self._running: tuple[Parameters, ModelReady] | None = None
        self._running_latent: Latent | None = None
        self._awaited: int | None = None
        link.posted.connect(self._take)
        link.ended.connect(self._end)

    def open_first(self, name: str | None) -> None:
        """Open the model asked for at launch, else that of the session, else the first that is bundled."""
        remembered = self.parameters.model
        bundled = [path.stem for path in bundled_models()]
        if name is not None:
            self.open_model(name)
        elif remembered in bundled or (remembered and (is_hub_name(remembered) or os.path.isfile(remembered))):
            self._apply(self.parameters)
        elif bundled:
            self.open_model(bundled[0])

    def open_model(self, name: str) -> None:
        """Load a bundled model or a file, then run it with its own short run."""
        self.cancel()
        self.dismiss()
        self._wanted = self._opening = self.link.submit(LoadModel(name=name))

    def reload(self) -> None:
        """Load the model anew, as after a change of device."""
        if self.model is not None:
            self._wanted = self.link.submit(LoadModel(name=self.model.name))

    def change(self, text: str = "", *, key: Hashable = "change", **changes: Any) -> None:
        """Change `seed`, `count` or `run`; the chain runs again after a short pause.

        `text` says what undo would take back; changes of the same `key` in quick succession are one.
        """
        try:
            after = replace(self.parameters, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        if after != self.parameters:
            text = text or difference(self.parameters, after)
            self.undo.swap(text, self._apply, self.parameters, after, key and (key, *changes), page="generate")

    def change_run(self, **changes: Any) -> None:
        """Change `steps`, `step_size`, `noise_scale`, `noise_steps` or `start` of the short run."""
        try:
            self.change(key=tuple(changes), run=replace(self.parameters.run, **changes))
        except SettingsError as error:
            self.show(Fault(str(error)))

    def restore(self, parameters: Parameters) -> None:
        """Be as an earlier run was, its model included, and run it."""
        if parameters != self.parameters:
            self.undo.swap("Restore a run", self._apply, self.parameters, parameters, page="generate")
        self.run()

    def find_model(self, name: str, fingerprint: str) -> str | None:
        """How to open the model of a name and fingerprint: the one that is open, or a bundled one."""
        if self.model is not None and self.model.fingerprint == fingerprint:
            return self.model.name
        return name if name in [path.stem for path in bundled_models()] else None

    def show_chain(self, model: str, seed: int, chain: int, run: ShortRun) -> None:
        """Run a seed again as far as a chain, and give that the whole canvas."""
        count = max(self.parameters.count, chain + 1)
        self.restore(replace(self.parameters, model=model, seed=seed, count=count, run=run))
        self._awaited = chain

    def run_longer(self) -> None:
        """Twice the steps, at once. The chains go on from where they have ended."""
        self.change_run(steps=min(2 * self.parameters.run.steps, MAX_STEPS))
        self.run()

    def run(self) -> None:
        """Run the chain with the parameters as they are."""
        self._pause.stop()
        if self.model is None or self.model.name != self.parameters.model:
            return  # a model that loads runs by itself
        self.dismiss()
        p = self.parameters
        self._running, self._running_latent = (p, self.model), None
        self._wanted = self.link.submit(
            RunChain(model=self.model.name, count=p.count, seed=p.seed, run=p.run, bound=self.bound, after=self._begun)
        )

    @property
    def _begun(self) -> ChainStore | None:
        """The chains that are shown, when those that are wanted begin in the same way."""
        if self.shown is None or self.latent is not None:
            return None
        parameters, model = self.shown
        is_same = model == self.model and replace(parameters, run=self.parameters.run) == self.parameters
        return self.playback.store if is_same else None

    def run_latent(self, latent: Latent) -> None:
        """Run the chain of a latent with the open model and the short run that it was made for.

        The parameters stay; the next change of them shows the chains of the seed again.
        """
        self._pause.stop()
        if self.model is not None:
            self.dismiss()
            self._running, self._running_latent = (replace(self.parameters, run=latent.short_run), self.model), latent
            self._wanted = self.link.submit(
                RunChain(model=self.model.name, run=latent.short_run, latents=(latent,), bound=self.bound)
            )

    def set_smooth(self, smooth: bool) -> None:
        """Smooth the pictures, or keep their pixels crisp."""
        if smooth != self.smooth:
            self.smooth = smooth
            self.view_changed.emit()

    def select_next(self, by: int) -> None:
        """Select the chain `by` further; an enlarged one makes way for it."""
        if self.playback.store is not None:
            chain = -1 if self.selected is None and by > 0 else self.selected or 0
            chain = min(max(chain + by, 0), self.playback.store.count - 1)
            self.select(chain)
            if self.enlarged is not None:
                self.enlarge(chain)

    def enlarge(self, chain: int | None) -> None:
        """Give a chain the whole canvas, or show them all."""
        if chain is not None:
            self.select(chain)
        if chain != self.enlarged:
            self.enlarged = chain
            self.view_changed.emit()

    def subject(self, chain: int) -> Subject | None:
        """A chain's picture and start noise, for the shelf."""
        store = self.playback.store
        if store is None or self.shown is None or chain >= store.count or not store.rows:
            return None
        parameters, model = self.shown
        return Subject(
            name=f"{model.card.name}-{title(self.latent) if self.latent else f'{parameters.seed}-{chain}'}",
            picture=store.pixels(store.rows - 1)[chain],
            shown=store.pixels(self.playback.row, self.view)[chain],
            latent=self.latent
            or Latent(
                store.start(chain),
                FromSeed(parameters.seed, chain),
                model.card.name,
                model.fingerprint,
                parameters.run,
            ),
            run_longer=None if self.latent else self.run_longer,
        )

    def close(self) -> None:
        """Stop every timer, and the engine."""
        super().close()
        self.link.close()

    def to_dict(self) -> dict[str, Any]:
        """What a session remembers."""
        return {
            "parameters": self.parameters.to_dict(),
            "view": self.view,
            "smooth": self.smooth,
            "selected": self.selected,
            "mode": self.playback.mode,
            "speed": self.playback.speed,
        }

    def from_dict(self, data: Any) -> None:
        """Be as a session was left, before any model is open. Raises what `Parameters.from_dict` raises."""
        self.parameters = Parameters.from_dict(data["parameters"])
        self.set_view("mean" if data["view"] == "mean" else "state")
        self.set_smooth(data["smooth"] is True)
        if type(data["selected"]) is int and 0 <= data["selected"] < self.parameters.count:
            self.select(data["selected"])
        if data["mode"] in get_args(Mode):
            self.playback.set_mode(data["mode"])
        if data["speed"] in SPEEDS:
            self.playback.set_speed(data["speed"])
        self.parameters_changed.emit()

    def _apply(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.parameters_changed.emit()
        if self.model is not None and self.model.name == parameters.model:
            self._pause.start()
        elif parameters.model:
            self._pause.stop()
            self.dismiss()
            self._opening = None
            self._wanted = self.link.submit(LoadModel(name=parameters.model))

    def _take(self, request: Request, value: object) -> None:
        if request.lane:  # another page's
            return
        if isinstance(value, ModelReady):
            self._take_model(request, value)
        elif isinstance(value, ChainStore):
            for chain, leave in ((self.selected, self.select), (self.enlarged, self.enlarge)):
                if chain is not None and chain >= value.count:
                    leave(None)
            self.shown, self.latent = self._running, self._running_latent
            self.playback.show_chain(value, value.begins)
            if self._awaited is not None and self._awaited < value.count:
                self.enlarge(self._awaited)
            self._awaited = None

    def _take_model(self, request: Request, model: ModelReady) -> None:
        before = self.parameters
        self.model = model
        self.model_changed.emit()
        if request == self._opening:  # opened by hand: its own short run
            after = replace(before, model=model.name, run=model.card.short_run)
            if not before.model or after == before:
                self.parameters = after
                self.parameters_changed.emit()
            else:
                self.undo.swap(f"Open {model.card.name}", self._apply, before, after, page="generate")
        else:
            self.parameters_changed.emit()  # what is the model's own has changed
        self.run()

    def _end(self, ended: Ended) -> None:
        self.playback.watch()
        if ended.request != self._wanted:
            return
        self._wanted = None
        if ended.fault is not None:
            self.show(ended.fault)
            if self.model is not None and self.parameters.model != self.model.name:
                self.parameters = replace(self.parameters, model=self.model.name)
                self.parameters_changed.emit()
        elif isinstance(ended.request, RunChain) and not ended.request.latents:
            store = self.playback.store
            if self.shown is not None and store is not None and store.whole:
                self.chain_ended.emit(self.shown[0], store)
