"""A few hundred random actions; `python -m tests.app.soak` does it for longer."""

from __future__ import annotations

import time

from tests.app.soak import soak

LEAST, ACTIONS, SECONDS = 150, 300, 20


def test_random_actions_do_no_harm(running):
    end = time.monotonic() + SECONDS
    person, faults = soak(running, 1, lambda count: count < LEAST or (count < ACTIONS and time.monotonic() < end))
    assert faults == [], faults[0]
    assert len(person.done) == 7  # of every kind
