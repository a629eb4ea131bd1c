"""Many machines on one: what a picture is depends on no batch and no number of threads, on any CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("isa", ["AVX2", "AVX512_CORE", "AVX512_CORE_BF16", "DEFAULT"])
def test_pictures_depend_on_no_batch_and_no_threads(isa: str) -> None:
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": isa}
    if isa == "AVX2":
        environment["MKL_ENABLE_INSTRUCTIONS"] = isa  # what multiplies matrices has kernels of its own
    words = [sys.executable, "-m", "tests.data.models.sameness"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["failed"] == []
    assert result["looked"] >= 2 * 3 * (14 + 14 + 11)
