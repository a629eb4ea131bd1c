"""The newest diagnosis of a model, kept in the user's cache folder under a hash of the model file. Free of torch."""

from __future__ import annotations

import base64
import json
import shlex
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ebm_studio.core.evaluation.findings import CLAIMS, Claim, Diagnosis, Finding, Strip
from ebm_studio.core.specs import SIZES, Diagnosing
from ebm_studio.data.models.thumbnails import kept_file
from ebm_studio.data.storage.atomic_write import write_whole

MOST_PICTURES = 64
"""In a strip; so a damaged file cannot ask for more memory than that."""


def diagnosis_file(model: Path) -> Path:
    """Where the diagnosis of a model file is, or would be. See `kept_file`."""
    return kept_file(model, "diagnoses", ".json")


def keep_diagnosis(path: Path, diagnosis: Diagnosis) -> None:
    """Put a diagnosis in the cache. Raises `StudioError`."""
    data = diagnosis.to_dict()
    for row, finding in zip(data["findings"], diagnosis.findings, strict=True):
        row["strips"] = [_packed(strip) for strip in finding.strips]
    write_whole(path, lambda file: file.write_text(json.dumps(data), encoding="utf-8"))


def read_diagnosis(path: Path) -> Diagnosis | None:
    """The diagnosis, or None if there is none or it cannot be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        findings = tuple(
            Finding.from_dict(row, tuple(_unpacked(strip) for strip in row["strips"])) for row in data["findings"]
        )
        return Diagnosis.from_dict(data, findings)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError, zlib.error):
        return None  # no file, or a broken one


def command_of(model: str, source: str, settings: Diagnosing, claims: Sequence[Claim] = CLAIMS) -> str:
    """The command that diagnoses a model, a name or file, on a data set."""
    command = f"ebm-studio diagnose {shlex.quote(model)} {shlex.quote(source)}"
    if tuple(claims) != CLAIMS:
        command += f" --only {','.join(claims)}"
    for name, value in settings.to_dict().items():
        if value != getattr(Diagnosing(), name):
            command += f" --{name} {value}"
    return command


def joined(old: Diagnosis | None, new: Diagnosis) -> Diagnosis:
    """The new findings, and the old ones of other claims that were found in the same way."""
    if old is None or _way(old) != _way(new):
        return new
    found = {finding.claim: finding for finding in (*old.findings, *new.findings)}
    return replace(new, findings=tuple(found[claim] for claim in CLAIMS if claim in found))


def _way(diagnosis: Diagnosis) -> tuple[object, ...]:
    return (diagnosis.fingerprint, diagnosis.source, diagnosis.count, diagnosis.seed, diagnosis.steps)


def _packed(strip: Strip) -> dict[str, Any]:
    data = base64.b64encode(zlib.compress(np.ascontiguousarray(strip.pictures).tobytes())).decode()
    return {"label": strip.label, "shape": list(strip.pictures.shape), "data": data}


def _unpacked(data: dict[str, Any]) -> Strip:
    count, channels, height, width = (int(side) for side in data["shape"])
    if not 1 <= count <= MOST_PICTURES or channels not in (1, 3) or height != width or height not in SIZES:
        raise ValueError("no strip has this shape")
    size = count * channels * height * width
    unpack = zlib.decompressobj()
    pixels = unpack.decompress(base64.b64decode(data["data"], validate=True), size)
    if len(pixels) != size or unpack.unconsumed_tail:
        raise ValueError("the strip does not have the size it states")
    return Strip(str(data["label"]), np.frombuffer(pixels, np.uint8).reshape(count, channels, height, width))
