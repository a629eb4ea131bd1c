"""Times that can be compared on a machine that also does other things."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

import torch

from ebm_studio.core.energy.crew import threads

LEAST_ROUNDS = 2
SETTLE = 0.01  # seconds until the threads of the previous one stop spinning


def interleaved(contenders: Mapping[str, Callable[[], object]], budget: float) -> dict[str, float]:
    """Median seconds of each, measured in turns for about `budget` seconds after a first turn that warms up.

    The program shares work out itself and leaves torch one thread, as `choose_device` does; everyone else
    has torch's own. Torch forgets its kernels whenever that changes, so the first run of each turn does not
    count: in a chain, too, a step finds kernels made, threads awake and caches warm.
    """
    for run in contenders.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(next(iter(times.values()))) < LEAST_ROUNDS:
        for name, run in contenders.items():
            torch.set_num_threads(1 if name.startswith("ours") else threads())
            time.sleep(SETTLE)
            run()
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return {name: median(values) for name, values in times.items()}
