"""`python -m tests.data.models.sameness`: the pictures of a few small models, by each backend, in batches of any size.

For a process of its own: `ONEDNN_MAX_CPU_ISA` only counts when torch is loaded. Prints, as JSON, which claims were
looked at for each backend and number of threads, a hash of the pictures, and every claim that failed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator

import torch
from torch import Tensor

from ebm_studio.core.energy.backends import available
from ebm_studio.core.energy.crew import use_threads
from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.specs import Interpolation, NetSpec, Reconstruction, ShortRun
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.latent import FromPhoto, Latent
from ebm_studio.data.models.model import Model

COUNTS = (65, 33, 17, 16, 7, 5, 3, 2, 1)
FEW = (17, 16, 7, 5, 2, 1)  # of the widest net
THREADS = (1, 2, 3)
RUN = ShortRun(steps=2)
WIDE = 64
SPECS = (
    NetSpec(size=16, width=8, channels=1),
    NetSpec(width=16, activation="silu"),  # wide enough for Winograd's convolution
    NetSpec(width=WIDE),  # wide enough for the packed backend's matrix product
)


def drawn_model(spec: NetSpec, backend: str) -> Model:
    """A model with random weights."""
    net = make_net(spec, torch.Generator().manual_seed(3))
    for parameter in net.parameters():
        parameter.data *= 3
    return Model(net, Card(name="drawn", net=spec, short_run=RUN), "cpu", backend)


def claims(model: Model) -> Iterator[tuple[str, bool]]:
    """What has to be the same, and whether it is."""
    first, *counts = FEW if model.card.net.width == WIDE else COUNTS
    most = model.sample(first, seed=3)
    for count in counts:
        yield f"{count} samples are the first of {first}", torch.equal(model.sample(count, seed=3), most[:count])
    *_, end = model.chain(5, seed=3)
    yield "a chain ends at the samples", torch.equal(end.images.clamp(-1, 1), most[:5])
    yield from _claims_of_latents(model, most)


def _claims_of_latents(model: Model, samples: Tensor) -> Iterator[tuple[str, bool]]:
    ends = [model.latent(3, chain) for chain in (0, 4)]
    for count in (3, 7):
        path = model.interpolate(ends, Interpolation(frames=count)).images
        yield f"a path of {count} ends at the samples", torch.equal(path[[0, -1]], samples[[0, 4]])

    run, settings = ShortRun(steps=2, noise_scale=0), Reconstruction(iterations=2)
    photos = torch.rand(5, *model.card.net.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    *_, many = model.reconstruct(photos, settings, run=run)
    *_, alone = model.reconstruct(photos[2:3], settings, run=run, first=2)
    yield "a photo is found alike alone", torch.equal(alone.best_z[0], many.best_z[2])
    found = [Latent(z.numpy(), FromPhoto("photo"), "drawn", model.fingerprint, run) for z in many.best_z]
    *_, among = model.mixed(found, run=run)
    *_, single = model.mixed(found[2:3], run=run)
    yield "its latent replays among others", torch.equal(among.images[2], many.best_images[2])
    yield "its latent replays alone", torch.equal(single.images[0], many.best_images[2])


def main() -> None:
    """Look at every claim."""
    pictures: dict[str, set[str]] = {}
    failed, looked = [], 0
    for spec in SPECS:
        for backend in available(torch.device("cpu")):
            for threads in THREADS:
                use_threads(threads)
                model = drawn_model(spec, backend)
                for claim, holds in claims(model):
                    looked += 1
                    if not holds:
                        failed.append(f"{spec}, {backend}, {threads} threads: {claim}")
                pixels = model.sample(3, seed=3).numpy().tobytes()
                pictures.setdefault(f"{spec}, {backend}", set()).add(hashlib.sha256(pixels).hexdigest())
    failed += [f"{case}: the threads make a difference" for case, found in pictures.items() if len(found) > 1]
    json.dump({"looked": looked, "failed": failed}, sys.stdout)


if __name__ == "__main__":
    main()
