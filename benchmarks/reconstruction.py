"""How well and how fast photos are reconstructed: all numbers in docs/reconstruction.md.

    python -m benchmarks.reconstruction faces32=FACES.zip fashion32=fashion-mnist --json reconstruction.json

Each MODEL=DATA names a model and its training set. The images that the model's card says were held out
(or, for Fashion-MNIST, those of its test set) are reconstructed; the others are what realism and inpainting are
measured against. Prints Markdown tables; --json writes the same figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from ebm_studio.core.energy.backends import make_gradient
from ebm_studio.core.energy.crew import threads
from ebm_studio.core.evaluation.fidelity import kid, nearest
from ebm_studio.core.sampling.inversion import Iterate
from ebm_studio.core.sampling.langevin import Gradient, sample
from ebm_studio.core.sampling.typicality import typicality
from ebm_studio.core.specs import Mode, Reconstruction, ShortRun
from ebm_studio.data.models.features import Extractor, open_extractor
from ebm_studio.data.models.model import Model, load_model
from ebm_studio.data.pictures.datasets import open_split
from ebm_studio.data.pictures.pictures import to_images, to_pixels

BATCH = 16
NEIGHBOURS = 4
"""Each latent is mixed with this many others, so there are this many midpoints for each photo."""
REFERENCE = 936
"""The most real images to compare with by KID; the reconstructed photos are not among them."""
HALF = 0.5**0.5
MODES: tuple[Mode, ...] = get_args(Mode)

Rows = list[dict[str, Any]]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(description="Measure reconstruction on held-out images.")
    parser.add_argument("pairs", metavar="MODEL=DATA", nargs="+", type=_pair)
    parser.add_argument("--held-out", type=int, help="the last N of DATA, where a card does not say")
    parser.add_argument("--count", type=int, default=64, help="images to reconstruct (default: 64)")
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args(argv)

    report = []
    for name, source in args.pairs:
        model = load_model(name, backend=args.backend)
        held_out = model.card.data.held_out if args.held_out is None else args.held_out
        report.append(measure(model, source, held_out, args.count, args.iterations))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2), encoding="utf-8")


def _pair(text: str) -> tuple[str, str]:
    model, equals, data = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected MODEL=DATA, not {text}")
    return model, data


def measure(model: Model, source: str, held_out: int, count: int, iterations: int) -> dict[str, Any]:
    """All tables of a model."""
    training, unseen = open_split(source, model.card.net.size, model.card.net.channels, held_out)
    facts = {
        "model": model.card.name,
        "updates": model.card.updates,
        "backend": model.backend,
        "threads": threads(),
        "photos": min(count, len(unseen)),
        "iterations": iterations,
    }
    print("\n## " + ", ".join(f"{name} {value}" for name, value in facts.items()))
    photos = torch.from_numpy(to_images(unseen.images[:count]))
    train = torch.from_numpy(to_images(training.images))
    extractor = open_extractor("lite0", model.device)
    reference = extractor.cached(unseen.images[count:][:REFERENCE])
    found = {mode: Found(model, photos, mode, iterations) for mode in MODES}
    seeds = next(model.chain(len(photos), seed=1)).images
    latents: dict[str, Tensor] = {"seeds": seeds} | {str(mode): each.z for mode, each in found.items()}
    own = model.card.short_run
    runs = {name: own if name == "seeds" else own.for_photos() for name in latents}
    realisms = [realism(model, name, runs[name], z, train, extractor, reference) for name, z in latents.items()]
    return facts | {
        "errors": shown("Reconstruction", [each.row() for each in found.values()]),
        "midpoints": shown("Realism of midpoints", realisms),
        "inpainting": shown("Centre quarter removed", inpainting(model, train, photos, iterations)),
    }


def shown(title: str, rows: Rows) -> Rows:
    """The rows, printed as a Markdown table."""
    print(f"\n### {title}\n\n| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}")
    for row in rows:
        print(f"| {' | '.join(f'{cell:.4g}' if isinstance(cell, float) else str(cell) for cell in row.values())} |")
    return rows


class Found:
    """The photos reconstructed in a mode, with the time it took."""

    def __init__(self, model: Model, photos: Tensor, mode: Mode, iterations: int) -> None:
        self.model, self.photos = model, photos
        self.settings = Reconstruction(iterations=iterations, mode=mode, tolerance=0)
        began = time.perf_counter()
        search(model, photos[:1], self.settings)
        self.one = time.perf_counter() - began
        began = time.perf_counter()
        self.z, self.images = search(model, photos, self.settings)
        self.each = (time.perf_counter() - began) / len(photos)

    def row(self) -> dict[str, Any]:
        """Errors, typicality and times."""
        error = mean_squares(self.images - self.photos)
        run = self.model.card.short_run.for_photos()
        other = run_of(make_gradient(self.model.net, "fp32"), self.model, run, self.z)
        typical = typicality(self.z, self.model.card.short_run)
        return {
            "mode": self.settings.mode,
            "error": error.mean().item(),
            "median": error.median().item(),
            "worst": error.max().item(),
            "replayed in fp32": mean_squares(other - self.photos).mean().item(),
            **{
                name: sum(getattr(each, name) for each in typical) / len(typical)
                for name in ("range", "variance", "correlation", "flatness")
            },
            f"s a photo, {BATCH} together": self.each,
            "s, one alone": self.one,
        }


def search(
    model: Model, photos: Tensor, settings: Reconstruction, known: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The best z and M(z) of photos, 16 at a time."""
    ends: list[Iterate] = []
    for first in range(0, len(photos), BATCH):
        *_, end = model.reconstruct(photos[first : first + BATCH], settings, known, first=first)
        ends.append(end)
    return torch.cat([end.best_z for end in ends]).cpu(), torch.cat([end.best_images for end in ends]).cpu()


