"""The benchmarks run, and their tables list all contenders."""

import torch

from benchmarks import device, peers
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
