"""Training sets: a folder or a zip of pictures, and public sets by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from itertools import groupby
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from ebm_studio.core.errors import DataError, one_line
from ebm_studio.data.pictures.entries import Entry, Found, find_files, identity, open_pictures
from ebm_studio.data.pictures.named_sets import NAMED, read_named
from ebm_studio.data.pictures.pictures import Pixels, fit, open_picture
from ebm_studio.data.pictures.set_readers import READING
from ebm_studio.data.storage.outside import kind_of_place, path_of
from ebm_studio.data.storage.progress import Progress, silent


@dataclass(frozen=True)
class ImageSet:
    """Pictures in memory, all of one size."""

    name: str
    images: Pixels
    """uint8 (N, C, H, W)."""
    licence: str = ""
    skipped: list[str] = field(default_factory=list)
    """One line for each file left out, with the reason."""
    folders: tuple[int, ...] = ()
    """Pictures of each folder, in name order; empty when the set has no folders."""
    left_out: str = ""
    """The `held_out_rows` of the set that this is the rest of."""
    others: list[str] = field(default_factory=list)
    """The names of files that are no pictures, by their names."""

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that tell these pictures, in this order, from all others."""
        return blake2b(np.ascontiguousarray(self.images).data, digest_size=8).hexdigest()

    def last(self, count: int) -> ImageSet:
        """What `without_last` leaves out."""
        return ImageSet(self.name, self.images[~self._learned(count)], self.licence)

    def without_last(self, count: int) -> ImageSet:
        """All but `count` pictures, which training then never sees.

        They are the last ones in name order, of each folder by its share: a folder is mostly a class.
        """
        images = self.images[self._learned(count)]
        rows = self.held_out_rows(count)
        return ImageSet(self.name, images, self.licence, self.skipped, left_out=rows, others=self.others)

    @property
    def passed_over(self) -> str:
        """A sentence about the files that are not in it; empty when there are none."""
        parts = []
        if self.skipped:
            parts.append(f"{counted(len(self.skipped), 'picture')} cannot be used: {listed(self.skipped)}.")
        if self.others:
            parts.append(f"{counted(len(self.others), 'other file')} passed over: {listed(self.others)}.")
        return " ".join(parts)

    def held_out_rows(self, count: int) -> str:
        """The rows that `without_last` leaves out, as ranges with both ends: "264-285, 690".

        Counted from 0 over the pictures that can be read, in name order. Raises `DataError`.
        """
        edges = np.diff(~self._learned(count), prepend=False, append=False)
        firsts, ends = edges.nonzero()[0].reshape(-1, 2).T
        return ", ".join(
            f"{first}-{end - 1}" if end - first > 1 else f"{first}" for first, end in zip(firsts, ends, strict=True)
        )

    def _learned(self, count: int) -> NDArray[np.bool_]:
        if not 0 <= count < len(self):
            raise DataError(f"Cannot hold out {count} of {len(self)} images.")
        ends = np.cumsum(self.folders or (len(self),))
        # Shares are rounded where they add up, so that all together are `count`.
        shares = np.diff(np.rint(ends * count / len(self)).astype(int), prepend=0)
        learned = np.ones(len(self), np.bool_)
        for end, share in zip(ends, shares, strict=True):
            learned[end - share : end] = False
        return learned


def counted(count: int, what: str) -> str:
    """Such as "1 picture" or "3 pictures"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def listed(lines: list[str]) -> str:
    """The first of some lines, without the full stop at its end."""
    return lines[0].rstrip(".") + (" and more" if len(lines) > 1 else "")


def open_images(source: str, size: int, channels: int | None = None, progress: Progress = silent) -> ImageSet:
    """A training set by name, or from a folder or zip of pictures of any size, in name order.

    Each picture is cropped to its centre square and resized to `size`. `channels` is 1 or 3; by
    default what the set has by nature. Broken pictures are left out and listed. Raises `DataError`.
    """
    channels = channels or natural_channels(source)
    if source in NAMED:
        return ImageSet(source, read_named(source, size, channels, progress), NAMED[source].licence)
    with open_entries(source) as found:
        return replace(read_entries(source, found.pictures, size, channels, progress), others=found.others)


def open_split(
    source: str, size: int, channels: int, held_out: int, progress: Progress = silent
) -> tuple[ImageSet, ImageSet]:
    """A model's training images and its held-out images: the last `held_out` ones, or the set's own test set.

    Raises `DataError`, also when there is neither.
    """
    images = open_images(source, size, channels, progress)
    if held_out:
        return images.without_last(held_out), images.last(held_out)
    if source in NAMED and NAMED[source].test:
        return images, open_images(NAMED[source].test, size, channels, progress)
    raise DataError(
        f"Nothing says which images of {source} were held out from training: if the last N were, use --held-out N."
    )


def is_part_of(source: str, folder: Path) -> bool:
    """Whether a folder is a data set's own, or lies within it, so that pictures put there become a part of the set."""
    if source in NAMED:
        return False
    path = path_of(source, DataError)
    if not path.is_dir():
        return False
    place = folder.resolve()
    roots = find_files(path).roots
    return any(above.exists() and identity(above) in roots for above in (place, *place.parents))


def natural_channels(source: str) -> int:
    """The channels that a set has by nature: 1 for the grey named sets, else 3."""
    return NAMED[source].channels if source in NAMED else 3


def set_name(source: str) -> str:
    """What a set is called, in cards too: its own name, or that of the folder or zip without suffix."""
    return source if source in NAMED else Path(source).stem


def check_source(source: str) -> None:
    """See that a set is there, without reading it. Raises `DataError`."""
    if source not in NAMED and not kind_of_place(path_of(source, DataError)):
        raise DataError(f"There is no data set {source}: give a folder or zip of images, or one of {', '.join(NAMED)}.")


@contextmanager
def open_entries(source: str) -> Iterator[Found]:
    """What is in a folder or zip; it can be read while the context lasts. Raises `DataError`."""
    check_source(source)
    with open_pictures(path_of(source, DataError)) as found:
        yield found


def read_entries(source: str, entries: list[Entry], size: int, channels: int, progress: Progress) -> ImageSet:
    """The pictures of a folder or zip that these entries are. Raises `DataError` when none can be read."""
    images, folders, skipped = [], [], []
    for done, (name, read) in enumerate(entries):
        progress(READING, done, len(entries))
        try:
            images.append(fit(open_picture(read(), name, enough=2 * size), size, channels))
            folders.append(PurePath(name).parent)
        except DataError as error:  # it is left out, and said so
            skipped.append(str(error) if one_line(name) in str(error) else one_line(f"{name}: {error}"))
    progress(READING, len(entries), len(entries))
    if not images:
        reason = f" ({skipped[0]})" if skipped else ""
        raise DataError(f"{source} has no image that can be read{reason}.")
    sizes = tuple(len(list(members)) for _, members in groupby(folders))
    return ImageSet(set_name(source), np.stack(images), skipped=skipped, folders=sizes)
