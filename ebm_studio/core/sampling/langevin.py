"""Short-run Langevin dynamics: one sampler for the window, the command line, training and the tests.

It is the same for points (N, 2) as for images (N, C, H, W).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ebm_studio.core.energy.crew import share_out
from ebm_studio.core.energy.point_gradient import PointGradient
from ebm_studio.core.energy.point_walk import AT_ONCE, Walked
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.sampling.philox import StepNoise, keys_of
from ebm_studio.core.sheet import png_sheet
from ebm_studio.core.specs import ShortRun

Gradient = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Images (N, C, H, W) to energies (N,) and dE/dx (N, C, H, W)."""
Noise = Callable[[], Tensor]
"""The next step's standard normal u, (N, C, H, W)."""
SHARE = 8  # chains whose noise a thread draws at a time


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
    """Eq. 4 with the step folded into the energy's scale: x <- x - s dE/dx + tau u, K times from z.

    Yields K + 1 steps, the start noise z (N, C, H, W) first. Without `noise` (or at noise scale 0)
    the chain is the deterministic generator M(z). With `first`, z is a chain's state after that
    many steps, and the chain continues from there. Raises `DivergedError` when the energy is no longer
    finite.
    """
    if isinstance(gradient, PointGradient):
        yield from _point_run(gradient, z, run, noise, first)
        return
    # Products are rounded before they are added: fused, they would be rounded otherwise at the end of a tensor.
    x = mean = z
    for index in range(first, run.steps + 1):
        energy, slope = gradient(x)
        slope = slope * run.step_size
        if not torch.isfinite(energy).all():
            raise _diverged(index)
        yield Step(index, x, mean, energy, _length(slope))
        if index < run.steps:
            mean = x - slope
            x = mean + noise() * run.noise_scale if noise and run.is_noisy(index) else mean


def _point_run(gradient: PointGradient, z: Tensor, run: ShortRun, noise: Noise | None, first: int) -> Iterator[Step]:
    """`short_run` of points (N, 2), many steps at a time."""
    x = mean = z
    for index, walked in _walks(gradient, z, run, noise, first):
        finite = torch.isfinite(torch.stack(walked.energies)).all(1).tolist()
        for k, is_finite in enumerate(finite):
            if not is_finite:
                raise _diverged(index + k)
            yield Step(index + k, x, mean, walked.energies[k], walked.lengths[k])
            x, mean = walked.states[k], walked.means[k]
    energy, slope = gradient(x)
    if not torch.isfinite(energy).all():
        raise _diverged(run.steps)
    yield Step(run.steps, x, mean, energy, _length(slope * run.step_size))


def _walks(
    gradient: PointGradient, x: Tensor, run: ShortRun, noise: Noise | None, first: int = 0
) -> Iterator[tuple[int, Walked]]:
    """The steps of points (N, 2) from x on, `AT_ONCE` of them in one call, each time with the first one's index."""
    for index in range(first, run.steps, AT_ONCE):
        steps = range(index, min(index + AT_ONCE, run.steps))
        noises = [noise() for step in steps if run.is_noisy(step)] if noise else []
        walked = gradient.walk(x, len(steps), run.step_size, run.noise_scale, noises)
        yield index, walked
        x = walked.states[-1]


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
    x = z.clone()
    length = torch.zeros(len(z), device=z.device)
    if isinstance(gradient, PointGradient):
        for index, walked in _walks(gradient, z, run, noise):
            x = walked.states[-1]
            length += torch.stack(walked.lengths).sum(0)
            progress(index + len(walked.states))
        return x, length / run.steps
    for index in range(run.steps):
        _, slope = gradient(x)
        slope *= run.step_size
        length += _length(slope)
        x -= slope
        if noise and run.is_noisy(index):
            x += noise() * run.noise_scale
        progress(index + 1)
    return x, length / run.steps


def _length(slope: Tensor) -> Tensor:
    """The norm of each row, (N,)."""
    length: Tensor = torch.linalg.vector_norm(slope, dim=tuple(range(1, slope.dim())))
    return length


class ChainStreams:
    """Random streams, one for each chain: chain i of a seed is the same in any batch.

    A chain has two streams, for its start noise and for its steps, so that a kept start noise can
    be run again with the same or with other noise. The start noise is drawn on the CPU and is the same on
    any device. So are the steps' numbers, but for CUDA, which computes its own by `core.sampling.philox`.
    """

    def __init__(self, seed: int, chains: range, shape: tuple[int, ...], device: torch.device | str = "cpu") -> None:
        self._shape = shape
        self._device = device
        self._starts = [_generator("start", seed, chain) for chain in chains]
        seeds = [seed_from("steps", seed, chain) for chain in chains]
        self._on_device = StepNoise(keys_of(seeds, device), shape) if torch.device(device).type == "cuda" else None
        self._steps = [] if self._on_device else [torch.Generator().manual_seed(each) for each in seeds]

    @property
    def keys(self) -> Tensor:
        """The keys (N, 2) of the steps' numbers on CUDA."""
        assert self._on_device
        return self._on_device.keys

    def start(self, run: ShortRun) -> Tensor:
        """Start noise z ~ p0, (N, C, H, W)."""
        if run.start == "uniform":
            z = self._draw(self._starts, lambda row, stream: row.uniform_(-1, 1, generator=stream))
        else:
            z = self._draw(self._starts, lambda row, stream: row.normal_(generator=stream))
        return z.mul_(run.start_range)

    def noise(self) -> Tensor:
        """The next u ~ N(0, I) of each chain, (N, C, H, W)."""
        if self._on_device:
            return self._on_device()
        return self._draw(self._steps, lambda row, stream: row.normal_(generator=stream))

    def skip(self, count: int) -> None:
        """Skip the u of `count` steps, as a chain does that continues from a later step."""
        if self._on_device:
            self._on_device.skip(count)
        else:
            for _ in range(count):
                self.noise()

    def _draw(self, streams: Sequence[torch.Generator], fill: Callable[[Tensor, torch.Generator], object]) -> Tensor:
        rows = torch.empty(len(streams), *self._shape)

        def work(first: int) -> None:
            for row in range(first, min(first + SHARE, len(streams))):
                fill(rows[row], streams[row])

        share_out(work, range(0, len(streams), SHARE))
        return rows.to(self._device)


def _generator(*key: object) -> torch.Generator:
    return torch.Generator().manual_seed(seed_from(*key))


def seed_from(*key: object) -> int:
    """A well-mixed 63-bit seed for a key, the same on every machine."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
