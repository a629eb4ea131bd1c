"""What a reconstruction found, and how it is kept: pictures, latents and a report in a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ebm_studio.core.errors import DataError, DivergedError, StudioError
from ebm_studio.core.evaluation.similarity import psnr, ssim
from ebm_studio.core.sampling.inversion import Iterate
from ebm_studio.core.sampling.typicality import typicality
from ebm_studio.core.specs import ON_PATHS, Reconstruction, ShortRun
from ebm_studio.data.models.latent import SUFFIX, FromPhoto, Latent, save_latent
from ebm_studio.data.models.model import Model
from ebm_studio.data.models.result import Account, Result
from ebm_studio.data.pictures.pictures import grid, save_picture, to_pixels
from ebm_studio.data.storage.atomic_write import write_whole
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.plain_data import parse

SCALE = 2  # of the overview
REPORT = FileKind("report", 2**26, StudioError)


def results_of(
    model: Model,
    paths: Sequence[Path],
    photos: Tensor,
    found: Iterate,
    settings: Reconstruction,
    run: ShortRun,
    known: Tensor | None = None,
) -> list[Result | DivergedError]:
    """The best of a search for `photos` (N, C, H, W), measured; for a photo whose chains diverged, the error.

    `known` is as in `Model.reconstruct`.
    """
    latents: dict[int, Latent] = {}
    for i, (path, z, error) in enumerate(
        zip(paths, found.best_z.cpu().numpy(), found.best_error.tolist(), strict=True)
    ):
        with suppress(DataError):  # no latent has numbers that are not finite, or far too large
            origin = FromPhoto(path.name, settings.mode, error)
            latents[i] = Latent(z, origin, model.card.name, model.fingerprint, run)
    if not latents:
        return [ran_away(path) for path in paths]
    rows = list(latents)
    if known is not None:
        known = known.cpu().expand_as(photos)[rows]
    results = measured([paths[i] for i in rows], list(latents.values()), photos[rows], found.best_images[rows], known)
    of_row = dict(zip(rows, results, strict=True))
    return [of_row.get(i) or ran_away(path) for i, path in enumerate(paths)]


def on_path(
    model: Model, name: str, picture: Tensor, run: ShortRun, tell: Callable[[Iterate], None] = lambda found: None
) -> Result:
    """The latent that draws a picture (1, C, H, W), found for a stop of a path by the search of `ON_PATHS`. `name` is
    of the picture's file, or of what drew it; `tell` is called after each iteration. Raises `DivergedError`.
    """
    for found in model.reconstruct(picture, ON_PATHS, run=run):
        tell(found)
    [result] = results_of(model, [Path(name)], picture, found, ON_PATHS, run)
    if isinstance(result, DivergedError):
        raise result
    return result


def drawn_again(model: Model, latent: Latent) -> Tensor:
    """The picture (1, C, H, W) that a latent was made to draw, by its own short run."""
    *_, step = model.mixed([latent], None, latent.short_run)
    return step.images.clamp(-1, 1)


def ran_away(path: Path) -> DivergedError:
    """The error of a photo for which there is no usable latent."""
    return DivergedError(f"The chains of {path} diverged: use a smaller step size.")


def measured(
    paths: Sequence[Path], latents: Sequence[Latent], photos: Tensor, images: Tensor, known: Tensor | None = None
) -> list[Result]:
    """Latents that were found for `photos`, and the `images` M(z) that they make, both (N, C, H, W)."""
    photos, pictures = photos.cpu(), images.cpu().clamp(-1, 1)
    if known is not None:
        known = known.cpu().expand_as(photos)
        kept = known & ~known.flatten(1).all(1)[:, None, None, None]  # of a photo without a hole, all of M(z) is shown
        pictures = torch.where(kept, photos, pictures)
    z = torch.from_numpy(np.stack([latent.z for latent in latents]))
    rows = zip(
        paths,
        to_pixels(photos.numpy()),
        to_pixels(pictures.numpy()),
        latents,
        [latent.origin.error if isinstance(latent.origin, FromPhoto) else 0.0 for latent in latents],
        psnr(pictures, photos).tolist(),
        ssim(pictures, photos).tolist(),
        typicality(z, latents[0].short_run),
        strict=True,
    )
    return [Result(*row) for row in rows]


def save_results(folder: Path, results: Sequence[Result], account: Account) -> dict[str, Any]:
    """Write a NAME.png and NAME.safetensors for each photo, overview.png and report.json.

    A row of the overview is photo, z and reconstruction. An existing file is replaced only if a report in the folder
    names it as written by an earlier reconstruction, and it is not one of the photos. Otherwise it stays, and the new
    file gets a number: NAME-2.png. Returns the report: `mean_error`, `photos`, `overview`, the model and its short run,
    and the account. Raises `StudioError`.
    """
    names = _Names(folder, [result.path for result in results])
    report_file = folder / f"{names.take('report', '.json')}.json"
    overview = folder / f"{names.take('overview', '.png')}.png"
    rows = []
    for result in results:
        name = names.take(result.path.stem, ".png", SUFFIX)
        picture, latent = folder / f"{name}.png", folder / f"{name}{SUFFIX}"
        save_picture(grid(result.picture[None]), picture)
        save_latent(latent, result.latent)
        rows.append(
            {
                "path": str(result.path),
                "error": result.error,
                "psnr": round(result.psnr, 3),
                "ssim": round(result.ssim, 4),
                "picture": str(picture),
                "latent": str(latent),
                "typicality": asdict(result.typicality),
            }
        )
    strips = [[result.photo, to_pixels(result.latent.z), result.picture] for result in results]
    save_picture(grid(np.concatenate(strips), columns=3, scale=SCALE), overview)

    first = results[0].latent
    report = {
        "mean_error": sum(result.error for result in results) / len(results),
        "photos": rows,
        "overview": str(overview),
        "model": first.model,
        "short_run": first.short_run.to_dict(),
        **asdict(account),
    }
    text = json.dumps(report, indent=2)
    write_whole(report_file, lambda file: file.write_text(text, encoding="utf-8"))
    return report


class _Names:
    """Names for the files of a save, none of which is another's."""

    def __init__(self, folder: Path, photos: Sequence[Path]) -> None:
        self._folder = folder
        self._taken: set[str] = set()
        self._photos = {_identity(photo) for photo in photos} - {None}
        self._ours = _written_before(folder)

    def take(self, stem: str, *suffixes: str) -> str:
        """The stem, with a number where a file that it would name is another's."""
        name, number = stem, 2
        while not all(self._is_free(f"{name}{suffix}") for suffix in suffixes):
            name, number = f"{stem}-{number}", number + 1
        self._taken |= {f"{name}{suffix}".casefold() for suffix in suffixes}
        return name

    def _is_free(self, name: str) -> bool:
        file = self._folder / name
        is_ours = name in self._ours and _identity(file) not in self._photos
        return name.casefold() not in self._taken and (is_ours or not os.path.lexists(file))


def _identity(file: Path) -> tuple[int, int] | None:
    # Paths may differ and be the same file: by links, or where upper case and lower case are the same.
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _written_before(folder: Path) -> set[str]:
    """The names of the files in a folder that its reports of earlier reconstructions say they wrote."""
    names: set[str] = set()
    for file in folder.glob("report*.json"):
        try:
            report = parse(REPORT.read(file))
            written = [report["overview"], *(row[kind] for row in report["photos"] for kind in ("picture", "latent"))]
            names |= {file.name, *(Path(path).name for path in written)}
        except (StudioError, ValueError, KeyError, TypeError):
            continue  # a report of something else
    return names
