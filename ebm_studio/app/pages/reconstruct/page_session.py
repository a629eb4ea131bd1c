"""What the session remembers of the Reconstruct page."""

from __future__ import annotations

from typing import Any

from ebm_studio.app.pages.reconstruct.photo import Photo
from ebm_studio.app.pages.reconstruct.photo_files import MOST
from ebm_studio.app.pages.reconstruct.photo_session import Remembered, entry_of, keys_of
from ebm_studio.app.pages.reconstruct.saved_results import entry_of_outcome
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.session import Part, number
from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import SIZES, Reconstruction


def session_part(state: ReconstructState, drawer: Drawer) -> Part:
    """The page's part of the session; what has no file of its own goes into the drawer."""
    changes = (
        state.photos_changed, state.selection_changed, state.settings_changed, state.view_changed, state.brush_changed,
    )  # fmt: skip
    return Part("reconstruct", lambda: _to_dict(state, drawer), lambda data: _from_dict(state, data, drawer), changes)


def _to_dict(state: ReconstructState, drawer: Drawer) -> dict[str, Any]:
    photos = [*(_entry(state, photo, drawer) for photo in state.photos), *state.files.awaited, *state.absent.entries]
    drawer.tidy(key for entry in photos for key in keys_of(entry))
    return {
        "photos": photos,
        "current": state.photos.index(state.current) if state.current in state.photos else 0,
        "settings": state.settings.to_dict(),
        "seed": state.seed,
        "view": state.view,
        "brush": state.brush,
    }


def _entry(state: ReconstructState, photo: Photo, drawer: Drawer) -> dict[str, Any]:
    key = state.key_of(photo)
    found = state.found.of(photo.key, key.shown if key is not None else "")
    results = [entry_of_outcome(outcome, drawer) for outcome in found]
    return {**entry_of(photo, drawer), "results": results}


def _from_dict(state: ReconstructState, data: Any, drawer: Drawer) -> None:
    damaged = 0
    for entry in data["photos"][:MOST]:
        try:
            state.files.read_again(Remembered.of(entry, drawer))
        except (DataError, KeyError, TypeError, ValueError, OverflowError):
            damaged += 1
    state.settings = Reconstruction.from_dict(data["settings"])
    state.set_seed(data["seed"])
    state.set_brush(number(data["brush"], 1, SIZES[-1]))
    state.look_later(int(number(data["current"], 0, MOST)), "mask" if data["view"] == "mask" else "crop")
    if damaged:
        raise DataError(f"{damaged} of {len(data['photos'])} photos are damaged")
