"""Checkpoints, cards and latents."""

import json
import zipfile

import numpy as np
import safetensors.torch
import torch

from ebm_studio.core.specs import ShortRun
from ebm_studio.data.models.card import Card, read_card
from ebm_studio.data.models.latent import (
    FromPath,
    FromPhoto,
    FromSeed,
    Latent,
    is_latent_file,
    read_latent,
    save_latent,
)
from ebm_studio.data.models.model import load_model
from ebm_studio.data.models.reading import Reading
from tests.data.models.test_foreign import Net
from tests.fuzz.mutations import odd_json, spoilt
from tests.making import TINY, make_figures, make_model

PLUS = Reading(sign="plus")


def test_pickled_checkpoints(tmp_path, outcome, many):
    net = Net()
    torch.save(net.state_dict(), tmp_path / "new.pt")
    torch.save({"epoch": 1, "model": net.state_dict()}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    whole = [(tmp_path / name).read_bytes() for name in ("new.pt", "old.pt")]
    path = tmp_path / "x.pt"
    for number, content in enumerate(spoilt(whole, 1, many)):
        path.write_bytes(content)
        outcome.of(lambda: load_model(path, "cpu", "fp32", PLUS), f"pickled {number}", "x.pt")


def test_the_pickle_within_a_checkpoint(tmp_path, outcome, many):
    torch.save({"epoch": 1, "state_dict": Net().state_dict()}, tmp_path / "plain.pt")
    with zipfile.ZipFile(tmp_path / "plain.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    [pickle] = [name for name in members if name.endswith("data.pkl")]
    path = tmp_path / "x.pt"
    for number, content in enumerate(spoilt([members[pickle]], 2, many)):
        with zipfile.ZipFile(path, "w") as archive:
            for name, old in members.items():
                archive.writestr(name, content if name == pickle else old)
        outcome.of(lambda: load_model(path, "cpu", "fp32", PLUS), f"pickle {number}", "x.pt")


def test_safetensors(tmp_path, outcome, many):
    make_model(tmp_path / "ours.safetensors")
    safetensors.torch.save_file(Net().state_dict(), tmp_path / "theirs.safetensors")
    whole = [(tmp_path / f"{name}.safetensors").read_bytes() for name in ("ours", "theirs")]
    path = tmp_path / "x.safetensors"
    for number, content in enumerate(spoilt(whole, 3, many)):
        path.write_bytes(content)
        reading = PLUS if number % 2 else None  # theirs, so that no sign has to be found
        outcome.of(lambda r=reading: load_model(path, "cpu", "fp32", r), f"safetensors {number}", "x.safetensors")


def test_headers_of_safetensors(tmp_path, outcome, many):
    content = make_model(tmp_path / "ours.safetensors").read_bytes()
    size = int.from_bytes(content[:8], "little")
    path = tmp_path / "x.safetensors"
    for number, text in enumerate(odd_json(json.loads(content[8 : 8 + size]), 4, many)):
        header = text.encode("utf-8", "replace")
        path.write_bytes(len(header).to_bytes(8, "little") + header + content[8 + size :])
        outcome.of(lambda: load_model(path, "cpu", "fp32"), f"header {number}", "x.safetensors")


def test_cards(tmp_path, outcome, many):
    card = Card(name="full", net=TINY, short_run=ShortRun(steps=9), figures=make_figures()).to_dict()
    card["learning"] = {"updates": 7}
    card["health"] = {"d": 1.0, "v": 2.0, "path_length": 3.0}
    path = tmp_path / "x.safetensors"
    for number, text in enumerate(odd_json(card, 5, many)):
        safetensors.torch.save_file({"a": torch.zeros(1)}, path, {"ebm_studio": text})
        outcome.of(lambda: str(read_card(path)), f"card {number}", "x.safetensors")


def latents() -> list[Latent]:
    z = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16)).astype(np.float32)
    origins = (FromSeed(3, 4), FromPhoto("boot.png", error=0.1), FromPath(("seed:1", "boot.png"), position=0.5))
    return [Latent(z, origin, "tiny", "00ff", ShortRun(steps=7)) for origin in origins]


def test_latents(tmp_path, outcome, many):
    whole = []
    for latent in latents():
        save_latent(tmp_path / "whole.safetensors", latent)
        whole.append((tmp_path / "whole.safetensors").read_bytes())
    path = tmp_path / "x.safetensors"
    for number, content in enumerate(spoilt(whole, 6, many // 2)):
        path.write_bytes(content)
        is_latent_file(path)
        outcome.of(lambda: read_latent(path), f"latent {number}", "x.safetensors")
    for latent in latents():
        for number, text in enumerate(odd_json(latent.to_dict(), 7, many // 6)):
            safetensors.torch.save_file({"z": torch.from_numpy(latent.z.copy())}, path, {"ebm_studio_latent": text})
            outcome.of(lambda: read_latent(path), f"description {number}", "x.safetensors")
