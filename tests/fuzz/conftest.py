from __future__ import annotations

import pytest

from tests.fuzz.limits import Outcome


@pytest.fixture
def outcome(record_property):
    found = Outcome()
    yield found
    record_property("outcome", str(found))
    print(found)


@pytest.fixture
def many(request) -> int:
    """How many files each fuzzer tries: a few hundred, or as many as `--fuzz` says."""
    return request.config.getoption("--fuzz")
