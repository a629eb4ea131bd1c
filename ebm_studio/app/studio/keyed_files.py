"""The files beside the session: a latent and a picture for each thing kept, a picture for each run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ebm_studio.app.studio.shelf import MAX_NAME, Contents, Kept
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.data.models.latent import SUFFIX, read_latent, save_latent
from ebm_studio.data.pictures.pictures import Pixels, grid, open_picture, save_picture

PICTURE = ".png"


class Drawer:
    """A folder of files named by key. It writes a key once, and throws away only what it knows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[str] = set()

    def file(self, key: str, suffix: str = PICTURE) -> Path:
        """Where a key's file is. Raises `DataError` for what is not a key."""
        if not isinstance(key, str) or not re.fullmatch(r"[0-9a-f]{1,32}", key):
            raise DataError(f"{str(key)[:40]!r} is not a key")
        return self._folder / f"{key}{suffix}"

    def is_new(self, key: str) -> bool:
        """Whether a key has still to be written."""
        return key not in self._known

    def forget(self, key: str) -> None:
        """Write a key again the next time."""
        self._known.discard(key)

    def write(self, key: str, picture: Pixels) -> None:
        """Write a key's picture, uint8 (C, H, W)."""
        self.write_image(key, grid(picture[None], 1))

    def write_image(self, key: str, image: Image.Image) -> None:
        """Write a key's picture."""
        save_picture(image, self.file(key))
        self.note(key)

    def note(self, key: str) -> None:
        """A key's file is there already; it is thrown away when nothing needs it any more."""
        self.file(key)
        self._known.add(key)

    def read(self, key: str) -> Pixels:
        """A key's picture, uint8 (C, H, W)."""
        pixels = np.asarray(open_picture(self.file(key)))
        self._known.add(key)
        return pixels[None].copy() if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def tidy(self, keys: Iterable[str]) -> None:
        """Throw away the files of all other keys that were written or read here."""
        for key in self._known - set(keys):
            for path in (self.file(key), self.file(key, SUFFIX)):
                path.unlink(missing_ok=True)
        self._known &= set(keys)


def save_contents(contents: Contents, drawer: Drawer) -> dict[str, Any]:
    """Write the files of what is new on the shelf; returns the rest as plain data. Raises `StudioError`."""
    for key, kept in contents.all.items():
        if drawer.is_new(key):
            save_latent(drawer.file(key, SUFFIX), kept.latent)
            drawer.write(key, kept.picture)
    return {
        "kept": {key: {"name": kept.name, "favourite": kept.favourite} for key, kept in contents.all.items()},
        "shelf": [kept.key for kept in contents.items],
        "A": contents.A.key if contents.A else None,
        "B": contents.B.key if contents.B else None,
    }


def load_contents(data: Any, drawer: Drawer) -> tuple[Contents, list[str]]:
    """The shelf that `save_contents` wrote, and what cannot be read of it: a sentence each."""
    kept, faults = {}, []
    for key, entry in data["kept"].items():
        try:
            kept[key] = _kept(key, entry, drawer)
        except StudioError as error:
            faults.append(str(error))
    contents = Contents(
        items=tuple(kept[key] for key in data["shelf"] if key in kept),
        A=kept.get(data["A"]),
        B=kept.get(data["B"]),
    )
    return contents, faults


def _kept(key: str, entry: Any, drawer: Drawer) -> Kept:
    name = entry["name"]
    if not isinstance(name, str):
        raise DataError(f"{key} has no name.")
    return Kept(
        key=key,
        name=name[:MAX_NAME],
        favourite=entry["favourite"] is True,
        latent=read_latent(drawer.file(key, SUFFIX)),
        picture=drawer.read(key),
    )
