"""A few hundred random actions; `python -m tests.app.soak` does it for longer."""

from __future__ import annotations

import time

from tests.app.soak import soak
from tests.hostile import make_hostile

LEAST, ACTIONS, SECONDS = 150, 300, 20


def test_random_actions_and_hostile_files_do_no_harm(running, tmp_path):
    hostile = make_hostile(tmp_path / "hostile")
    drops = sorted(hostile.iterdir())
    end = time.monotonic() + SECONDS
    person, faults = soak(
        running, 1, lambda count: count < LEAST or (count < ACTIONS and time.monotonic() < end), drops
    )
    assert not (hostile / "ran").exists()
    assert faults == [], faults[0]
    assert len(person.done) == 8  # of every kind
