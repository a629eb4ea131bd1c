"""Results of the Reconstruct page as the session remembers them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ebm_studio.app.pages.reconstruct.photo import Photo
from ebm_studio.app.pages.reconstruct.photo_session import packed, unpacked
from ebm_studio.app.pages.reconstruct.results import Floats, Key, Outcome, shown_of
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.core.errors import DataError
from ebm_studio.core.sampling.latent_statistics import Typicality
from ebm_studio.core.specs import MAX_ITERATIONS, Reconstruction
from ebm_studio.data.models.latent import SUFFIX, read_latent, save_latent
from ebm_studio.data.models.result import Account, Result
from ebm_studio.engine.jobs.chains import ModelReady

POINTS = 400
"""Of a curve that is remembered: as many as its plot has pixels across."""


def entry_of_outcome(outcome: Outcome, drawer: Drawer) -> dict[str, Any]:
    """Plain data of a result, whose latent and pictures go to the drawer. Raises `StudioError`."""
    result = outcome.result
    name = hashlib.blake2b(repr((outcome.key, result.error)).encode(), digest_size=16).hexdigest()
    if drawer.is_new(name):
        save_latent(drawer.file(name, SUFFIX), result.latent)
        drawer.write(name, np.concatenate([result.photo, result.picture], axis=2))
    account = asdict(outcome.account)
    return {
        "key": name,
        "shown": outcome.key.shown,
        "model": outcome.key.model,
        "settings": outcome.key.settings and outcome.key.settings.to_dict(),
        "seed": outcome.key.seed,
        "path": str(result.path),
        "error": result.error,
        "psnr": result.psnr,
        "ssim": result.ssim,
        "typicality": asdict(result.typicality),
        "account": {**account, "settings": outcome.account.settings and outcome.account.settings.to_dict()},
        "unknown": packed(outcome.unknown),
        "tried": _thinned(outcome.tried),
        "least": _thinned(outcome.least),
    }


def outcome_of_entry(entry: Any, photo: int, drawer: Drawer) -> Outcome:
    """The result of a photo that `entry_of_outcome` wrote. Raises as `Remembered.of` does."""
    drawer.note(entry["key"])
    latent = read_latent(drawer.file(entry["key"], SUFFIX))
    both = drawer.read(entry["key"])
    if both.shape != (*latent.z.shape[:2], 2 * latent.z.shape[2]):
        raise DataError("a reconstruction of another size")
    side = latent.z.shape[2]
    numbers = {name: float(entry[name]) for name in ("error", "psnr", "ssim")}
    typicality = Typicality(**{name: float(value) for name, value in entry["typicality"].items()})
    result = Result(Path(entry["path"]), both[..., :side], both[..., side:], latent, **numbers, typicality=typicality)
    told = dict(entry["account"])
    account = Account(**{**told, "settings": _settings(told["settings"]), "skipped": tuple(map(str, told["skipped"]))})
    key = Key(str(entry["shown"]), str(entry["model"]), _settings(entry["settings"]), int(entry["seed"]))
    tried, least = (_whole(entry[name]) for name in ("tried", "least"))
    return Outcome(key, photo, unpacked(entry["unknown"]), result, account, tried, least)


def _settings(data: Any) -> Reconstruction | None:
    return None if data is None else Reconstruction.from_dict(data)


def _thinned(values: Floats) -> dict[str, Any]:
    places = _places(len(values))
    return {"length": len(values), "values": base64.b64encode(values[places].astype("<f4").tobytes()).decode()}


def _whole(data: Any) -> Floats:
    length = data["length"]
    if type(length) is not int or not 1 <= length <= MAX_ITERATIONS:
        raise DataError(f"a curve of {str(length)[:20]} points")
    values = np.frombuffer(base64.b64decode(data["values"]), "<f4")
    places = _places(length)
    if len(values) != len(places):
        raise DataError("a curve that is cut off")
    curve: Floats = np.interp(np.arange(length), places, values).astype(np.float32)
    return curve


def _places(length: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.unique(np.linspace(0, length - 1, min(length, POINTS)).astype(np.int64))


def outcome_of_file(photo: Photo, model: ModelReady, result: Result, account: Account) -> Outcome:
    """What an exported file brought for a photo; it does not tell the search's settings."""
    net = model.card.net
    key = Key(shown_of(photo, net), model.fingerprint, None, 0)
    error = np.array([result.error], np.float32)
    return Outcome(key, photo.key, photo.mask(net.size), result, account, error, error)
