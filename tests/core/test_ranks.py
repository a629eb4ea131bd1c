import pytest
import torch

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.ranks import ALONE, Ranks, joined


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
