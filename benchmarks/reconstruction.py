"""How well and how fast photos come back through the dynamics.

    python -m benchmarks.reconstruction MODEL DATA [--held-out 1000] [--count 64] [--iterations 60]

DATA is a training set; its last images, which the model must never have seen, are reconstructed, and the
others are what realism and inpainting are measured against. For Fashion-MNIST, name `fashion-mnist` and
`--test fashion-mnist-test`. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor

from ebm_studio.core.diagnostics import typicality
from ebm_studio.core.dynamics import sample
from ebm_studio.core.inversion import Iterate
from ebm_studio.core.specs import Mode, Reconstruction
from ebm_studio.data.datasets import open_images
from ebm_studio.data.models import Model, load_model
from ebm_studio.data.pictures import to_images

BATCH = 16


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure reconstruction on held-out images.")
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--test", help="a set of its own to reconstruct, instead of the last of DATA")
    parser.add_argument("--held-out", type=int, default=1000)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=60)
    args = parser.parse_args(argv)

    model = load_model(args.model)
    size, channels = model.card.net.size, model.card.net.channels
    data = torch.from_numpy(open_images(args.data, size, channels).images)
    if args.test:
        train, test = data, torch.from_numpy(open_images(args.test, size, channels).images)
    else:
        train, test = data[: -args.held_out], data[-args.held_out :]
    photos = images_of(test[: args.count])

    print(
        f"{model.card.name}, {model.card.updates} updates, {len(photos)} held-out images, {args.iterations} iterations"
    )
    found = errors(model, photos, args.iterations)
    realism(model, train, found)
    inpainting(model, train, photos, args.iterations)


def images_of(pixels: Tensor) -> Tensor:
    """uint8 to [-1, 1]."""
    return torch.from_numpy(to_images(pixels.numpy()))


def search(
    model: Model, photos: Tensor, settings: Reconstruction, known: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The best z and M(z) of photos, 16 at a time."""
    ends: list[Iterate] = []
    for first in range(0, len(photos), BATCH):
        *_, end = model.reconstruct(photos[first : first + BATCH], settings, known, first=first)
        ends.append(end)
    return torch.cat([end.best_z for end in ends]), torch.cat([end.best_images for end in ends])


def errors(model: Model, photos: Tensor, iterations: int) -> dict[Mode, Tensor]:
    """Error, typicality and time of each mode; returns the latents."""
    print("\n| mode | error | worst | range | variance | correlation | flatness | s/photo, 16 together | s, one |")
    print("|---|---|---|---|---|---|---|---|---|")
    found: dict[Mode, Tensor] = {}
    for mode in get_args(Mode):
        settings = Reconstruction(iterations=iterations, mode=mode, tolerance=0)
        began = time.perf_counter()
        z, images = search(model, photos, settings)
        each = (time.perf_counter() - began) / len(photos)
        began = time.perf_counter()
        search(model, photos[:1], settings)
        one = time.perf_counter() - began
        found[mode] = z
        error = (images - photos).square().mean((1, 2, 3))
        rows = typicality(z, model.card.short_run.start)
        figures = [
            sum(getattr(row, name) for row in rows) / len(rows)
            for name in ("range", "variance", "correlation", "flatness")
        ]
        cells = [
            f"{error.mean():.5f}",
            f"{error.max():.5f}",
            *(f"{f:.3f}" for f in figures),
            f"{each:.2f}",
            f"{one:.1f}",
        ]
        print(f"| {mode} | {' | '.join(cells)} |")
    return found


def realism(model: Model, train: Tensor, found: dict[Mode, Tensor]) -> None:
    """Distance to the nearest training image, of the ends and of the midpoints of pairs, against those of seeds."""
    count = len(next(iter(found.values())))
    seeds = next(model.chain(count, seed=1)).images
    train_images = images_of(train)
    print("\n| latents | ends: rms to nearest training image | midpoints | midpoint / end |")
    print("|---|---|---|---|")
    for name, z in [("seeds", seeds), *found.items()]:
        half = 0.5**0.5
        middle = half * z + (1 - half**2) ** 0.5 * z.roll(1, 0)
        end, mid = (nearest(run_of(model, start), train_images)[0].mean().item() for start in (z, middle))
        print(f"| {name} | {end:.4f} | {mid:.4f} | {mid / end:.2f} |")


def run_of(model: Model, z: Tensor) -> Tensor:
    """M(z), clamped."""
    parts = [sample(model.gradient, part, model.card.short_run)[0] for part in torch.split(z, BATCH)]
    return torch.cat(parts).clamp(-1, 1)


def nearest(images: Tensor, train: Tensor, known: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Root mean square distance to the nearest training image over the known pixels, and its index."""
    mask = torch.ones(images.shape[1:]) if known is None else known.expand(images.shape[1:])
    chosen = mask.flatten().bool()
    a, b = images.flatten(1)[:, chosen], train.flatten(1)[:, chosen]
    distance, index = torch.cdist(a, b).min(1)
    return distance / chosen.sum() ** 0.5, index


def inpainting(model: Model, train: Tensor, photos: Tensor, iterations: int) -> None:
    """The centre quarter removed: the error within it, against two ways without a model."""
    size = photos.shape[-1]
    known = torch.ones(size, size, dtype=torch.bool)
    known[size // 4 : -size // 4, size // 4 : -size // 4] = False
    train_images = images_of(train)

    def inside(images: Tensor) -> str:
        return f"{(images - photos).square()[..., ~known].mean():.4f}"

    print("\n| centre quarter filled by | error within |")
    print("|---|---|")
    for mode in get_args(Mode):
        _, images = search(model, photos, Reconstruction(iterations=iterations, mode=mode), known)
        print(f"| reconstruction, {mode} | {inside(images.clamp(-1, 1))} |")
    print(f"| the mean training image | {inside(train_images.mean(0).expand_as(photos))} |")
    closest = train_images[nearest(photos, train_images, known)[1]]
    print(f"| the nearest training image by the known pixels | {inside(closest)} |")


if __name__ == "__main__":
    main()
