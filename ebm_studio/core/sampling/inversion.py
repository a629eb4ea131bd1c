"""Reconstruction: the start noise z whose noise-free short run M(z) ends at a photo.

The paper descends L(z) = |x - M(z)|^2. For a piecewise linear net the chain's Jacobian is exactly the
identity, so the descent is the fixed-point iteration z <- z - eta (M(z) - x) and keeps no graph.
The Jacobian holds only within one linear piece. Over a real step M is rough, and the roughness
shrinks with the step: so the step falls to almost nothing over the iterations. And M stretches
coarse changes of z more than fine ones, which a step in z's frequencies evens out.
docs/reconstruction.md has the measurements behind each choice here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ebm_studio.core.errors import DataError, DivergedError
from ebm_studio.core.sampling.langevin import Gradient, sample
from ebm_studio.core.sheet import png_sheet
from ebm_studio.core.specs import Mode, Reconstruction, ShortRun

PullBack = Callable[[list[Tensor], Tensor], Tensor]
"""A chain's images x_0 ... x_K and dL/dx_K to dL/dz; for piecewise linear nets the identity, left out."""

STEPS: dict[Mode, tuple[float, float]] = {"free": (0.5, 0.003), "support": (1.5, 0.01), "typical": (1.5, 0.01)}
"""The first step eta and the last."""
MOMENTUM: dict[Mode, float] = {"free": 0.0, "support": 0.6, "typical": 0.6}
COARSE: dict[Mode, float] = {"free": 0.15, "support": 1.0, "typical": 1.0}
"""Of the step, what a constant change of z gets."""
FINE = 10 / 32
"""Cycles per pixel from which on a change of z gets the whole step."""
POWER = 3.0
"""Of p0's power, what the typical mode leaves to any one frequency."""


@dataclass(frozen=True, slots=True)
class Iterate:
    """The search after `iteration` short runs, for N photos. Nobody writes to these tensors again."""

    iteration: int
    z: Tensor
    """The start noise tried, (N, C, H, W)."""
    images: Tensor
    """M(z), (N, C, H, W), not clamped."""
    error: Tensor
    """Mean squared error of M(z) per known pixel and channel, (N,)."""
    best_z: Tensor
    """For each photo the start noise of its least error so far, (N, C, H, W)."""
    best_images: Tensor
    best_error: Tensor
    done: bool
    """Whether this is the last one."""

    def _repr_png_(self) -> bytes:
        """The best reconstructions, in a notebook."""
        return png_sheet(self.best_images)

    def rows(self, count: int) -> Iterate:
        """The first `count` photos alone."""
        return replace(
            self,
            z=self.z[:count],
            images=self.images[:count],
            error=self.error[:count],
            best_z=self.best_z[:count],
            best_images=self.best_images[:count],
            best_error=self.best_error[:count],
        )


def reconstruct(
    gradient: Gradient,
    photos: Tensor,
    start: Tensor,
    run: ShortRun,
    settings: Reconstruction,
    known: Tensor | None = None,
    pull_back: PullBack | None = None,
    found: Tensor | None = None,
) -> Iterator[Iterate]:
    """Search from noise `start` for the z of each photo; both (N, C, H, W), the photos in [-1, 1].

    With `found`, the z (N, C, H, W) of an earlier search, continue from there: nothing worse comes of it. With `known`,
    boolean and of a shape that broadcasts to the photos', only those pixels count: the short run fills in the others.
    Raises `DivergedError` when no photo has a finite error.
    """
    known, count = _known(photos, known)
    project = _one_by_one(_projection(settings.mode, run))
    even = _one_by_one(lambda slope: balanced(slope, COARSE[settings.mode]))

    z = _beginning(gradient, photos, start, run, known, project) if found is None else found
    z = z.contiguous()  # sums over a photo are taken in the order of memory
    velocity = torch.zeros_like(z)
    best_z, best_images = z, z
    best_error = torch.full_like(count, torch.inf)
    momentum = MOMENTUM[settings.mode]
    first, last = STEPS[settings.mode]
    decay = (last / first) ** (1 / settings.iterations)

    for iteration in range(1, settings.iterations + 1):
        chain = _chain(gradient, z, run, keep=pull_back is not None)
        residual = (chain[-1] - photos) * known
        error = _one_by_one(_square_sum)(residual) / count

        better = error < best_error  # never so for an error that is not finite
        if not (better | best_error.isfinite()).any():
            raise DivergedError("The chains diverged: lower the step size.")
        best_z, best_images = _chosen(better, z, best_z), _chosen(better, chain[-1], best_images)
        best_error = torch.where(better, error, best_error)
        done = iteration == settings.iterations or bool((best_error <= settings.tolerance).all())
        yield Iterate(iteration, z, chain[-1], error, best_z, best_images, best_error, done)
        if done:
            return

        slope = residual if pull_back is None else pull_back(chain, residual)
        slope = even(slope) * known
        velocity = momentum * velocity - first * decay ** (iteration - 1) * (1 - momentum) * slope
        moving = (best_error > settings.tolerance) & error.isfinite()
        velocity = _chosen(moving, velocity, torch.zeros_like(velocity))
        z = project(_chosen(moving, z, best_z) + velocity)