def realism(
    model: Model, name: str, run: ShortRun, z: Tensor, train: Tensor, extractor: Extractor, reference: Tensor
) -> dict[str, Any]:
    """How far M(z) of latents, and of midpoints of their pairs, is from real images. All chains are noise-free."""
    middle = torch.cat([HALF * z + HALF * z.roll(shift, 0) for shift in range(1, NEIGHBOURS + 1)])
    row: dict[str, Any] = {"latents": name}
    for what, start in (("ends", z), ("midpoints", middle)):
        images = run_of(model.gradient, model, run, start).clamp(-1, 1)
        distance = kid(extractor(to_pixels(images.numpy())), reference)
        row |= {
            f"{what}: KID-lite0": distance.mean,
            f"{what}: sd": distance.sd,
            f"{what}: rms to the nearest training image": nearest(images.flatten(1), train.flatten(1))[0].mean().item(),
        }
    return row


def run_of(gradient: Gradient, model: Model, run: ShortRun, z: Tensor) -> Tensor:
    """M(z), not clamped."""
    parts = torch.split(z.to(model.device), BATCH)
    return torch.cat([sample(gradient, part, run)[0] for part in parts]).cpu()


def inpainting(model: Model, train: Tensor, photos: Tensor, iterations: int) -> Rows:
    """The error in the hole, compared with two methods without a model."""
    size = photos.shape[-1]
    known = torch.ones(size, size, dtype=torch.bool)
    known[size // 4 : -size // 4, size // 4 : -size // 4] = False
    closest = train[nearest(photos[..., known].flatten(1), train[..., known].flatten(1))[1]]
    filled = {
        "the mean training image": train.mean(0).expand_as(photos),
        "the training image nearest in the known pixels": closest,
    }
    for mode in MODES:
        images = search(model, photos, Reconstruction(iterations=iterations, mode=mode, tolerance=0), known)[1]
        filled[f"reconstruction, {mode}"] = images.clamp(-1, 1)
    return [
        {
            "filled by": name,
            "error within the hole": mean_squares((images - photos)[..., ~known]).mean().item(),
            "error outside": mean_squares((images - photos)[..., known]).mean().item(),
        }
        for name, images in filled.items()
    ]


def mean_squares(difference: Tensor) -> Tensor:
    """The mean square, (N,), over each picture (N, ...)."""
    return difference.square().flatten(1).mean(1)


if __name__ == "__main__":
    main()
