"""A preview of a data set before training, fast however large it is. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ebm_studio.data.pictures.datasets import natural_channels, open_entries, open_images, read_entries
from ebm_studio.data.pictures.named_sets import NAMED, NamedSet
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.data.storage.progress import Progress, silent

LIMIT = 64


@dataclass(frozen=True, slots=True)
class Preview:
    """Some pictures of a set, spread evenly over it."""

    count: int
    """Pictures in all, by their names."""
    pixels: Pixels
    """uint8 (N, C, H, W), as a net will see them."""
    skipped: list[str] = field(default_factory=list)
    """Of those looked at, one line for each that cannot be used, with the reason."""
    others: list[str] = field(default_factory=list)
    """The names of all other files."""
    licence: str = ""


_known: dict[tuple[NamedSet, int, int, int], Preview] = {}
"""Of named sets, which never change and are unpacked as a whole before anything of them is seen."""


def preview(
    source: str,
    size: int,
    channels: int | None = None,
    limit: int = LIMIT,
    progress: Progress = silent,
) -> Preview:
    """Look at no more than `limit` pictures of a set; see `open_images` for the rest. Raises `DataError`."""
    channels = channels or natural_channels(source)
    if source in NAMED:
        key = (NAMED[source], size, channels, limit)
        if key not in _known:
            images = open_images(source, size, channels, progress)
            _known[key] = Preview(len(images), images.images[spread(len(images), limit)], licence=images.licence)
        return _known[key]
    with open_entries(source) as found:
        looked_at = [found.pictures[index] for index in spread(len(found.pictures), limit)]
        images = read_entries(source, looked_at, size, channels, progress)
    return Preview(len(found.pictures), images.images, images.skipped, found.others)


def spread(count: int, limit: int) -> list[int]:
    """At most `limit` of the whole numbers below `count`, evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, limit)).round().astype(int)).tolist() if count else []
