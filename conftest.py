"""For every test: measurements stay out of the user's cache, and the test processes share the cores."""

import os
import tempfile

import pytest

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="ebm-studio-tests-")
# There is a test process for each core, so one thread is enough for each, and for what it starts: more would wait
# for one another. Tests that need several say so.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many damaged files the fuzzers in tests/fuzz try."""
    parser.addoption("--fuzz", type=int, default=300, metavar="N", help="damaged files for each fuzzer (default: 300)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked `device` where there is none."""
    needing = [item for item in items if item.get_closest_marker("device")]
    if not needing:
        return
    import torch

    if not torch.cuda.is_available():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))
