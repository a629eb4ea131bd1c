"""What the Generate page is about: parameters and the chain. Widgets draw it and call its actions."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.studio.chains import ChainsState
from ebm_studio.app.studio.long_runs import steps_text
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.studio.parameters import Parameters, difference
from ebm_studio.app.studio.playback import SPEEDS, Mode
from ebm_studio.app.studio.shelf import Subject, title
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import MAX_STEPS, ShortRun
from ebm_studio.data.exports.recipe import ChainRecipe
from ebm_studio.data.models.card import bundled_models
from ebm_studio.data.models.latent import FromSeed, Latent
from ebm_studio.data.storage.hub import is_hub_name
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.jobs.chains import ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Fault

PAGE = "generate"


class GenerateState(ChainsState):
    """Observable parameters and errors; a change of parameters runs the chain again after a short pause."""

    page = PAGE
    model_changed = Signal()
    model_missed = Signal(object)
    """The model of the session is not there: one sentence."""
    chain_ended = Signal(object, object)
    """A chain is whole: its `Parameters` and its `ChainStore`."""

    def __init__(self, open_model: OpenModel, parent: QObject | None = None) -> None:
        super().__init__(open_model.link, parent)
        self.open = open_model
        self.undo = open_model.undo
        self.shown: tuple[Parameters, ModelReady] | None = None
        """What made the chain that is shown, while the parameters may be ahead of it."""
        self.latent: Latent | None = None
        """The start noise of the chain that is shown, when it is not one of a seed."""
        self._absent: Parameters | None = None  # of the session, while its model is not there and nothing was changed
        self.smooth = False
        """Whether pictures are smoothed at any zoom, or kept crisp at whole ones."""
        self.enlarged: int | None = None
        """The chain that has the canvas for itself."""
        self._awaited: int | None = None
        self.parameters_changed.connect(self._share)
        open_model.model_changed.connect(self.model_changed)
        open_model.asked.connect(self.dismiss)
        open_model.loaded.connect(self._take_model)
        open_model.failed.connect(self._keep_model)
        open_model.cancelled.connect(self._pause.stop)
        open_model.cancelled.connect(self.long.forget)

    @property
    def model(self) -> ModelReady | None:
        """The model that is open."""
        return self.open.model

    def open_first(self, name: str | None) -> None:
        """Open the model asked for at launch, else that of the session, else the first that is bundled."""
        remembered = self.parameters.model
        bundled = [path.stem for path in bundled_models()]
        if name is not None:
            self.open.open_model(name)
        elif remembered in bundled or (remembered and (is_hub_name(remembered) or os.path.isfile(remembered))):
            self._apply(self.parameters)
        elif bundled:
            if remembered:
                self._miss(bundled[0])
            self.open.open_model(bundled[0])

    def _miss(self, instead: str) -> None:
        """Remember what was set for a model that is not there, as on a stick that is not plugged in."""
        name = self.parameters.model
        self._absent, self.parameters = self.parameters, replace(self.parameters, model="")
        self.model_missed.emit(
            f"{name} cannot be found, so {instead} is open instead. The program looks for it again the next time you "
            "start it, unless you change something on the Generate page."
        )

    def change(self, text: str = "", *, key: Hashable = "change", **changes: Any) -> None:
        """Change `seed`, `count` or `run`; the chain runs again after a short pause.

        `text` names the change for undo; changes of the same `key` in quick succession are one.
        """
        try:
            after = replace(self.parameters, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        if after != self.parameters:
            text = text or difference(self.parameters, after)
            self.undo.swap(text, self._apply, self.parameters, after, key and (key, *changes), page=PAGE)

    def change_run(self, **changes: Any) -> None:
        """Change `steps`, `step_size`, `noise_scale`, `noise_steps`, `settle` or `start` of the short run."""
        try:
            self.change(key=tuple(changes), run=replace(self.parameters.run, **changes))
        except SettingsError as error:
            self.show(Fault(str(error)))

    def restore(self, parameters: Parameters) -> None:
        """Be as an earlier run was, its model included, and run it."""
        if parameters != self.parameters:
            self.undo.swap("Restore a run", self._apply, self.parameters, parameters, page=PAGE)
        self.run()

    def show_chain(self, model: str, seed: int, chain: int, run: ShortRun) -> None:
        """Run a seed again as far as a chain, and give that the whole canvas."""
        count = max(self.parameters.count, chain + 1)
        self.restore(replace(self.parameters, model=model, seed=seed, count=count, run=run))
        self._awaited = chain

    def restore_recipe(self, recipe: ChainRecipe, model: str) -> None:
        """Run again what a file was made from: all chains of a seed, or one of them. `model` is as it is opened."""
        seeds, run = recipe.seeds, recipe.side.short_run
        if seeds.first or seeds.count == 1:  # one chain among others
            self.show_chain(model, seeds.seed, seeds.first, run)
        else:
            after = replace(self.parameters, model=model, seed=seeds.seed, count=seeds.count, run=run)
            self.restore(after)

    def run_longer(self) -> None:
        """Twice the steps, at once. The chains continue from their end."""
        self.run_steps(2 * self.parameters.run.steps)

    def run_steps(self, steps: int) -> None:
        """So many steps, at once, or as many as a chain may have."""
        self.change_run(steps=min(steps, MAX_STEPS))
        self.run()

    def run(self) -> None:
        """Run the chain with the parameters as they are."""
        self._pause.stop()
        if self.model is None or self.model.name != self.parameters.model:
            return  # a model that loads runs by itself
        self.dismiss()
        p = self.parameters
        request = RunChain(
            page=PAGE,
            model=self.model.name,
            count=p.count,
            seed=p.seed,
            run=p.run,
            bound=self.bound,
            after=self._begun,
        )
        take = partial(self._take_chains, (p, self.model), None)
        self.long.ask([request], steps_text(request.load), lambda: self.link.submit(request, take, self._end_chains))

    def go_on(self) -> None:
        """Run a chain that was cancelled to its end: from where it stands, or from its latent once more."""
        if self.latent is not None:
            self.run_latent(self.latent)
        else:
            self.run()

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
            made_by = (replace(self.parameters, run=latent.short_run), self.model)
            self.link.submit(
                RunChain(page=PAGE, model=self.model.name, run=latent.short_run, latents=(latent,), bound=self.bound),
                partial(self._take_chains, made_by, latent),
                self._hear_end,
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
            is_sketch=not store.whole,
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

    def to_dict(self) -> dict[str, Any]:
        """What a session remembers."""
        return {
            "parameters": (self._absent or self.parameters).to_dict(),
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
        self._absent, self.parameters = None, parameters
        self.parameters_changed.emit()
        if self.model is not None and self.model.name == parameters.model:
            self._pause.start()
        elif parameters.model:
            self._pause.stop()
            self.dismiss()
            self.open.load(parameters.model)

    def _share(self) -> None:
        self.open.parameters = self.parameters

    def _take_model(self, by_hand: bool) -> None:
        model, before = self.model, self.parameters
        assert model is not None
        if by_hand:  # with its own short run
            after = replace(before, model=model.name, run=model.card.short_run)
            if not before.model or after == before:
                self.parameters = after
                self.parameters_changed.emit()
            else:
                self.undo.swap(f"Open {model.card.name}", self._apply, before, after, page=PAGE)
        else:
            self.parameters_changed.emit()  # what is the model's own has changed
        self.run()

    def _keep_model(self, fault: Fault) -> None:
        """Another model could not be loaded: keep the current one, if any."""
        self.show(fault)
        if self.model is not None and self.parameters.model != self.model.name:
            self.parameters = replace(self.parameters, model=self.model.name)
            self.parameters_changed.emit()

    def _take_chains(self, made_by: tuple[Parameters, ModelReady], latent: Latent | None, store: ChainStore) -> None:
        for chain, leave in ((self.selected, self.select), (self.enlarged, self.enlarge)):
            if chain is not None and chain >= store.count:
                leave(None)
        self.shown, self.latent = made_by, latent
        self.playback.show_chain(store, store.begins)
        if self._awaited is not None and self._awaited < store.count:
            self.enlarge(self._awaited)
        self._awaited = None

    def _hear_end(self, ended: Ended) -> None:
        self.playback.watch()
        if ended.fault is not None:
            self.show(ended.fault)

    def _end_chains(self, ended: Ended) -> None:
        self._hear_end(ended)
        store = self.playback.store
        if ended.fault is None and self.shown is not None and store is not None and store.whole:
            self.chain_ended.emit(self.shown[0], store)
