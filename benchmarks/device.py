"""Short runs and an update on a device: the authors' loop, with `torch.compile` and without, and ours, in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from benchmarks import literal
from benchmarks.engine import drawn_net
from benchmarks.timing import interleaved
from ebm_studio.core.energy.backends import available, make_gradient
from ebm_studio.core.energy.devices import choose_device
from ebm_studio.core.energy.graph import GraphGradient
from ebm_studio.core.energy.nets import ConvNet, EnergyNet
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.sampling.captured import CapturedSampler
from ebm_studio.core.sampling.langevin import ChainStreams, sample
from ebm_studio.core.specs import Learning, NetSpec, ShortRun

WIDTHS, CHAINS, K = (32, 64, 128), (16, 64, 256), 50
AUTHORS, COMPILED = "authors' loop", "torch.compile"
WARM = 3  # unmeasured first calls: they compile, choose kernels and record


@dataclass(frozen=True)
class Case:
    """What was measured: median seconds by contender."""

    what: str
    seconds: dict[str, float]


def measure(
    name: str, budget: float, widths: tuple[int, ...] = WIDTHS, chains: tuple[int, ...] = CHAINS, steps: int = K
) -> Iterator[Case]:
    """Measure each case for about `budget` seconds on the device."""
    device = choose_device(name)
    for width in widths:
        for count in chains:
            seconds = _measured(dict(_runs(NetSpec(width=width), count, steps, device)), device, budget)
            yield Case(f"step, n_f {width}, {count} chains", {by: each / steps for by, each in seconds.items()})
    for width in widths:
        seconds = _measured(dict(_updates(NetSpec(width=width), steps, device)), device, budget)
        yield Case(f"update, n_f {width}, K {steps}, 64 chains", seconds)


def table(cases: list[Case]) -> str:
    """Milliseconds, as Markdown."""
    names = list(dict.fromkeys(name for case in cases for name in case.seconds))
    lines = [f"| ms | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for case in cases:
        cells = (f"{1000 * case.seconds[name]:.3g}" if name in case.seconds else "" for name in names)
        lines.append(f"| {case.what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def unit(name: str) -> str:
    """The name of the device."""
    device = choose_device(name)
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _measured(work: dict[str, Callable[[], object]], device: torch.device, budget: float) -> dict[str, float]:
    def to_the_end(run: Callable[[], object]) -> Callable[[], None]:
        def whole() -> None:
            run()
            if device.type == "cuda":
                torch.cuda.synchronize()
            elif device.type == "mps":
                torch.mps.synchronize()

        return whole

    contenders = {name: to_the_end(run) for name, run in work.items()}
    for run in contenders.values():
        for _ in range(WARM):
            run()
    return interleaved(contenders, budget)


def _runs(spec: NetSpec, chains: int, steps: int, device: torch.device) -> Iterator[tuple[str, Callable[[], object]]]:
    """Whole short runs of so many steps."""
    z = ChainStreams(0, range(chains), spec.shape, device).start(ShortRun())

    def loop(net: EnergyNet) -> Callable[[], None]:
        x = z.clone().requires_grad_()

        def run() -> None:
            with _as_torch_comes():
                for _ in range(steps):
                    literal.step(net, x)

        return run

    theirs = drawn_net(spec).to(device)
    yield AUTHORS, loop(theirs)
    if device.type == "cuda":
        yield COMPILED, loop(torch.compile(theirs))  # type: ignore[arg-type]  # it stands for the net
    for backend in available(device):
        yield f"ours, {backend}", _ours(drawn_net(spec).to(device).requires_grad_(False), backend, z, steps)


def _ours(net: ConvNet, backend: str, z: Tensor, steps: int) -> Callable[[], object]:
    gradient, run = make_gradient(net, backend), ShortRun(steps=steps)
    streams = ChainStreams(0, range(len(z)), net.spec.shape, z.device)
    if isinstance(gradient, GraphGradient):
        sampler = CapturedSampler(gradient)
        return lambda: sampler(z, run, streams.keys)
    return lambda: sample(gradient, z, run, streams.noise)


def _updates(spec: NetSpec, steps: int, device: torch.device) -> Iterator[tuple[str, Callable[[], object]]]:
    """Updates of 64 chains and 64 training images."""
    images = torch.randint(0, 256, (64, *spec.shape), dtype=torch.uint8)
    data = (images.float() / 127.5 - 1).to(device)

    def loop(net: ConvNet, called: EnergyNet) -> Callable[[], None]:
        adam = torch.optim.Adam(net.parameters(), lr=1e-4)

        def run() -> None:
            with _as_torch_comes():
                literal.update(called, adam, data, steps)

        return run

    theirs, compiled = drawn_net(spec).to(device), drawn_net(spec).to(device)
    yield AUTHORS, loop(theirs, theirs)
    if device.type == "cuda":
        yield COMPILED, loop(compiled, torch.compile(compiled))  # type: ignore[arg-type]  # it stands for the net
    settings = Learning(chains=64, images=64)
    for backend in available(device):
        learner = Learner(spec, ShortRun(steps=steps), settings, images, device, backend)
        yield f"ours, {backend}", partial(learner.update, 0)


def _as_torch_comes() -> AbstractContextManager[None]:
    """Torch's default cuDNN settings, which the authors' loop would have used."""
    flags = torch.backends.cudnn.flags
    settings: AbstractContextManager[None] = flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=True)
    return settings
