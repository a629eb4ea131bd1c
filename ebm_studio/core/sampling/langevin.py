"""Short-run Langevin dynamics: one sampler for the window, the command line, training and the tests.

It is the same for points (N, 2) as for images (N, C, H, W).
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeGuard

import torch
from torch import Tensor

from ebm_studio.core.energy.crew import share_out
from ebm_studio.core.energy.gradients import BlockGradient
from ebm_studio.core.energy.point_gradient import PointGradient
from ebm_studio.core.energy.walks import Walked, lengths
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.sampling.philox import StepNoise, keys_of
from ebm_studio.core.sheet import png_sheet
from ebm_studio.core.specs import ShortRun

Gradient = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Images (N, C, H, W) to energies (N,) and dE/dx (N, C, H, W)."""
Noise = Callable[[], Tensor]
"""The next step's standard normal u, (N, C, H, W)."""
SHARE = 8  # chains whose noise a thread draws at a time
AHEAD = 10  # steps whose noise is drawn in one go, if that makes no more than
MANY = 1 << 21  # numbers
VECTOR = 16  # numbers that torch draws together: steps of whole vectors are the same drawn in one call or one by one
AT_ONCE = 25  # steps in one call, at most
CALL = 0.03  # seconds that a call should take


class Walking(Protocol):
    """A gradient that takes several steps in one call."""

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, ...)."""

    def walk(self, x: Tensor, sizes: list[float], scales: list[float], noises: list[Tensor]) -> Walked:
        """Langevin steps from x (N, ...) of these sizes and noise scales; the first with the `noises` (N, ...)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A chain's state after `index` of its K steps. Nobody writes to these tensors again."""

    index: int
    images: Tensor
    """x, (N, C, H, W), not clamped."""
    mean: Tensor
    """x without the noise that the last step added, (N, C, H, W); the start itself at index 0."""
    energy: Tensor
    """E(x), (N,)."""
    gradient_norm: Tensor
    """The length of the gradient part of a step from x, step_size * |dE/dx|, (N,)."""

    def _repr_png_(self) -> bytes | None:
        """The pictures, in a notebook."""
        return png_sheet(self.images) if self.images.dim() == 4 else None


def short_run(
    gradient: Gradient, z: Tensor, run: ShortRun, noise: Noise | None = None, first: int = 0
) -> Iterator[Step]:
    """Eq. 4 with the step folded into the energy's scale: x <- x - s dE/dx + tau u, K times from z. In the last
    `settle` steps s and tau are `pace` times as large.

    Yields K + 1 steps, the start noise z (N, C, H, W) first. Without `noise` (or at noise scale 0)
    the chain is the deterministic generator M(z). With `first`, z is a chain's state after that
    many steps, and the chain continues from there. Raises `DivergedError` when the energy is no longer
    finite.
    """
    if not _walks(gradient, z):
        yield from _stepwise(gradient, z, run, noise, first)
        return
    x = mean = z
    for index, walked in _walked(gradient, z, run, noise, first):
        finite = torch.isfinite(torch.stack(walked.energies)).all(1).tolist()
        for k, is_finite in enumerate(finite):
            if not is_finite:
                raise _diverged(index + k)
            yield Step(index + k, x, mean, walked.energies[k], walked.lengths[k])
            x, mean = walked.states[k], walked.means[k]
    energy, slope = gradient(x)
    if not torch.isfinite(energy).all():
        raise _diverged(run.steps)
    yield Step(run.steps, x, mean, energy, lengths(slope * (run.step_size * run.pace(run.steps))))


def _stepwise(gradient: Gradient, z: Tensor, run: ShortRun, noise: Noise | None, first: int) -> Iterator[Step]:
    """`short_run` with one call of the gradient for each step."""
    # Products are rounded before they are added: fused, they would be rounded otherwise at the end of a tensor.
    x = mean = z
    for index in range(first, run.steps + 1):
        energy, slope = gradient(x)
        pace = run.pace(index)
        slope = slope * (run.step_size * pace)
        if not torch.isfinite(energy).all():
            raise _diverged(index)
        yield Step(index, x, mean, energy, lengths(slope))
        if index < run.steps:
            mean = x - slope
            x = mean + noise() * (run.noise_scale * pace) if noise and run.is_noisy(index) else mean


def _walks(gradient: Gradient, x: Tensor) -> TypeGuard[Walking]:
    """Whether it takes several steps in one call."""
    return isinstance(gradient, PointGradient) or (isinstance(gradient, BlockGradient) and x.device.type == "cpu")