def _beginning(
    gradient: Gradient,
    photos: Tensor,
    start: Tensor,
    run: ShortRun,
    known: Tensor,
    project: Callable[[Tensor], Tensor],
) -> Tensor:
    """The first z. The chain undone is a far better one than noise, but undoing needs to know the whole end."""
    whole = known.flatten(1).all(1)
    return _chosen(whole, project(undo(gradient, photos, run)), start) if whole.any() else start


def _known(photos: Tensor, known: Tensor | None) -> tuple[Tensor, Tensor]:
    """The known pixels, 1 in (N, C, H, W), and how many each photo has. Raises `DataError` when one has none."""
    known = torch.ones_like(photos) if known is None else known.to(photos).expand_as(photos)
    count = known.flatten(1).sum(1)
    if not count.all():
        raise DataError("The mask covers the whole photo, so there is nothing to match.")
    return known, count


@torch.no_grad()
def undo(gradient: Gradient, images: Tensor, run: ShortRun) -> Tensor:
    """The noise-free chain walked backwards from its end: x_k = x_(k+1) + s dE/dx(x_k), nearly.

    The slope at the unknown x_k is taken at x_(k+1) plus the slope before, which costs one gradient a
    step: as much as one short run. `images` and the result are (N, C, H, W).
    """
    x = images
    slope = gradient(x)[1]
    for index in reversed(range(run.steps)):
        size = run.step_size * run.pace(index)
        slope = gradient(x + size * slope)[1]
        x = x + size * slope
    return x


def balanced(slope: Tensor, coarse: float) -> Tensor:
    """A slope (N, C, H, W) with its coarse parts made small, the more the coarser, down to a share of `coarse`.

    M stretches coarse changes of z several times more than fine ones. A step that suits the fine
    ones would make the coarse ones oscillate.
    """
    height, width = slope.shape[-2:]
    rows = torch.fft.fftfreq(height, device=slope.device)[:, None]
    columns = torch.fft.rfftfreq(width, device=slope.device)
    share = coarse + (1 - coarse) * torch.hypot(rows, columns) / FINE
    even: Tensor = torch.fft.irfft2(torch.fft.rfft2(slope) * share.clamp(max=1), s=(height, width))
    return even


def _chain(gradient: Gradient, z: Tensor, run: ShortRun, keep: bool) -> list[Tensor]:
    """x_0 ... x_K of the noise-free chain, or x_K alone."""
    if not keep:
        return [sample(gradient, z, run)[0]]
    chain = [z]
    for index in range(run.steps):
        chain.append(chain[-1] - run.step_size * run.pace(index) * gradient(chain[-1])[1])
    return chain


def _one_by_one(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A function of photos (N, ...) that sees each alone: sums over many might be taken in another order."""
    return lambda photos: torch.cat([function(photo) for photo in torch.split(photos, 1)])


def _square_sum(photos: Tensor) -> Tensor:
    return photos.square().flatten(1).sum(1)


def _chosen(rows: Tensor, values: Tensor, others: Tensor) -> Tensor:
    return torch.where(rows[:, None, None, None], values, others)


def _projection(mode: Mode, run: ShortRun) -> Callable[[Tensor], Tensor]:
    if mode == "free":
        return lambda z: z
    if mode == "support":
        return lambda z: into_support(z, run)
    return lambda z: into_support(_evened(z, run), run)


def into_support(z: Tensor, run: ShortRun) -> Tensor:
    """The nearest z, (N, C, H, W), in the support of the run's p0: [-1, 1] times its range, or the ball that
    holds nearly all of a normal p0.
    """
    if run.start == "uniform":
        return z.clamp(-run.start_range, run.start_range)
    radius = run.start_range * z[0].numel() ** 0.5
    scale: Tensor = (radius / z.flatten(1).norm(dim=1).clamp_min(radius))[:, None, None, None]
    return z * scale


def _evened(z: Tensor, run: ShortRun) -> Tensor:
    """z with no frequency stronger than in p0's noise: edges and smooth areas go, as do large values."""
    spectrum = torch.fft.fft2(z, norm="ortho")
    limit = (POWER * run.start_variance) ** 0.5
    evened: Tensor = torch.fft.ifft2(spectrum * (limit / spectrum.abs().clamp_min(limit)), norm="ortho").real
    return evened
