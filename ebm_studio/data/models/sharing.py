"""A model on its way to others: its card as the README that the hub shows, and its place there."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.models.card import MODEL, SUFFIX, Card
from ebm_studio.data.models.model import Model
from ebm_studio.data.pictures.pictures import grid, to_pixels
from ebm_studio.data.storage.hub import DEFAULT_FILE, HubName, open_repository, push_files

SAMPLES, SCALE = 32, 4
LICENCES = {"MIT": "mit", "CC0": "cc0-1.0", "CC BY 4.0": "cc-by-4.0", "CC BY-SA 3.0": "cc-by-sa-3.0"}
"""Of training pictures, by the hub's names; every other is "other" there, and named in the text."""


def push_model(file: Path, model: Model, name: str, private: bool = False) -> str:
    """Put a model with its README and a grid of samples on the hub; returns its address. Raises `StudioError`."""
    wanted = HubName.parse(name)
    if file.suffix.lower() != SUFFIX:
        raise CheckpointError(f"{file} has no card: save it as a {SUFFIX} file of EBM Studio first.")
    address = open_repository(name, private)  # before the samples: it may well be refused
    picture = io.BytesIO()
    grid(to_pixels(model.sample(SAMPLES).numpy()), scale=SCALE).save(picture, "PNG")
    files = {
        wanted.file: MODEL.read(file),
        "README.md": readme(model.card, wanted).encode(),
        "samples.png": picture.getvalue(),
    }
    push_files(name, files, f"{model.card.name}, {model.card.updates} updates")
    return address


def readme(card: Card, name: HubName) -> str:
    """The model card that the hub shows, in Markdown with its table of facts in front."""
    source = f"hf:{name.repo}" + (f"/{name.file}" if name.file != DEFAULT_FILE else "")
    run, data = card.short_run, card.data
    numbers = f"K {run.steps}, step size {run.step_size:g}, noise scale {run.noise_scale:g}"
    if run.settle:
        numbers += f", the last {run.settle} steps ever shorter"
    wide = f", {run.start_range:g} times as wide" if run.start_range != 1 else ""
    facts = {
        "network": f"{card.net.size} × {card.net.size}, {card.net.channels} channels, width {card.net.width}",
        "short run": f"{numbers}, from {run.start} noise{wide}",
        "training pictures": f"{_plain(data.name)}, {data.count}" + f", {data.held_out} held out" * bool(data.held_out),
        "licence of the pictures": _plain(data.licence) or "not stated",
        "updates": str(card.updates),
    }
    if card.figures:
        kid = card.figures.kid
        facts[card.figures.names[0]] = f"{kid.model.mean:.4f} (real pictures {kid.floor.mean:.4f})"
    rows = "".join(f"| {key} | {value} |\n" for key, value in facts.items())
    note = f"{_plain(card.note)}\n\n" if card.note else ""
    return (
        f"---\nlibrary_name: ebm-studio\nlicense: {LICENCES.get(data.licence, 'other')}\n"
        "pipeline_tag: unconditional-image-generation\ntags: [energy-based-model, short-run-mcmc]\n---\n"
        f"# {_plain(card.name)}\n\nA short-run MCMC energy-based model of EBM Studio.\n\n"
        f"![Samples of seed 0, not cherry-picked](samples.png)\n\n| | |\n|---|---|\n{rows}\n{note}"
        f'    pip install "ebm-studio[hub]"\n    ebm-studio sample {source} -o samples.png\n\n'
        f"The whole card:\n\n```json\n{json.dumps(card.to_dict(), indent=1, ensure_ascii=False)}\n```\n"
    )


def _plain(text: str) -> str:
    """A text of a card in one line, with nothing that Markdown or HTML would take for markup."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))
