from __future__ import annotations

import pytest

from tests.fuzz.limits import Outcome


@pytest.fixture
def outcome(record_property):
    found = Outcome()
    yield found
    record_property("outcome", str(found))
    print(found)
