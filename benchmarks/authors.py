"""The authors' minimal recipe, as literally as their poster, tables and code can be read: what we compare with.

    python -m benchmarks.authors DATA -o DIR --time-limit 90m --held-out 1000

f = -E in float32, plain NCHW, through autograd: x <- x + df/dx + 0.01 u, K = 100 times from uniform
noise; m = 64, n_f = 64, sigma = 0.03, Adam at 1e-4 with betas (0.9, 0.999), no average of the weights,
no decay. DIR gets samples.png (seed 0, 64 chains), model.safetensors for `ebm-studio evaluate`, and
state.pt, from which the same command goes on when it was stopped. The time that counts is the processor's,
a thread, so that other work on the machine takes none of it away.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ebm_studio.cli.options import duration
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.models.card import Card, DataCard
from ebm_studio.data.models.model import Model, save_model
from ebm_studio.data.pictures.datasets import ImageSet, natural_channels, open_images
from ebm_studio.data.pictures.pictures import grid, save_picture, to_pixels
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.machine import machine

K = 100
BATCH = 64  # m
WIDTH = 64  # n_f
SIZE = 32
SIGMA = 0.03
RATE = 1e-4
BETAS = (0.9, 0.999)
NOISE = 0.01
SAVE_SECONDS = 300.0


def build(channels: int) -> nn.Sequential:
    """f: 3x3, three 4x4 of stride 2, 4x4 to one number, with LeakyReLU 0.2 between them."""
    n = WIDTH
    return nn.Sequential(
        nn.Conv2d(channels, n, 3, 1, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(n, 2 * n, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * n, 4 * n, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4 * n, 8 * n, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8 * n, 1, 4, 1, 0),
    )


def short_run(f: nn.Module, channels: int) -> Tensor:
    """The ends of m Langevin runs of K steps, (64, C, 32, 32)."""
    x = torch.rand(BATCH, channels, SIZE, SIZE) * 2 - 1
    for _ in range(K):
        x.requires_grad_(True)
        (slope,) = torch.autograd.grad(f(x).sum(), x)
        x = (x + slope + NOISE * torch.randn_like(x)).detach()
    return x


def update(f: nn.Module, adam: torch.optim.Optimizer, images: Tensor) -> float:
    """One step of Algorithm 1 on images (N, C, 32, 32) in [-1, 1]; returns d = E(data) - E(samples)."""
    data = images[torch.randint(len(images), (BATCH,))]
    data = data + SIGMA * torch.randn_like(data)
    samples = short_run(f, images.shape[1])
    d = f(samples).mean() - f(data).mean()
    adam.zero_grad()
    d.backward()
    adam.step()
    return float(d.detach())


def main() -> None:
    """Train until the time is up."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.authors", description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR")
    parser.add_argument("--time-limit", type=duration, default=duration("90m"), metavar="T")
    parser.add_argument("--held-out", type=int, default=0, metavar="N", help="do not train on the last N images")
    args = parser.parse_args()

    data = open_images(args.data, SIZE, natural_channels(args.data)).without_last(args.held_out)
    images = torch.from_numpy(data.images).float() / 127.5 - 1
    torch.manual_seed(0)
    f = build(images.shape[1])
    adam = torch.optim.Adam(f.parameters(), lr=RATE, betas=BETAS)
    updates, seconds = _resume(args.output / "state.pt", f, adam)

    last, saved = _processor_seconds(), time.monotonic()
    with tqdm(total=round(args.time_limit), initial=round(seconds), unit="s", disable=None) as bar:
        while seconds < args.time_limit:
            d = update(f, adam, images)
            now = _processor_seconds()
            updates, seconds, last = updates + 1, seconds + now - last, now
            bar.set_postfix_str(f"update {updates}, d {d:+.2f}", refresh=False)
            bar.update(round(seconds) - bar.n)
            if time.monotonic() - saved > SAVE_SECONDS:
                _save(args.output, f, adam, updates, seconds)
                saved = time.monotonic()
    _save(args.output, f, adam, updates, seconds)
    _publish(args.output, f, data, args.held_out, updates, seconds)
    print(f"{args.output / 'model.safetensors'}: {updates} updates in {seconds:.0f} s")


def _processor_seconds() -> float:
    return time.process_time() / torch.get_num_threads()


def _resume(path: Path, f: nn.Module, adam: torch.optim.Optimizer) -> tuple[int, float]:
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    f.load_state_dict(state["f"])
    adam.load_state_dict(state["adam"])
    torch.set_rng_state(state["random"])
    return state["updates"], state["seconds"]


def _save(folder: Path, f: nn.Module, adam: torch.optim.Optimizer, updates: int, seconds: float) -> None:
    state = {
        "f": f.state_dict(),
        "adam": adam.state_dict(),
        "random": torch.get_rng_state(),
        "updates": updates,
        "seconds": seconds,
    }
    write_whole(folder / "state.pt", lambda file: torch.save(state, file))


def _publish(folder: Path, f: nn.Sequential, data: ImageSet, held_out: int, updates: int, seconds: float) -> None:
    """A model file of ours, E = -f, with a card, and its grid."""
    channels = data.images.shape[1]
    spec = NetSpec(size=SIZE, channels=channels, width=WIDTH)
    net = ConvNet(spec)
    net.f.load_state_dict(f.state_dict())
    with torch.no_grad():
        for parameter in net.convolutions[-1].parameters():
            parameter.neg_()
    card = Card(
        name="authors",
        net=spec,
        short_run=ShortRun(steps=K, step_size=1.0, noise_scale=NOISE),
        data=DataCard(
            name=data.name,
            size=SIZE,
            channels=channels,
            count=len(data),
            held_out=held_out,
            held_out_rows=data.left_out,
            licence=data.licence,
        ),
        learning=Learning(
            updates=updates, chains=BATCH, images=BATCH, learning_rate=RATE, data_noise=SIGMA, ema=0, decay_share=0
        ),
        updates=updates,
        seconds=round(seconds, 1),
        command="python -m benchmarks.authors " + shlex.join(Path(word).name for word in sys.argv[1:]),
        machine=machine(torch.device("cpu"), "fp32"),
        note="The authors' minimal recipe, run as a baseline.",
    )
    save_model(folder / "model.safetensors", net, card)
    save_picture(grid(to_pixels(Model(net, card).sample(64, seed=0).numpy())), folder / "samples.png")


if __name__ == "__main__":
    main()
