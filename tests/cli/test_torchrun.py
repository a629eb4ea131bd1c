"""Several real processes that learn one net together, over gloo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ebm_studio.data.models.model import load_model
from ebm_studio.data.training.checkpoints import read_state
from ebm_studio.data.training.run_log import METRICS, read_events, read_metrics, read_status
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


def started(module, *words):
    process = subprocess.Popen(
        [sys.executable, "-m", *module, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    _started.append(process)
    return process


def train(*words):
    return started(["ebm_studio"], "train", *words)


def together(*words):
    """Two ranks by torchrun, which ends all when one ends."""
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "ebm_studio"]
    return started(launch, "train", *words)


def ranks_of(launcher, folder):
    """The processes of the first and of the second rank."""
    first = read_status(folder).pid
    (second,) = {int(pid) for pid in subprocess.check_output(["pgrep", "-P", str(launcher.pid)]).split()} - {first}
    return first, second


def wait_for_updates(process, folder, count):
    end = time.monotonic() + PATIENCE
    while len(read_metrics(folder)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def test_two_ranks_follow_the_curves_of_one(tmp_path, data):
    words = [data, *SMALL, *PLAIN, "--updates", 20]  # rounding differs, and the difference grows from update to update
    one = train(*words, "-o", tmp_path / "one")
    two = together(*words, "-o", tmp_path / "two")
    for process in (one, two):
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err

    ours, theirs = (read_metrics(tmp_path / name) for name in ("one", "two"))
    assert theirs[:, 0].tolist() == [*range(1, 21)]
    for name in ("d", "v"):
        column = METRICS.index(name)
        scale = np.abs(ours[:, column]).max()
        assert scale > 0
        np.testing.assert_allclose(theirs[:, column], ours[:, column], rtol=0, atol=1e-3 * scale)
    assert [event.kind for event in read_events(tmp_path / "two")] == ["start", "done"]


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_rank_ends_the_run_and_it_goes_on_from_a_whole_state(tmp_path, data, victim):
    # What the other rank says of it is not looked at: when gloo finds the connection reset at a bad moment, it
    # aborts the process from a thread of its own, or waits on and on until torchrun ends it.
    run = tmp_path / "run"
    launcher = together(data, *SMALL, *PLAIN, "--updates", 1_000_000, "-o", run, "--save-every", "0.001s")
    wait_for_updates(launcher, run, 3)
    os.kill(ranks_of(launcher, run)[victim], signal.SIGKILL)
    _, err = launcher.communicate(timeout=PATIENCE)
    assert launcher.returncode == 1
    assert "SIGKILL" in err

    updates = read_state(run).now.updates
    assert updates >= 2
    assert load_model(run / "model.safetensors", "cpu").card.updates in (updates, updates - 1)
    resumed = together("--resume", "--device", "cpu", "--updates", updates + 3, "-o", run)
    _, err = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, err
    assert read_metrics(run)[:, 0].tolist() == [*range(1, updates + 4)]
