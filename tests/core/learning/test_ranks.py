import os
import socket
import subprocess
import sys

import pytest
import torch

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.learning.ranks import ALONE, Ranks, joined


def test_ranks_share_a_batch_without_rest():
    rows = list(range(12))
    assert [rows[Ranks(rank, 3).share(12)] for rank in range(3)] == [rows[:4], rows[4:8], rows[8:]]
    assert rows[ALONE.share(12)] == rows
    with pytest.raises(SettingsError, match="7 cannot be split evenly over 2"):
        Ranks(0, 2).share(7)


def test_one_rank_is_its_own_average_and_needs_nobody():
    tensor = torch.arange(3.0)
    ALONE.average([tensor])
    ALONE.tell("anything")
    assert tensor.tolist() == [0, 1, 2]


def test_a_device_that_cannot_be_shared_is_refused():
    with pytest.raises(SettingsError, match="MPS"), joined(torch.device("mps")):
        pass


LONG_WAIT = """
import time
from datetime import timedelta
import torch
from ebm_studio.core.learning import ranks
ranks.PATIENCE, ranks.REASSURE_SECONDS = timedelta(seconds=4), 0.5
with ranks.joined(torch.device("cpu")) as (us, _):
    end = time.monotonic() + 8
    while us.is_first and time.monotonic() < end:
        us.reassure()
        time.sleep(0.1)
    us.tell("go on") if us.is_first else print(us.hear())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="torch has no gloo rendezvous there in every build")
def test_a_rank_waits_for_a_first_one_that_says_it_is_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    first, second = (
        subprocess.Popen([sys.executable, "-c", LONG_WAIT], env={**place, "RANK": str(rank)}, stdout=subprocess.PIPE)
        for rank in range(2)
    )
    try:
        assert second.communicate(timeout=60)[0].strip() == b"go on"
        assert first.wait(60) == 0
    finally:
        first.kill(), second.kill()
        first.communicate()
