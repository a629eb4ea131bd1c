"""Data in the plane from anywhere: a name, a text, a file of points, a picture, points drawn by hand. Free of torch.

Whatever it is, it can be made again from the plain data that it keeps as its `origin`.
"""

from __future__ import annotations

import base64
import warnings
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ebm_studio.core.errors import DataError
from ebm_studio.core.evaluation.plane import Points
from ebm_studio.data.pictures.pictures import open_picture
from ebm_studio.data.points.shapes import SHAPES, FromPicture, FromPoints, FromShape, Origin, PointData, Unit
from ebm_studio.data.storage.outside import FileKind, kind_of_place, path_of
from ebm_studio.data.storage.plain_data import build_one, check

TEXT = "text:"
POINT_FILES = (".csv", ".tsv", ".npy")
LEAST, MOST = 2, 1_000_000
POINT_FILE = FileKind("file of points", 128 * 2**20, DataError)
SPREAD = 0.03  # standard deviation of the small Gaussian around each given point
SIDE = 96  # largest side of a picture's darkness, in pixels
FAINT = 1e-3  # the least share of the possible darkness: a picture with less is blank
MAX_LETTERS = 24
MAX_NAME = 100
ROOM = 0.9  # half the side of the square into which points and pictures are scaled

Darkness = npt.NDArray[np.uint8]
"""(SIDE, SIDE) or less, 255 where data are densest; the first row is the top."""


def open_points(source: str) -> PointData:
    """The data for a name, `text:` and some letters, or the path of a file.

    Raises `DataError` with one sentence when there is no such thing, or it cannot be used.
    """
    if source in SHAPES:
        return SHAPES[source]
    if source.startswith(TEXT):
        return of_text(source.removeprefix(TEXT))
    path = path_of(source, DataError)
    if kind_of_place(path) != "file":
        raise DataError(
            f"There is no data {source}: use {', '.join(SHAPES)}, text:HELLO, "
            "a .csv or .npy file of points, or a picture."
        )
    if path.suffix.lower() in POINT_FILES:
        return of_points(_read_points(path), path.stem)
    return of_picture(open_picture(path), path.stem)


def of_points(points: Points, name: str = "points") -> PointData:
    """Given points (N, 2), each a small Gaussian. They are moved and scaled when they do not lie in [-1, 1].

    Raises `DataError` for what are no points, too few or too many.
    """
    if points.ndim != 2 or points.shape[1] != 2:
        raise DataError(f"{name} has {_columns(points)}: points in the plane have two, x and y.")
    if len(points) < LEAST:
        raise DataError(f"{name} has {len(points)} point{'s' * (len(points) != 1)}: give at least {LEAST}.")
    if len(points) > MOST:
        raise DataError(f"{name} has {len(points):,} points: give at most {MOST:,}.")
    points = np.ascontiguousarray(points, np.float32)
    if not np.isfinite(points).all():
        raise DataError(f"{name} has values that are not finite numbers: remove them.")
    points = _fitted(points)
    kept = FromPoints(name, base64.b64encode(points.tobytes()).decode("ascii"))
    return PointData(
        name, lambda u: points[(u[:, 0] * len(points)).astype(int)].astype(np.float64), SPREAD, kept, points
    )


def of_picture(picture: Image.Image, name: str = "picture") -> PointData:
    """A picture's darkness as a density."""
    grey = picture.convert("L")
    grey.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return of_darkness(255 - np.asarray(grey), name)


def of_text(text: str) -> PointData:
    """A line of letters as a density. Raises `DataError`."""
    if not text.strip() or len(text) > MAX_LETTERS or not text.isprintable():
        raise DataError(f"A text must have 1 to {MAX_LETTERS} letters, as in text:HELLO.")
    font = ImageFont.load_default(64)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    picture = Image.new("L", (max(right - left, 1) + 8, max(bottom - top, 1) + 8), "white")
    ImageDraw.Draw(picture).text((4 - left, 4 - top), text, fill="black", font=font)
    return of_picture(picture, text)


