"""Which backend was fastest here, kept from one start of the program to the next."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import platformdirs

from ebm_studio.core.energy.backends import choose_backend
from ebm_studio.core.energy.nets import EnergyNet
from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import write_whole


def cache_file() -> Path:
    """Where the measured choices are kept."""
    return Path(platformdirs.user_cache_dir("ebm-studio", appauthor=False)) / "backends.json"


def resolve_backend(net: EnergyNet, chains: int, name: str = "auto") -> str:
    """The backend of that name; `auto` is the fastest for so many chains, measured once on each machine."""
    if name != "auto":
        return name
    known = _read()
    before = dict(known)
    chosen = choose_backend(net, chains, known)
    if known != before:
        with suppress(StudioError):  # a machine that keeps nothing measures each time
            write_whole(cache_file(), lambda file: file.write_text(json.dumps(known, indent=1), encoding="utf-8"))
    return chosen


def _read() -> dict[str, str]:
    try:
        known = json.loads(cache_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {}
