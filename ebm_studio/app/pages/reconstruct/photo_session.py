"""The photos of the Reconstruct page as the session remembers them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ebm_studio.app.pages.reconstruct.photo import Mask, Photo
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import SIZES
from ebm_studio.data.pictures.pictures import Crop


def entry_of(photo: Photo, drawer: Drawer) -> dict[str, Any]:
    """Plain data of a photo: where its file is, or for one without a file a key in the drawer. Raises `StudioError`."""
    key = None
    if photo.file is None:
        key = hashlib.blake2b(photo.picture.tobytes(), digest_size=16).hexdigest()
        if drawer.is_new(key):
            drawer.write_image(key, photo.picture)
    return {
        "name": photo.path.name,
        "file": str(photo.file) if photo.file else None,
        "key": key,
        "turns": photo.turns if photo.file else 0,
        "paper": photo.paper,
        "crop": asdict(photo.crop),
        "unknown": packed(photo.unknown),
    }


@dataclass(frozen=True, eq=False)
class Remembered:
    """A photo of the session whose picture is still to be read."""

    entry: dict[str, Any]
    """What `entry_of` wrote, and its results."""
    path: Path
    """To be read."""
    name: Path
    """Of the photo."""
    file: Path | None
    turns: int
    paper: str
    crop: Crop
    unknown: Mask | None
    results: list[Any]
    """What `entry_of_outcome` wrote of it; still to be read."""
    drawer: Drawer

    @classmethod
    def of(cls, entry: Any, drawer: Drawer) -> Remembered:
        """Check an entry. Raises `DataError`, `KeyError`, `TypeError` or `ValueError`."""
        file = None if entry["file"] is None else Path(entry["file"])
        if file is None:
            drawer.note(entry["key"])
        for result in entry.get("results", []):
            drawer.note(result["key"])
        return cls(
            entry=entry,
            path=file or drawer.file(entry["key"]),
            name=file or Path(Path(entry["name"]).name),
            file=file,
            turns=int(entry["turns"]) % 4,
            paper=str(entry["paper"]),
            crop=Crop(**entry["crop"]),
            unknown=unpacked(entry["unknown"]),
            results=list(entry.get("results", [])),
            drawer=drawer,
        )

    def photo(self, key: int, picture: Image.Image) -> Photo:
        """The photo as it was, of its picture as it was read."""
        photo = Photo.of(key, self.name, picture, self.file, self.paper)
        for _ in range(self.turns):
            photo = photo.turned()
        return photo.cropped(self.crop).masked(self.unknown)


def keys_of(entry: dict[str, Any]) -> list[str]:
    """The keys in the drawer that an entry and its results name."""
    return [key for key in (entry["key"], *(result["key"] for result in entry.get("results", []))) if key]


def packed(mask: Mask | None) -> dict[str, Any] | None:
    """A mask as plain data."""
    if mask is None:
        return None
    return {"size": len(mask), "bits": base64.b64encode(np.packbits(mask).tobytes()).decode()}


def unpacked(data: Any) -> Mask | None:
    """The mask that `packed` made. Raises `DataError`, `KeyError`, `TypeError` or `ValueError`."""
    if data is None:
        return None
    size = data["size"]
    if size not in SIZES:
        raise DataError(f"a mask of {str(size)[:20]} pixels")
    bits = np.frombuffer(base64.b64decode(data["bits"]), np.uint8)
    if len(bits) != -(-size * size // 8):
        raise DataError("a mask that is cut off")
    mask: Mask = np.unpackbits(bits, count=size * size).reshape(size, size).astype(bool)
    return mask
