"""The shelf, saved in files and read back."""

from __future__ import annotations

from typing import Any

from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.shelf import MAX_NAME, SLOTS, Contents, Kept
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.data.models.latent import SUFFIX, read_latent, save_latent


def save_contents(contents: Contents, drawer: Drawer) -> dict[str, Any]:
    """Write the files of what is new on the shelf; returns the rest as plain data. Raises `StudioError`."""
    for key, kept in contents.all.items():
        if drawer.is_new(key):
            save_latent(drawer.file(key, SUFFIX), kept.latent)
            drawer.write(key, kept.picture)
    return {
        "kept": {
            key: {"name": kept.name, "favourite": kept.favourite, "sketch": kept.is_sketch}
            for key, kept in contents.all.items()
        },
        "shelf": [kept.key for kept in contents.items],
        "A": contents.A.key if contents.A else None,
        "B": contents.B.key if contents.B else None,
    }


def load_contents(data: Any, drawer: Drawer) -> tuple[Contents, list[str]]:
    """The shelf that `save_contents` wrote, and what is damaged in it: a sentence each.

    What was kept and has no place any more goes to the end of the shelf.
    """
    kept, faults = {}, []
    for key, entry in data["kept"].items():
        try:
            kept[key] = _kept(key, entry, drawer)
        except StudioError as error:
            faults.append(str(error))
        except (KeyError, TypeError):
            faults.append(f"{key[:40]} has no name.")
    order = data["shelf"] if isinstance(data["shelf"], list) else []
    items = [kept[key] for key in dict.fromkeys(key for key in order if isinstance(key, str)) if key in kept]
    slots = {slot: kept.get(data[slot]) if isinstance(data[slot], str) else None for slot in SLOTS}
    if lost := [item for item in kept.values() if item not in (*items, *slots.values())]:
        faults.append(f"{len(lost)} belonged to no place on the shelf.")
    for key in kept:
        drawer.note(key)
    return Contents(items=(*items, *lost), **slots), faults


def _kept(key: str, entry: Any, drawer: Drawer) -> Kept:
    name = entry["name"]
    if not isinstance(name, str):
        raise TypeError
    latent, picture = read_latent(drawer.file(key, SUFFIX)), drawer.read(key)
    if picture.shape != latent.z.shape:
        raise DataError(f"The picture of {name[:MAX_NAME]} and its start noise have different sizes.")
    return Kept(
        key=key,
        name=name[:MAX_NAME],
        favourite=entry["favourite"] is True,
        latent=latent,
        picture=picture,
        is_sketch=entry.get("sketch") is True,
    )
