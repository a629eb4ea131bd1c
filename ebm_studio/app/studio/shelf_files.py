"""The shelf, saved in files and read back."""

from __future__ import annotations

from typing import Any

from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.shelf import MAX_NAME, Contents, Kept
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.data.models.latent import SUFFIX, read_latent, save_latent


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