def of_darkness(darkness: Darkness, name: str) -> PointData:
    """A density from the darkness of pixels (H, W), in the middle of [-1, 1] squared.

    Raises `DataError` for a blank picture: all white, or black all over, which has no shape either.
    """
    weights = darkness.astype(np.float64)
    if weights.sum() < FAINT * 255 * weights.size:
        raise DataError(f"{name} is completely white: dark parts are where the data is dense.")
    if weights.min() >= 0.9 * weights.max():
        raise DataError(f"{name} is equally dark everywhere: it has no shape to train on. White means no data.")
    height, width = weights.shape
    pixel = 2 * ROOM / max(height, width)
    shares = np.cumsum(weights.ravel()) / weights.sum()

    def rule(u: Unit) -> Unit:
        row, column = np.divmod(np.searchsorted(shares, u[:, 0], side="right").clip(max=weights.size - 1), width)
        at: Unit = np.stack([column + u[:, 1] - width / 2, height / 2 - row - u[:, 2]], axis=1) * pixel
        return at

    kept = base64.b64encode(darkness.tobytes()).decode("ascii")
    return PointData(name, rule, 0.0, FromPicture(name, width, kept))


def from_origin(data: object) -> PointData:
    """The data that has this `origin`, as plain data. Raises `DataError` for anything else."""
    try:
        match build_one(get_args(Origin), data, "the data"):
            case FromShape(name):
                return SHAPES[name]
            case FromPoints(name, points):
                content = base64.b64decode(points, validate=True)
                return of_points(np.frombuffer(content, np.float32).reshape(-1, 2), name[:MAX_NAME])
            case FromPicture(name, width, darkness):
                content = base64.b64decode(darkness, validate=True)
                check(0 < width <= SIDE and 0 < len(content) <= width * SIDE, "its data is damaged")
                return of_darkness(np.frombuffer(content, np.uint8).reshape(-1, width), name[:MAX_NAME])
    except (KeyError, ValueError):
        pass
    raise DataError("its data is damaged")


def _read_points(path: Path) -> Points:
    return _read_npy(path) if path.suffix.lower() == ".npy" else _read_table(path)


def _read_npy(path: Path) -> Points:
    POINT_FILE.check(path)
    try:
        # Mapped, not read: so the size that the header claims is checked against the file first.
        points = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # numpy parses the header as Python, which may raise anything
        raise DataError(f"{path.name} is not an array that NumPy saved.") from None
    if not isinstance(points, np.ndarray) or points.dtype.kind not in "fiu":
        raise DataError(f"{path.name} does not contain plain numbers.")
    return points


def _read_table(path: Path) -> Points:
    """Two columns of numbers, by commas, semicolons, tabs or blanks; a first line of names is skipped."""
    try:
        lines = POINT_FILE.read(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not text: give two columns of numbers.") from None
    rows = [line.replace(",", " ").replace(";", " ").split() for line in lines if line.strip()]
    if rows and not any(map(_is_number, rows[0])):
        rows = rows[1:]
    if not rows:
        raise DataError(f"{path.name} contains no points.")
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise DataError(f"{path.name} has {_columns(row)} in row {number}: points in the plane have two, x and y.")
        if not all(map(_is_number, row)):
            raise DataError(f"{path.name} has text in row {number}: give two columns of numbers.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers beyond float32 become infinite, and are refused
        return np.array(rows, np.float64).astype(np.float32)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(found: Points | list[str]) -> str:
    if isinstance(found, list):
        return f"{len(found)} column{'s' * (len(found) != 1)}"
    if found.ndim < 2:
        return "1 column"
    return f"{found.shape[-1]} columns" if found.ndim == 2 else f"{found.ndim} dimensions"


def _fitted(points: Points) -> Points:
    if np.abs(points).max() <= 1:
        return points
    low, high = points.min(0).astype(np.float64), points.max(0).astype(np.float64)
    scale = 2 * ROOM / (high - low).max()
    return np.asarray((points - (low + high) / 2) * scale, np.float32)