def _walked(
    gradient: Walking, x: Tensor, run: ShortRun, noise: Noise | None, first: int = 0
) -> Iterator[tuple[int, Walked]]:
    """The steps from x (N, ...) on, some in one call, each time with the first one's index.

    As many as take about `CALL` seconds: fewer would often wait for each other, more would show and cancel late.
    """
    index, count = first, AT_ONCE if x.dim() == 2 else 1  # points are quick on any machine
    while index < run.steps:
        steps = range(index, min(index + count, run.steps))
        noises = [noise() for step in steps if run.is_noisy(step)] if noise else []
        began = time.perf_counter()
        paces = [run.pace(step) for step in steps]
        sizes, scales = [run.step_size * pace for pace in paces], [run.noise_scale * pace for pace in paces]
        walked = gradient.walk(x, sizes, scales, noises)
        took = (time.perf_counter() - began) / len(steps)
        yield index, walked
        x, index = walked.states[-1], index + len(steps)
        count = max(1, min(AT_ONCE, round(CALL / took)))


def _diverged(step: int) -> DivergedError:
    return DivergedError(
        f"The chain diverged at step {step}: its energy is not finite. Lower the step size or the noise scale."
    )


def sample(
    gradient: Gradient,
    z: Tensor,
    run: ShortRun,
    noise: Noise | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> tuple[Tensor, Tensor]:
    """The end of `short_run`, without what only a viewer needs. `progress` gets the number of steps so far.

    Returns the last images (N, C, H, W) and, per chain, the mean length of the gradient part of
    its steps (N,), whose mean is the health figure v.
    """
    length = torch.zeros(len(z), device=z.device)
    if _walks(gradient, z):
        for index, walked in _walked(gradient, z, run, noise):
            for of_step in walked.lengths:  # one by one: the sum must not depend on how many steps were in a call
                length += of_step
            progress(index + len(walked.states))
        return walked.states[-1], length / run.steps
    x = z.clone()
    for index in range(run.steps):
        _, slope = gradient(x)
        pace = run.pace(index)
        slope *= run.step_size * pace
        length += lengths(slope)
        x -= slope
        if noise and run.is_noisy(index):
            x += noise() * (run.noise_scale * pace)
        progress(index + 1)
    return x, length / run.steps


class ChainStreams:
    """Random streams, one for each chain: chain i of a seed is the same in any batch.

    A chain has two streams, for its start noise and for its steps, so that a kept start noise can
    be run again with the same or with other noise. The start noise is drawn on the CPU and is the same on
    any device. So are the steps' numbers, but for CUDA, which computes its own by `core.sampling.philox`.
    """

    def __init__(self, seed: int, chains: range, shape: tuple[int, ...], device: torch.device | str = "cpu") -> None:
        self._shape = shape
        self._device = device
        self._starts = [generator("start", seed, chain) for chain in chains]
        seeds = [seed_from("steps", seed, chain) for chain in chains]
        self._on_device = StepNoise(keys_of(seeds, device), shape) if torch.device(device).type == "cuda" else None
        self._steps = [] if self._on_device else [torch.Generator().manual_seed(each) for each in seeds]
        self._ahead = max(1, min(AHEAD, MANY // (len(chains) * math.prod(shape))))
        self._drawn: deque[Tensor] = deque()

    @property
    def keys(self) -> Tensor:
        """The keys (N, 2) of the steps' numbers on CUDA."""
        assert self._on_device
        return self._on_device.keys

    def start(self, run: ShortRun) -> Tensor:
        """Start noise z ~ p0, (N, C, H, W), channels last: so the chain's steps need not turn it over."""
        if run.start == "uniform":
            z = self._draw(self._starts, lambda rows, stream: rows.uniform_(-1, 1, generator=stream))[:, 0]
        else:
            z = self._draw(self._starts, lambda rows, stream: rows.normal_(generator=stream))[:, 0]
        z = z.mul_(run.start_range)
        return z.contiguous(memory_format=torch.channels_last) if z.dim() == 4 else z

    def noise(self) -> Tensor:
        """The next u ~ N(0, I) of each chain, (N, C, H, W)."""
        if self._on_device:
            return self._on_device()
        if not self._drawn:
            drawn = self._draw(self._steps, lambda rows, stream: rows.normal_(generator=stream), self._ahead)
            self._drawn.extend(drawn.unbind(1))
        return self._drawn.popleft()

    def skip(self, count: int) -> None:
        """Skip the u of `count` steps, as a chain does that continues from a later step."""
        if self._on_device:
            self._on_device.skip(count)
        else:
            for _ in range(count):
                self.noise()

    def _draw(
        self, streams: Sequence[torch.Generator], fill: Callable[[Tensor, torch.Generator], object], times: int = 1
    ) -> Tensor:
        """So many times in a row the numbers of a step from each stream, (N, times, C, H, W)."""
        drawn = torch.empty(len(streams), times, *self._shape)
        at_once = math.prod(self._shape) % VECTOR == 0

        def work(first: int) -> None:
            for rows, stream in zip(drawn[first : first + SHARE], streams[first : first + SHARE], strict=True):
                for part in [rows] if at_once else rows:
                    fill(part, stream)

        share_out(work, range(0, len(streams), SHARE))
        return drawn.to(self._device)


def generator(*key: object) -> torch.Generator:
    """A stream of random numbers of its own for a key."""
    return torch.Generator().manual_seed(seed_from(*key))


def seed_from(*key: object) -> int:
    """A well-mixed 63-bit seed for a key, the same on every machine."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
