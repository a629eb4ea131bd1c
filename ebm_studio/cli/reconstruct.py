"""`ebm-studio reconstruct`: photos reconstructed through the dynamics, without a window."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from ebm_studio.cli.options import (
    add_device,
    add_json,
    add_reading,
    add_short_run,
    reading,
    runs_bar,
    short_run,
    some_name,
    some_path,
)
from ebm_studio.cli.signals import stop_signals
from ebm_studio.core.errors import DivergedError

if TYPE_CHECKING:
    from torch import Tensor

    from ebm_studio.core.specs import NetSpec, Reconstruction, ShortRun
    from ebm_studio.data.models.model import Model
    from ebm_studio.data.models.result import Result
    from ebm_studio.data.pictures.pictures import Pixels

BATCH = 16  # photos searched together


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reconstruct",
        help="find the start noise of photos",
        description="Find for each PHOTO the start noise whose short run ends there. DIR gets a picture (.png) and a "
        "latent (.safetensors) for each, overview.png with rows of photo, latent and reconstruction, and report.json. "
        "Ctrl-C keeps the best so far. Existing files are only replaced if an earlier reconstruction wrote them.",
    )
    parser.add_argument("model", type=some_name, metavar="MODEL", help="a bundled model's name, or a model file")
    parser.add_argument("photos", metavar="PHOTO", nargs="+", type=some_path, help="a picture, or a folder of them")
    parser.add_argument("-o", "--output", required=True, type=some_path, metavar="DIR", help="where the results go")
    parser.add_argument(
        "--iterations", type=int, default=200, metavar="N", help="maximum number of short runs (default: 200)"
    )
    parser.add_argument("--mode", default="free", help="limit on the start noise: free (none), support or typical")
    parser.add_argument("--mask", type=some_path, help="a picture, white where the photo should be filled in")
    parser.add_argument(
        "--background",
        default="white",
        metavar="COLOUR",
        help="colour behind transparent parts of a photo: a name, or #rrggbb (default: white)",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="E",
        help="stop below this error; to denoise a photo, give its noise variance",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise that a search starts from (default: 0)")
    add_short_run(parser)
    add_reading(parser)
    add_device(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Reconstruct and write the folder."""
    import torch

    from ebm_studio.data.models.model import load_model
    from ebm_studio.data.models.reconstruction import save_results
    from ebm_studio.data.models.result import Account, Result
    from ebm_studio.data.pictures.pictures import to_images
    from ebm_studio.data.storage.atomic_write import check_place

    check_place(args.output, folder=True)
    settings = _settings(args)
    model = load_model(args.model, args.device, reading=reading(args))
    own = short_run(args, model.card.short_run.for_photos(masked=args.mask is not None))
    files, pixels, skipped = _read(args.photos, model.card.net, args.background)
    known = None if args.mask is None else _read_mask(args.mask, model.card.net.size)
    photos = torch.from_numpy(to_images(pixels))

    began = time.perf_counter()
    results: list[Result] = []
    lost: list[DivergedError] = []
    report: dict[str, Any] = {}
    with stop_signals() as stopped:
        try:
            with runs_bar(len(photos) * settings.iterations) as progress:
                for found in _search(model, files, photos, settings, known, own, args.seed, stopped, progress):
                    if isinstance(found, Result):
                        results.append(found)
                    else:
                        lost.append(found)
        finally:  # after a failure, keep what was found before it
            if results:
                account = Account(
                    settings=settings,
                    seed=args.seed,
                    device=str(model.device),
                    backend=model.backend,
                    backend_reason=model.backend_reason,
                    seconds=round(time.perf_counter() - began, 3),
                    skipped=(*skipped, *map(str, lost)),
                    stopped=stopped.is_set(),
                )
                report = save_results(args.output, results, account)
                if not args.json:
                    _tell(args.output, report)
    if not results:
        raise lost[0]
    _warn(map(str, lost))
    return report


def _settings(args: argparse.Namespace) -> Reconstruction:
    from ebm_studio.core.specs import Reconstruction

    tolerance = {} if args.tolerance is None else {"tolerance": args.tolerance}
    return Reconstruction(iterations=args.iterations, mode=args.mode, **tolerance)


def _search(
    model: Model,
    files: Sequence[Path],
    photos: Tensor,
    settings: Reconstruction,
    known: Tensor | None,
    own: ShortRun,
    seed: int,
    stopped: Event,
    progress: Callable[[int], object],
) -> Iterator[Result | DivergedError]:
    """The result for each photo, batch by batch; once `stopped` is set, the best so far of the current batch."""
    from ebm_studio.data.models.reconstruction import ran_away, results_of

    for first in range(0, len(photos), BATCH):
        part = slice(first, first + BATCH)
        try:
            for found in model.reconstruct(photos[part], settings, known, own, seed, first):
                progress(len(photos[part]) * (settings.iterations - found.iteration + 1 if found.done else 1))
                if stopped.is_set():
                    break
        except DivergedError:
            yield from map(ran_away, files[part])
        else:
            yield from results_of(model, files[part], photos[part], found, settings, own, known)
        if stopped.is_set():
            return


def _tell(folder: Path, report: dict[str, Any]) -> None:
    count, error, seconds = len(report["photos"]), report["mean_error"], report["seconds"]
    state = ", stopped: the best so far" if report["stopped"] else ""
    print(f"{folder}: {count} photos, mean error {error:.5f}, {seconds:.1f} s{state}")


def _warn(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"ebm-studio reconstruct: {line}", file=sys.stderr)


def _read(paths: Sequence[Path], net: NetSpec, paper: str) -> tuple[list[Path], Pixels, list[str]]:
    """The readable photos, as (N, C, H, W), and a line for each of the others; the line is printed too."""
    import numpy as np

    from ebm_studio.core.errors import DataError
    from ebm_studio.data.pictures.pictures import find_photos, fit, open_picture

    read, pixels = [], []
    files, skipped = find_photos(paths)
    for file in files:
        try:
            pixels.append(fit(open_picture(file, paper=paper, enough=2 * net.size), net.size, net.channels))
            read.append(file)
        except DataError as error:
            skipped.append(str(error))
    if not read:
        raise DataError(skipped[0])
    _warn(skipped)
    return read, np.stack(pixels), skipped


def _read_mask(file: Path, size: int) -> Tensor:
    """The known pixels, boolean (size, size): where the mask, cropped like a photo, is not white."""
    import torch

    from ebm_studio.data.pictures.pictures import fit, open_picture

    return torch.from_numpy(fit(open_picture(file), size, 1)[0] < 128)
