"""The cost of a shared machine: steps of the engine and updates of training, alone and beside other programs.

`python -m benchmarks.shared [--seconds 4] [--rounds 3] [--json]` prints, for both, the rate alone and how much of it is
left beside one loop that wants a core, beside two, and beside each other. Each in two ways, in turns: "ours",
whose threads sleep while they wait, and "split", torch's own threads, which split each operation and spin, as this
program worked before. Each process is measured in a turn of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import torch
from torch import Tensor

from ebm_studio.core.energy.backends import make_gradient
from ebm_studio.core.energy.choice import choose_backend
from ebm_studio.core.energy.crew import default_threads
from ebm_studio.core.energy.devices import choose_device
from ebm_studio.core.energy.gradients import BlockGradient, EnergyGradient, Gradient
from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.sampling.langevin import ChainStreams, sample
from ebm_studio.core.specs import Learning, NetSpec, ShortRun

SPEC = NetSpec(width=32)
WAYS = ("ours", "split")
WORK = ("engine", "training")
BESIDE = ("alone", "one loop", "two loops", "each other")
K = 50  # steps of the engine's chains
WARM = 1.0  # seconds before the measurement


def main(argv: Sequence[str] | None = None) -> None:
    """Measure everything, or be one of the measured processes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shared", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement (default: 4)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--be", nargs=2, metavar=("WORK", "WAY"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.be:
        work, way = args.be
        print(_rate(work, way, args.backend, args.seconds))
        return
    rates = _measured(args.seconds, args.rounds, args.backend)
    if args.json:
        print(json.dumps({f"{work}, {way}, {beside}": rate for (work, way, beside), rate in rates.items()}))
    else:
        print(_table(rates))


Rates = dict[tuple[str, str, str], float]


def _measured(seconds: float, rounds: int, backend: str) -> Rates:
    found: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(rounds):
        for beside in BESIDE:
            for way in WAYS:
                for work, rate in _turn(beside, way, backend, seconds):
                    found.setdefault((work, way, beside), []).append(rate)
    return {case: median(values) for case, values in found.items()}


def _turn(beside: str, way: str, backend: str, seconds: float) -> Iterator[tuple[str, float]]:
    if beside == "each other":
        both = [_start(work, way, backend, seconds) for work in WORK]
        for work, process in zip(WORK, both, strict=True):
            yield work, _end(process)
        return
    with _loops(("alone", "one loop", "two loops").index(beside)):
        for work in WORK:
            yield work, _end(_start(work, way, backend, seconds))


def _start(work: str, way: str, backend: str, seconds: float) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "benchmarks.shared", "--be", work, way]
    words += ["--seconds", str(seconds), "--backend", backend]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen[str]) -> float:
    told, _ = process.communicate()
    return float(told)


@contextmanager
def _loops(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


class Split:
    """A gradient whose operations torch splits over its threads."""

    def __init__(self, gradient: Gradient, dtype: torch.dtype) -> None:
        assert isinstance(gradient, BlockGradient)
        self.spec, self.refresh = gradient.spec, gradient.refresh
        self._gradient, self._dtype = gradient, dtype

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """All images in one walk."""
        energy, slope = self._gradient._walk(images.to(self._dtype, memory_format=torch.channels_last))
        return energy, slope.float()

    @torch.no_grad()
    def of_parameters(self, images: Tensor, factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The whole batch in one pass."""
        assert isinstance(self._gradient, EnergyGradient)
        return self._gradient._pass(images, factors)


def _rate(work: str, way: str, backend: str, seconds: float) -> float:
    """Steps or updates a second."""
    choose_device("cpu")
    net = make_net(SPEC, torch.Generator().manual_seed(0)).requires_grad_(False)
    backend = choose_backend(net, 16, {}).backend if backend == "auto" else backend
    dtype = torch.bfloat16 if backend == "bf16" else torch.float32
    if way == "split":
        torch.set_num_threads(default_threads())
    if work == "engine":
        gradient, run = make_gradient(net, backend), ShortRun(steps=K)
        streams = ChainStreams(0, range(16), SPEC.shape)
        z, ours = streams.start(run), gradient if way == "ours" else Split(gradient, dtype)
        return K * _count(lambda: sample(ours, z, run, streams.noise), seconds)
    images = torch.randint(0, 256, (64, *SPEC.shape), dtype=torch.uint8)
    learner = Learner(SPEC, ShortRun(steps=20), Learning(chains=64, images=64), images, backend=backend)
    if way == "split":
        learner._gradient, learner._pass = Split(learner._gradient, dtype), Split(learner._pass, dtype)
    return _count(lambda: learner.update(0), seconds)


def _count(work: Callable[[], object], seconds: float) -> float:
    for limit in (WARM, seconds):
        began, done = time.perf_counter(), 0
        while (spent := time.perf_counter() - began) < limit or not done:
            work()
            done += 1
    return done / spent


def _table(rates: Rates) -> str:
    lines = ["| | alone | beside one loop | beside two | beside each other |", "|---|---:|---:|---:|---:|"]
    for work in WORK:
        unit = "steps/s" if work == "engine" else "updates/s"
        for way in WAYS:
            alone = rates[work, way, "alone"]
            cells = [f"{alone:.3g} {unit}"]
            for beside in BESIDE[1:]:
                rate = rates[work, way, beside]
                cells.append(f"{rate:.3g} ({rate / alone:.0%})")
            lines.append(f"| {work}, {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
