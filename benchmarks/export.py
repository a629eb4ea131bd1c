"""How fast, how small and how true exports are, against a plain Pillow save; and how smooth paths are.

    python -m benchmarks.export faces32 [--pictures DATA] [--pairs 8] [--only films|paths]

Films are made by the model: a chain of 64 at scale 2, and a path of 33 frames at scale 4. With
--pictures, also a film of 64 of them coming out of noise, for a model that is not there yet.
Times are the processor's, over all threads, so that a busy machine measures much the same.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from ebm_studio.core.specs import Interpolation, PathNoise, Spacing
from ebm_studio.data.exports.encoders import Kind, encode
from ebm_studio.data.exports.frames import Frame, Look, Reel
from ebm_studio.data.exports.recipe import ChainRecipe, PathRecipe, side_of
from ebm_studio.data.exports.recipe_sources import Seeds
from ebm_studio.data.exports.replay import make_frames
from ebm_studio.data.models.model import Model, load_model
from ebm_studio.data.pictures.datasets import open_images

ROUNDS = 3
EXACT = 100.0  # dB
ENOUGH = 5.0  # do not repeat what takes longer, in seconds


def plain(reel: Reel) -> bytes:
    """What a simple script would write, with Pillow's save_all."""
    first, *others = [reel[i] for i in range(len(reel))]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=50, loop=0)
    return buffer.getvalue()


def fidelity(content: bytes, reel: Reel) -> tuple[float, float, int]:
    """PSNR in dB, mean over all frames and of the last one, and the number of frames."""
    with Image.open(io.BytesIO(content)) as film:
        count, values = getattr(film, "n_frames", 1), []
        for i in range(min(count, len(reel))):
            film.seek(i)
            error = np.asarray(film.convert("RGB"), np.float64) - np.asarray(reel[i].convert("RGB"))
            values.append(10 * np.log10(255**2 / max(np.square(error).mean(), 1e-10)))
    return statistics.fmean(values), values[-1], count


def measure(name: str, make: Callable[[], bytes], reel: Reel) -> None:
    """Print one line: the processor time, least of up to three, the size, the PSNR."""
    times: list[float] = []
    while len(times) < ROUNDS and sum(times) < ENOUGH:
        began = time.process_time()
        content = make()
        times.append(time.process_time() - began)
    line = f"  {name:<22} {min(times) * 1000:8.0f} ms {len(content) / 1024:9.1f} kB"
    if not name.startswith("mp4"):
        mean, last, count = fidelity(content, reel)
        line += f"   {count} frames, "
        line += "exact" if mean > EXACT else f"PSNR {mean:.1f} dB, of the last frame {last:.1f} dB"
    print(line, flush=True)


def compare(title: str, frames: list[Frame], look: Look) -> None:
    """All formats of one film."""
    reel = Reel(frames, look)
    print(f"{title}: {len(frames)} frames of {reel.size[0]} x {reel.size[1]}")
    measure("gif, plain Pillow", lambda: plain(reel), reel)
    apart = Look.from_dict({**look.to_dict(), "palette": "own"})
    measure("gif, own palettes", lambda: encode(frames, "gif", apart), reel)
    for dither in ("none", "ordered", "diffusion"):
        own = Look.from_dict({**look.to_dict(), "dither": dither})
        measure(f"gif, dither {dither}", partial(encode, frames, "gif", own), reel)
    kinds: tuple[Kind, ...] = ("webp", "apng", "mp4")
    for kind in kinds:
        measure(kind, partial(encode, frames, kind, look), reel)


def out_of_noise(data: str, size: int, channels: int) -> list[Frame]:
    """64 pictures that emerge from noise in 51 frames."""
    faces = open_images(data, size, channels).images[-64:]
    noise = np.random.default_rng(0).uniform(0, 255, faces.shape)
    shares = np.linspace(0, 1, 51) ** 0.5
    return [Frame(np.rint(share * faces + (1 - share) * noise).astype(np.uint8)) for share in shares]


def smoothness_of(model: Model, pairs: int, frames: int) -> None:
    """The largest distance of neighbours over the mean: median and worst of several pairs of seeds."""
    print(f"Unevenness of paths of {frames} frames over {pairs} pairs of seeds (1 is even)")
    cases: list[tuple[Spacing, PathNoise]] = [
        ("rho", "own"),
        ("angle", "own"),
        ("image", "own"),
        ("angle", "first"),
        ("angle", "off"),
        ("image", "off"),
    ]
    for spacing, noise in cases:
        spec = Interpolation(spacing=spacing, noise=noise, frames=frames)
        found = [
            model.interpolate([model.latent(2 * i), model.latent(2 * i + 1)], spec).smoothness.unevenness
            for i in range(pairs)
        ]
        print(
            f"  {spacing:<6} noise {noise:<6} median {statistics.median(found):.2f}  worst {max(found):.2f}", flush=True
        )


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--pictures")
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--only", choices=["films", "paths"], help="of the files, or of the paths' smoothness")
    args = parser.parse_args()
    model = load_model(args.model)
    run = model.card.short_run
    grid, single = Look(scale=2), Look(scale=4)
    if args.only != "paths":
        if args.pictures:
            net = model.card.net
            compare("Pictures out of noise", out_of_noise(args.pictures, net.size, net.channels), grid)
        side = side_of(model, run)
        chains = ChainRecipe(side=side, seeds=Seeds(0, 0, 64), moving=True, look=grid)
        compare("Chain", make_frames(chains, [model]), grid)
        path = PathRecipe(side=side, sources=(Seeds(1), Seeds(2)), path=Interpolation(), look=single)
        compare("Path", make_frames(path, [model]), single)
    if args.only != "films":
        smoothness_of(model, args.pairs, args.frames)


if __name__ == "__main__":
    main()
