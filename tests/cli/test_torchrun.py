"""Several real processes that learn one net together, over gloo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ebm_studio.data.models import load_model
from ebm_studio.data.runlog import METRICS, read_events, read_metrics
from ebm_studio.data.runstate import read_state
from tests.making import make_data

PATIENCE = 120
SMALL = ["--size", "16", "--width", "4", "--steps", "5", "--batch", "8", "--data-batch", "8", "--learning-rate", "1e-3"]
PLAIN = ["--device", "cpu", "--backend", "fp32"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="torch has no gloo rendezvous there in every build")


@pytest.fixture
def data(tmp_path):
    return str(make_data(tmp_path / "data.zip"))


_started: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _none_left() -> Iterator[None]:
    yield
    for process in _started:
        process.kill()
        process.communicate()
    _started.clear()


def started(module, *words, **env):
    process = subprocess.Popen(
        [sys.executable, "-m", *module, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
    )
    _started.append(process)
    return process


def train(*words, **env):
    return started(["ebm_studio"], "train", *words, **env)


def pair(*words):
    """Two ranks as torchrun starts them, each within reach."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [train(*words, RANK=str(rank), LOCAL_RANK=str(rank), **place) for rank in range(2)]


def wait_for_updates(process, folder, count):
    end = time.monotonic() + PATIENCE
    while len(read_metrics(folder)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def test_two_ranks_follow_the_curves_of_one(tmp_path, data):
    words = [data, *SMALL, *PLAIN, "--updates", 30]
    one = train(*words, "-o", tmp_path / "one")
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "ebm_studio"]
    two = started(launch, "train", *words, "-o", tmp_path / "two")
    for process in (one, two):
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err

    ours, theirs = (read_metrics(tmp_path / name) for name in ("one", "two"))
    assert theirs[:, 0].tolist() == [*range(1, 31)]
    for name in ("d", "v"):
        column = METRICS.index(name)
        scale = np.abs(ours[:, column]).max()
        assert scale > 0
        np.testing.assert_allclose(theirs[:, column], ours[:, column], rtol=0, atol=1e-3 * scale)
    assert [event.kind for event in read_events(tmp_path / "two")] == ["start", "done"]


def test_a_killed_rank_ends_the_run_and_all_is_kept(tmp_path, data):
    words = [data, *SMALL, *PLAIN, "--updates", 1_000_000, "-o", tmp_path / "run"]
    first, second = pair(*words)
    wait_for_updates(first, tmp_path / "run", 3)
    second.kill()
    second.communicate()
    _, err = first.communicate(timeout=PATIENCE)
    assert first.returncode == 2, err
    assert "ended unasked" in err.splitlines()[-1]

    last = read_events(tmp_path / "run")[-1]
    assert last.kind == "failed"
    updates = read_state(tmp_path / "run").now.updates
    assert updates == len(read_metrics(tmp_path / "run")) >= 3
    assert load_model(tmp_path / "run" / "model.safetensors", "cpu").card.updates == updates

    resumed = pair("--resume", "--device", "cpu", "--updates", updates + 3, "-o", tmp_path / "run")
    for process in resumed:
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
    assert read_metrics(tmp_path / "run")[:, 0].tolist() == [*range(1, updates + 4)]


def test_the_helpers_end_with_the_first_rank(tmp_path, data):
    first, second = pair(data, *SMALL, *PLAIN, "--updates", 1_000_000, "-o", tmp_path / "run", "--save-every", "0s")
    wait_for_updates(first, tmp_path / "run", 2)
    first.kill()
    first.communicate()
    _, err = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2
    assert "ended unasked" in err.splitlines()[-1]
    assert read_state(tmp_path / "run") is not None
