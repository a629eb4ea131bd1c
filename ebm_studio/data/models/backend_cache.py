"""Which backend is best here, kept from one start of the program to the next."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import platformdirs

from ebm_studio.core.energy.choice import Choice, choose_backend
from ebm_studio.core.energy.nets import EnergyNet
from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.plain_data import parse

CACHE = FileKind("cache", 2**20, StudioError)


def cache_file() -> Path:
    """Where the choices are kept."""
    return Path(platformdirs.user_cache_dir("ebm-studio", appauthor=False)) / "backends.json"


def resolve_backend(net: EnergyNet, chains: int, name: str = "auto") -> Choice:
    """The backend of that name; `auto` is the best for so many chains, checked once on each machine."""
    if name != "auto":
        return Choice(name, "you chose it")
    known = _read()
    before = dict(known)
    choice = choose_backend(net, chains, known)
    if known != before:
        text = json.dumps({key: asdict(choice) for key, choice in known.items()}, indent=1)
        with suppress(StudioError):  # a machine that keeps nothing checks each time
            write_whole(cache_file(), lambda file: file.write_text(text, encoding="utf-8"))
    return choice


def _read() -> dict[str, Choice]:
    try:
        known = parse(CACHE.read(cache_file()))
        return {str(key): Choice(str(value["backend"]), str(value["why"])) for key, value in known.items()}
    except (StudioError, AttributeError, KeyError, TypeError):
        return {}
