"""The jobs of the Reconstruct page: the search, the replay of what it found, and saving it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ebm_studio.core.errors import DivergedError
from ebm_studio.core.specs import Reconstruction, ShortRun
from ebm_studio.data.pictures.pictures import Pixels, to_images, to_pixels
from ebm_studio.engine.requests import Load, Request

if TYPE_CHECKING:
    from ebm_studio.data.models.result import Account, Result
    from ebm_studio.engine.worker import Worker

Floats = npt.NDArray[np.float32]
Known = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Look:
    """The search after an iteration, as pictures, uint8 (N, C, H, W). Nobody writes to them again."""

    iteration: int
    current: Pixels
    """M(z) of the z tried."""
    best: Pixels
    """M(z) of the least error so far; with a mask, the photo with its unknown part filled in."""
    z: Pixels
    """The best z, cut off at -1 and 1."""


class Search:
    """How a search goes. The job adds to it, any thread reads: `look` and `done` are replaced whole."""

    def __init__(self, count: int, iterations: int) -> None:
        self.count = count
        self.iterations = iterations
        """At most."""
        self.look: Look | None = None
        self.done = 0
        """Iterations so far."""
        self.finished = False
        """No further iteration will be added: the search is at its end, was cancelled, or failed."""
        self._error = np.empty((iterations, count), np.float32)
        self._best = np.empty((iterations, count), np.float32)

    def add(self, error: Floats, best: Floats, look: Look) -> None:
        """Take one iteration: the errors of what it tried and the least so far, (N,), and its pictures."""
        self._error[self.done] = error
        self._best[self.done] = best
        self.look = look
        self.done += 1

    @property
    def error(self) -> Floats:
        """Mean squared error of what each iteration tried, (done, N)."""
        return self._error[: self.done]

    @property
    def best(self) -> Floats:
        """The least mean squared error up to each iteration, (done, N)."""
        return self._best[: self.done]


@dataclass(frozen=True, slots=True)
class Found:
    """The best of a search: for each photo in order a result, or why there is none."""

    results: tuple[Result | DivergedError, ...]
    account: Account


@dataclass(frozen=True, kw_only=True)
class Reconstruct(Request):
    """Search for the start noise of photos, all in one batch.

    Posts a `Search` that fills as it goes, then `Found`: also when it is cancelled, with the best so far.
    """

    model: str
    names: tuple[Path, ...] = field(repr=False)
    """What the photos are called in the report."""
    photos: Pixels = field(repr=False, compare=False)
    """uint8 (N, C, H, W), of the model's own size."""
    known: Known | None = field(default=None, repr=False, compare=False)
    """(N, H, W), False where a photo is to be filled in; None when all is known."""
    settings: Reconstruction
    run: ShortRun
    seed: int = 0
    """Of the noise that a photo with an unknown part starts from."""
    found: Floats | None = field(default=None, repr=False, compare=False)
    """The z (N, C, H, W) of an earlier search, from where this one continues."""

    @property
    def load(self) -> Load:
        """See `Request.load`. A search that finds all photos before its last iteration takes less."""
        return Load(self.model, "search", len(self.photos) * self.run.steps, self.settings.iterations)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.model)
        import torch

        from ebm_studio.data.models.reconstruction import results_of
        from ebm_studio.data.models.result import Account

        photos = torch.from_numpy(to_images(self.photos))
        known = None if self.known is None else torch.from_numpy(self.known)[:, None]
        begin = None if self.found is None else torch.tensor(self.found)
        search = Search(len(photos), self.settings.iterations)
        worker.post(search)
        worker.report("Reconstructing", 0, self.settings.iterations)
        began = time.perf_counter()
        found = None
        try:
            for found in model.reconstruct(photos, self.settings, known, self.run, self.seed, found=begin):
                look = Look(
                    found.iteration,
                    to_pixels(found.images.cpu().numpy()),
                    self._filled(to_pixels(found.best_images.cpu().numpy())),
                    to_pixels(found.best_z.cpu().numpy()),
                )
                search.add(found.error.cpu().numpy(), found.best_error.cpu().numpy(), look)
                rate = search.done / (time.perf_counter() - began)
                worker.report("Reconstructing", search.done, search.iterations, rate)
                worker.check()
        finally:
            search.finished = True
            if found is not None:
                results = results_of(model, self.names, photos, found, self.settings, self.run, known)
                account = Account(
                    settings=self.settings,
                    seed=self.seed,
                    device=str(model.device),
                    backend=model.backend,
                    backend_reason=model.backend_reason,
                    seconds=round(time.perf_counter() - began, 3),
                    skipped=tuple(str(result) for result in results if isinstance(result, DivergedError)),
                    stopped=not found.done,
                )
                worker.post(Found(tuple(results), account))

    def _filled(self, pictures: Pixels) -> Pixels:
        if self.known is None:
            return pictures
        kept = self.known & ~self.known.all((1, 2), keepdims=True)
        return np.where(kept[:, None], self.photos, pictures)


@dataclass(frozen=True, slots=True)
class Saved:
    """Results are in a folder."""

    folder: Path
    count: int


@dataclass(frozen=True, kw_only=True)
class SaveResults(Request):
    """Write results as `data.models.reconstruction.save_results` does; posts `Saved`."""

    folder: Path
    results: tuple[Result, ...] = field(repr=False, compare=False)
    account: Account = field(repr=False)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        from ebm_studio.data.models.reconstruction import save_results

        worker.report("Saving")
        save_results(self.folder, self.results, self.account)
        worker.post(Saved(self.folder, len(self.results)))
