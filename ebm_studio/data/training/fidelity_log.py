"""How near a run's samples were to real pictures, measured from time to time: fidelity.csv. Free of torch."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.training.run_log import FILE, MOST, append

NAME = "fidelity.csv"
BEST = "best.safetensors"
"""The model of the least KID, beside the newest one."""
HEADING = "update,seconds,kid,spread\n"


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One measurement."""

    update: int
    seconds: float
    """Training time of the run until then."""
    kid: float
    """KID-lite0 of samples of seed 0 against real pictures; lower is better."""
    spread: float
    """Its standard deviation, by the bootstrap."""

    @property
    def row(self) -> str:
        """Its line."""
        return f"{self.update},{self.seconds!r},{self.kid:.6g},{self.spread:.6g}\n"


def read_fidelity(folder: Path) -> list[Fidelity]:
    """What was measured, oldest first; lines that are damaged are left out."""
    found = []
    with suppress(StudioError):
        for line in FILE.read(folder / NAME).decode(errors="replace").splitlines():
            with suppress(ValueError):
                update, seconds, kid, spread = line.split(",")
                found.append(Fidelity(int(update), float(seconds), float(kid), float(spread)))
    return [each for each in found if _is_sound(each)]


def _is_sound(found: Fidelity) -> bool:
    numbers = (found.seconds, found.kid, found.spread)
    return all(map(math.isfinite, numbers)) and 0 <= found.update <= MOST and max(map(abs, numbers)) <= MOST


def append_fidelity(folder: Path, found: Fidelity) -> None:
    """Add a measurement. Raises `StudioError`."""
    path = folder / NAME
    append(path, found.row if path.exists() else HEADING + found.row, lasting=True)


def cut_fidelity(folder: Path, seconds: float) -> list[Fidelity]:
    """Drop what was measured later in the run than this, and damaged lines. Raises `StudioError`."""
    if not (folder / NAME).exists():
        return []
    kept = [found for found in read_fidelity(folder) if found.seconds <= seconds]
    text = HEADING + "".join(found.row for found in kept)
    write_whole(folder / NAME, lambda file: file.write_text(text, encoding="utf-8"))
    return kept


def best_of(found: list[Fidelity]) -> Fidelity | None:
    """The one of least KID."""
    return min(found, key=lambda each: each.kid, default=None)


def since_best(found: list[Fidelity]) -> int:
    """How many measurements there are after the best one."""
    best = best_of(found)
    return len(found) - 1 - found.index(best) if best is not None else 0
