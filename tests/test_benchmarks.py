"""The benchmarks run, and their tables list all contenders."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import candidates, device, peers
from ebm_studio.core.energy.backends import available


def test_the_benchmark_of_a_device_runs_and_has_every_backend() -> None:
    cases = list(device.measure("cpu", 0.0, widths=(4,), chains=(2,), steps=1))
    head, _, *rows = device.table(cases).splitlines()
    assert [row.split(" | ")[0] for row in rows] == ["| step, n_f 4, 2 chains", "| update, n_f 4, K 1, 64 chains"]
    for backend in available(torch.device("cpu")):
        assert f"ours, {backend}" in head
    assert all(cell.strip() for row in rows for cell in row.strip("|").split("|"))


def test_the_table_of_other_runtimes_begins_with_the_fastest() -> None:
    cases = [peers.Case(64, 16, {"slow": 0.5, "fast": 0.01}), peers.Case(32, 16, {"slow": 0.2, "fast": 0.004})]
    assert peers.table(cases).splitlines() == [
        "| one step, ms | n_f 64, 16 chains | n_f 32, 16 chains |",
        "|---|---:|---:|",
        "| fast | 10.0 | 4.0 |",
        "| slow | 500.0 | 200.0 |",
    ]


def test_candidates_are_trained_in_stages_and_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    random = np.random.default_rng(0)
    for index in range(40):
        Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8)).save(pictures / f"{index:02}.png")
    monkeypatch.setattr(candidates, "HELD_OUT", 20)
    monkeypatch.setattr(candidates, "GOOD", "--steps 2 --batch 2 --data-batch 2")
    grown = {"grown": [candidates.Stage("--size 16", 0.5), candidates.Stage(share=0.5)]}
    monkeypatch.setattr(candidates, "SCRATCH", grown)
    command = [
        str(pictures),
        "-o",
        str(tmp_path / "tried"),
        "--updates",
        "6",
        "--width",
        "24",
        "--seeds",
        "1",
        "--count",
        "20",
    ]
    candidates.main(command)
    rows = list(candidates.rows_of(tmp_path / "tried" / "results.jsonl"))
    assert [(row["name"], row["seed"]) for row in rows] == [("grown", 1)]
    small, large = (candidates.metrics(tmp_path / "tried" / name) for name in ("00-1-0", "00-1"))
    assert small
    assert large
    assert len(small) + len(large) == rows[0]["updates"]
    candidates.main(command)  # what has been measured is only printed
    assert list(candidates.rows_of(tmp_path / "tried" / "results.jsonl")) == rows


def test_the_table_of_candidates_has_both_seeds_in_a_cell() -> None:
    figures = {
        "v": 1.0,
        "kid 1.0": 1.25,
        "kid 1.1": 0.75,
        "kid 1.2": 0.5,
        "fd 1.0": 300.4,
        "fd 1.1": 250.0,
        "fd 1.2": 200.0,
    }
    figures |= {"contrast 1.0": -0.02, "contrast 1.1": 0.0, "contrast 1.2": 0.1}
    rows = [{"name": "SiLU", "seed": seed, "updates": 700 + seed} | figures for seed in (1, 0)]
    assert list(candidates.table(rows)) == [
        "| | updates | v | KID-lite0 at 1 | KID-lite0 at 1.1 | KID-lite0 at 1.2 | FD-lite0 at 1 | FD-lite0 at 1.1 "
        "| FD-lite0 at 1.2 | contrast at 1 | contrast at 1.1 | contrast at 1.2 |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        "| SiLU | 700, 701 | 1.00, 1.00 | 1.250, 1.250 | .750, .750 | .500, .500 | 300, 300 | 250, 250 | 200, 200 "
        "| −2%, −2% | +0%, +0% | +10%, +10% |",
    ]
