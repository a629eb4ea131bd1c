"""What was found for photos: each result belongs to what was shown, to the model, and to the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.reconstruct.photo import Mask, Photo, seen
from ebm_studio.app.studio.undo import Undo
from ebm_studio.core.specs import MAX_ITERATIONS, NetSpec, Reconstruction
from ebm_studio.data.models.result import Account, Result

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Key:
    """What a result belongs to."""

    shown: str
    """Of the pixels that the model was shown, and of the mask."""
    model: str
    """Its fingerprint."""
    settings: Reconstruction | None
    """None when an exported file brought the result: it does not tell."""
    seed: int
    """Of the noise that the unknown part began with; 0 for a photo all of which is known."""


@dataclass(frozen=True)
class Course:
    """How the search for one photo goes, or went."""

    tried: Floats
    least: Floats
    iterations: int
    """At most."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was found for a photo under a key."""

    key: Key
    photo: int
    """The key of the photo on the page."""
    unknown: Mask | None
    """The part that was filled in, at the model's size."""
    result: Result
    account: Account
    tried: Floats
    """The error of what each iteration tried, (iterations,)."""
    least: Floats
    """The least error up to each iteration, (iterations,)."""

    @property
    def course(self) -> Course:
        """How the search for it went."""
        settings = self.account.settings
        return Course(self.tried, self.least, settings.iterations if settings else len(self.least))


Change = dict[Key, Outcome | None]


class Results(QObject):
    """Observable. What is in it stays until it is deleted, or a better one of the same key comes: both can be undone.

    >>> results.take([outcome])     # keeps what is better
    >>> results.at(key)
    """

    changed = Signal()

    def __init__(self, undo: Undo, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._undo = undo
        self._all: dict[Key, Outcome] = {}  # the newest last

    def at(self, key: Key) -> Outcome | None:
        """What was found under a key."""
        return self._all.get(key)

    def nearest(self, photo: int, key: Key) -> Outcome | None:
        """What was found under a key; else the newest that the model found for the photo, edited since or not."""
        found = self.of(photo, key.shown, key.model)
        own = [each for each in found if each.photo == photo]
        exact = self.at(key)
        if exact is not None and (exact.photo == photo or not own):
            return exact
        newest = own or found
        return newest[-1] if newest else None

    def of(self, photo: int, shown: str = "", model: str = "") -> list[Outcome]:
        """Everything that was found for a photo by its key, or for what is `shown` of it; the newest last.

        By one model, or by any.
        """
        found = (each for each in self._all.values() if each.photo == photo or each.key.shown == shown)
        return [each for each in found if model in ("", each.key.model)]

    def take(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what was found, unless what is there under the same key is better."""
        new: Change = {}
        better: Change = {}
        for outcome in outcomes:
            old = self._all.get(outcome.key)
            if old is None or outcome.result.error == old.result.error:  # the same once more
                new[outcome.key] = outcome
            elif outcome.result.error < old.result.error:
                better[outcome.key] = outcome
        if new:
            self._put(new)
        if better:
            before = {key: self._all.get(key) for key in better}
            self._undo.swap(f"Replace {_counted(len(better))}", self._put, before, better)

    def delete(self, outcomes: Sequence[Outcome]) -> None:
        """Take results away. Can be undone."""
        before: Change = {outcome.key: outcome for outcome in outcomes}
        if before:
            self._undo.swap(f"Delete {_counted(len(before))}", self._put, before, dict.fromkeys(before))

    def _put(self, change: Change) -> None:
        for key, outcome in change.items():
            self._all.pop(key, None)
            if outcome is not None:
                self._all[key] = outcome
        self.changed.emit()


def key_of(photo: Photo, net: NetSpec, model: str, settings: Reconstruction, seed: int) -> Key:
    """What a search for a photo, as it is now, would find a result for; `model` is the fingerprint."""
    return Key(shown_of(photo, net), model, settings, seed if photo.unknown is not None else 0)


@lru_cache(maxsize=256)
def shown_of(photo: Photo, net: NetSpec) -> str:
    """The hash of what a model is shown of a photo, and of its mask."""
    mask = photo.mask(net.size)
    parts = (seen(photo, net).tobytes(), b"" if mask is None else np.packbits(mask).tobytes())
    return hashlib.blake2b(b"|".join(parts), digest_size=16).hexdigest()


def continued(earlier: Outcome, later: Outcome) -> Outcome:
    """What a search found that continued an earlier one, with the course and the account of both."""
    before, after = earlier.account, later.account
    seconds = [each.seconds for each in (before, after) if each.seconds is not None]
    return replace(
        later,
        account=replace(
            after,
            settings=after.settings and replace(after.settings, iterations=_iterations(earlier, after.settings)),
            seconds=round(sum(seconds), 3) if seconds else None,
            continued=before.continued + 1,
        ),
        tried=np.concatenate([earlier.tried, later.tried]),
        least=np.minimum.accumulate(np.concatenate([earlier.least, later.least])),
    )


def can_continue(earlier: Outcome, settings: Reconstruction) -> bool:
    """Whether as many more iterations can be counted."""
    return _iterations(earlier, settings) <= MAX_ITERATIONS


def _iterations(earlier: Outcome, settings: Reconstruction) -> int:
    return len(earlier.tried) + settings.iterations


def merged(outcomes: Sequence[Outcome]) -> Account:
    """One account for the results of several searches; settings and seed where they all had the same."""
    accounts = list({id(outcome.account): outcome.account for outcome in outcomes}.values())
    first = accounts[0]
    names = [str(outcome.result.path) for outcome in outcomes]
    skipped = dict.fromkeys(line for account in accounts for line in account.skipped)
    seconds = [account.seconds for account in accounts if account.seconds is not None]
    return replace(
        first,
        settings=first.settings if all(account.settings == first.settings for account in accounts) else None,
        seed=first.seed if all(account.seed == first.seed for account in accounts) else None,
        seconds=round(sum(seconds), 3) if seconds else None,
        skipped=tuple(line for line in skipped if not any(name in line for name in names)),  # found by another search
        stopped=any(account.stopped for account in accounts),
    )


def mean_least(courses: Sequence[Course]) -> Floats:
    """The mean over photos of the least error up to each iteration, (iterations,); one that ended early stays at it."""
    length = max((len(course.least) for course in courses), default=0)
    rows = [
        np.pad(course.least, (0, length - len(course.least)), mode="edge") for course in courses if len(course.least)
    ]
    return np.mean(rows, axis=0, dtype=np.float32) if rows else np.empty(0, np.float32)


def _counted(count: int) -> str:
    return "a reconstruction" if count == 1 else f"{count} reconstructions"
