"""The files beside the session: a latent and a picture for each thing kept, a picture for each run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from ebm_studio.core.errors import DataError
from ebm_studio.data.models.latent import SUFFIX
from ebm_studio.data.pictures.pictures import Pixels, grid, open_picture, planar, save_picture

PICTURE = ".png"


class Drawer:
    """A folder of files named by key. It writes each key once, and only deletes files that it wrote or was told of."""

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
        return planar(np.array(open_picture(self.file(key))))

    def tidy(self, keys: Iterable[str]) -> None:
        """Throw away the files of all other keys that were written here or noted."""
        for key in self._known - set(keys):
            for path in (self.file(key), self.file(key, SUFFIX)):
                path.unlink(missing_ok=True)
        self._known &= set(keys)
