"""The jobs of the Generate page. A further job kind is one more class like these, anywhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ebm_studio.core.energy.crew import threads
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.latent import Latent
from ebm_studio.data.models.reading import Assumed
from ebm_studio.engine.chain_store import BOUND, ChainStore
from ebm_studio.engine.requests import Load, Request

if TYPE_CHECKING:
    from ebm_studio.engine.worker import Worker


@dataclass(frozen=True, slots=True)
class ModelReady:
    """A model is in memory."""

    name: str
    """As it was asked for: a bundled name, or a path."""
    card: Card
    device: str
    threads: int
    """CPU threads that work on it."""
    backend: str
    """What computes its gradient: see `Model.backend`."""
    fingerprint: str
    """See `Model.fingerprint`."""
    backend_reason: str = ""
    """Why that backend."""
    assumed: Assumed | None = None
    """How weights without a card were read."""


@dataclass(frozen=True, kw_only=True)
class LoadModel(Request):
    """Read a model's file into memory; posts `ModelReady`."""

    name: str

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.name, fresh=True)
        device, why = str(model.device), model.backend_reason
        ready = ModelReady(self.name, model.card, device, threads(), model.backend, model.fingerprint, why)
        worker.post(replace(ready, assumed=model.assumed))


@dataclass(frozen=True, kw_only=True)
class RunChain(Request):
    """Run `count` chains from noise, or one from each of some latents; posts a `ChainStore` that fills as they run.

    With `after`, the store of a shorter run of the same chains, they go on from its end.
    """

    model: str
    count: int = 16
    seed: int = 0
    run: ShortRun
    latents: tuple[Latent, ...] = ()
    """In the place of count and seed. See `Model.mixed` for their noise."""
    bound: int = BOUND
    after: ChainStore | None = field(default=None, repr=False, compare=False)
    """From the same model, count and seed. Where it does not serve, the chains begin with their noise."""

    @property
    def load(self) -> Load:
        """See `Request.load`."""
        there = self.after.last if self.after is not None and self.after.begins_like(self.run) else 0
        return Load(self.model, "sampling", len(self.latents) or self.count, self.run.steps - there)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.model)
        import torch

        store = self.after.longer(self.run, self.bound) if self.after else None
        if store is not None:
            chains = model.chain(self.count, self.seed, self.run, (store.last, torch.from_numpy(store.end().copy())))
            worker.post(store)
        else:
            store = ChainStore(len(self.latents) or self.count, model.card.net.shape, self.run, self.bound)
            chains = (
                model.mixed(self.latents, run=self.run)
                if self.latents
                else model.chain(self.count, self.seed, self.run)
            )
        began = time.perf_counter()
        try:
            for step in chains:
                store.add_step(step)
                if step.index == 0:
                    worker.post(store)
                rate = (step.index - store.begins) / max(time.perf_counter() - began, 1e-6)
                worker.report("Sampling", step.index, self.run.steps, rate)
                worker.check()
        finally:
            store.finished = True
