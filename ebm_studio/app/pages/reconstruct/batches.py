"""The search for photos, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.reconstruct.photo import Mask, Photo, seen
from ebm_studio.app.pages.reconstruct.replay import LANE
from ebm_studio.app.pages.reconstruct.results import Floats, Key, Outcome, continued, key_of
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.pace import Pace
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.specs import NetSpec, Reconstruction
from ebm_studio.engine.jobs.chains import ModelReady
from ebm_studio.engine.jobs.reconstruction import Found, Reconstruct, Search
from ebm_studio.engine.requests import Ended, Load, Request


@dataclass(frozen=True)
class Batch:
    """Photos that are searched for together."""

    photos: tuple[Photo, ...]
    keys: tuple[Key, ...]
    request: Reconstruct


def plan(
    photos: Sequence[Photo], model: ModelReady, settings: Reconstruction, seed: int, found: Floats | None = None
) -> list[Batch]:
    """The search for these photos, of each of which something is known.

    `found` is the z (N, C, H, W) of an earlier search, from where this one continues.
    """
    whole = tuple(photo for photo in photos if photo.unknown is None)
    masked = tuple(photo for photo in photos if photo.unknown is not None)
    return [
        Batch(
            batch,
            tuple(key_of(each, model.card.net, model.fingerprint, settings, seed) for each in batch),
            _request(batch, model, settings, seed, found),
        )
        for batch in (whole, masked)
        if batch
    ]


def plan_text(batches: Sequence[Batch]) -> str:
    """How much work it is: All 5,000 iterations for 3 photos."""
    count = sum(len(batch.photos) for batch in batches)
    iterations = batches[0].request.settings.iterations
    return f"All {iterations:,} iterations for {count:,} photo{'' if count == 1 else 's'}"


class Batches(QObject):
    """Observable. Photos with a mask are a batch of their own, since their short run takes other steps."""

    changed = Signal()
    """A search has started, or continues with another batch."""
    found = Signal(list)
    """The `Outcome`s of a batch."""
    ran_away = Signal(object)
    """Of a photo there is none: one sentence."""
    ended = Signal(object)
    """The last batch has ended, with a `Fault` or None."""

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.search: Search | None = None
        """How the batch goes, or the last one went."""
        self.batch: tuple[Photo, ...] = ()
        """Its photos, as they were when it began."""
        self._keys: tuple[Key, ...] = ()
        self._net: NetSpec | None = None
        self._waiting: list[Batch] = []
        self._wanted: Request | None = None
        self._earlier: Outcome | None = None  # what the search continues

    @property
    def active(self) -> bool:
        """Whether a search is under way."""
        return self._wanted is not None

    def place_of(self, photo: Photo) -> int | None:
        """Where a photo is in the batch."""
        return next((i for i, other in enumerate(self.batch) if other.key == photo.key), None)

    def start(self, batches: Sequence[Batch], net: NetSpec, earlier: Outcome | None = None) -> None:
        """Search for the start noise of the photos; with `earlier`, continue from what was found for the only one."""
        self._net, self._earlier = net, earlier
        self._waiting = list(batches)
        self._begin()

    def _begin(self) -> None:
        batch = self._waiting.pop(0)
        self.batch, self._keys = batch.photos, batch.keys
        self.search = None
        self._wanted = self._link.submit(batch.request, self._take, self._end)
        self.changed.emit()

    def clear(self) -> None:
        """Give up, and show no search."""
        if self._wanted is not None:
            self._link.cancel(self._wanted)
        self.forget()
        self.batch = self._keys = ()
        self.search = None
        self.changed.emit()

    def forget(self) -> None:
        """Whatever was asked for is not expected any more."""
        self._wanted = self._earlier = None
        self._waiting = []

    def _take(self, value: Search | Found) -> None:
        if self._wanted is None:  # it is not expected any more
            return
        if isinstance(value, Search):
            self.search = value
            self.changed.emit()
        else:
            for result in value.results:
                if isinstance(result, DivergedError):
                    self.ran_away.emit(str(result))
            outcomes = self._outcomes(value)
            self.found.emit([continued(earlier, each) for each in outcomes] if (earlier := self._earlier) else outcomes)

    def _outcomes(self, found: Found) -> list[Outcome]:
        search, net = self.search, self._net
        assert search is not None
        assert net is not None
        return [
            Outcome(
                key=key,
                photo=photo.key,
                unknown=photo.mask(net.size),
                result=result,
                account=found.account,
                tried=search.error[:, place].copy(),
                least=search.best[:, place].copy(),
            )
            for place, (photo, key, result) in enumerate(zip(self.batch, self._keys, found.results, strict=True))
            if not isinstance(result, DivergedError)
        ]

    def _end(self, ended: Ended) -> None:
        if self._wanted is None:
            return
        if self._waiting and ended.fault is None and not ended.cancelled:
            self._begin()
            return
        self.forget()
        self.ended.emit(ended.fault)


def expected_seconds(photos: Sequence[Photo], model: ModelReady, settings: Reconstruction, pace: Pace) -> float | None:
    """How long a search for these photos takes at most; None while this model has not searched here."""
    width = len(photos) * model.card.short_run.for_photos().steps
    return pace.seconds(Load(model.name, "search", width, settings.iterations)) if width else None


def known_of(photo: Photo, net: NetSpec) -> Mask:
    """What is known of a photo, True in (size, size)."""
    mask = photo.mask(net.size)
    return np.ones((net.size, net.size), bool) if mask is None else ~mask


def _request(
    photos: tuple[Photo, ...], model: ModelReady, settings: Reconstruction, seed: int, found: Floats | None
) -> Reconstruct:
    net = model.card.net
    known = np.stack([known_of(photo, net) for photo in photos])
    return Reconstruct(
        lane=LANE,
        page=LANE,
        model=model.name,
        names=tuple(photo.path for photo in photos),
        photos=np.stack([seen(photo, net) for photo in photos]),
        known=None if known.all() else known,
        settings=settings,
        run=model.card.short_run.for_photos(masked=not known.all()),
        seed=seed,
        found=found,
    )
