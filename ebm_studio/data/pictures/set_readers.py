"""Readers for the files of public data sets. They trust no size, unpack nothing to disk, and never unpickle."""

from __future__ import annotations

import gzip
import lzma
import math
import re
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures.decoding import MAX_FILE_BYTES
from ebm_studio.data.pictures.mat_file import read_mat
from ebm_studio.data.pictures.pictures import Pixels, fit, interleaved, open_picture
from ebm_studio.data.storage.progress import Progress

Reader = Callable[[Sequence[Path], int, int, Progress], Pixels]
"""From a set's files, a picture size and channels to uint8 (N, C, size, size)."""

MAX_ARRAY_BYTES = 2**30
TOLD_EVERY = 500  # pictures
READING = "reading pictures"


def read_idx(paths: Sequence[Path]) -> Pixels:
    """The grey pictures of an idx3 file, packed by gzip or xz, (N, 1, H, W) with a black margin to 32 x 32.

    Raises `DataError`, as all readers do.
    """
    with (lzma.open if paths[0].suffix == ".xz" else gzip.open)(paths[0]) as file:
        magic, *shape = struct.unpack(">4I", file.read(16).ljust(16, b"\0"))
        if magic != 0x803 or not 0 < math.prod(shape) <= MAX_ARRAY_BYTES:
            raise DataError("it is not an idx file of pictures")
        raw = file.read(math.prod(shape))
    if len(raw) < math.prod(shape):
        raise DataError("it is cut short")
    pixels = np.frombuffer(raw, np.uint8).reshape(shape[0], 1, *shape[1:])
    margin = (32 - pixels.shape[-1]) // 2  # a black margin to 32 x 32, rather than a blur
    return np.pad(pixels, ((0, 0), (0, 0), (margin, margin), (margin, margin)))


def read_cifar(batches: Sequence[str], paths: Sequence[Path]) -> Pixels:
    """The pictures of CIFAR's binary version (N, 3, 32, 32), without the pickle. Raises `DataError`."""
    record = 1 + 3 * 32 * 32  # the label comes first
    found = {name.rpartition("/")[2]: raw for name, raw in _members(paths[0])}
    if any(batch not in found or len(found[batch]) % record for batch in batches):
        raise DataError("a file of pictures is missing or cut short")
    rows = np.frombuffer(b"".join(found[batch] for batch in batches), np.uint8).reshape(-1, record)
    return rows[:, 1:].reshape(-1, 3, 32, 32)


def read_svhn(paths: Sequence[Path]) -> Pixels:
    """The cropped digits (N, 3, 32, 32) of a .mat file. Raises `DataError`."""
    pixels = read_mat(paths[0].read_bytes(), "X")
    if pixels.dtype != np.uint8 or pixels.shape[:3] != (32, 32, 3) or pixels.ndim != 4:
        raise DataError("its pictures are not 32 x 32 pixels")
    return np.ascontiguousarray(pixels.transpose(3, 2, 0, 1))


def arrays(read: Callable[[Sequence[Path]], Pixels]) -> Reader:
    """A set whose pictures are all of one size."""

    def sized(paths: Sequence[Path], size: int, channels: int, progress: Progress) -> Pixels:
        progress(READING, 0, 0)
        pixels = read(paths)
        if pixels.shape[1:] == (channels, size, size):
            return pixels
        images = []
        for done, picture in enumerate(pixels):
            if done % TOLD_EVERY == 0:
                progress(READING, done, len(pixels))
            images.append(fit(Image.fromarray(interleaved(picture)), size, channels))
        return np.stack(images)

    return sized


def read_celeba(numbers: range, paths: Sequence[Path], size: int, channels: int, progress: Progress) -> Pixels:
    """The aligned faces (N, C, H, W) of some numbers. The official split is by number."""
    with zipfile.ZipFile(paths[0]) as archive:
        members = sorted(
            (info.filename, info)
            for info in archive.infolist()
            if (number := _number(r"(\d+)\.jpg", info.filename)) is not None and number in numbers
        )
        encoded = ((name, _read_member(archive, info)) for name, info in members)
        found = dict(_fitted(encoded, len(members), size, channels, progress))
    return _stacked(list(found.values()))


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > MAX_FILE_BYTES:
        raise DataError(f"{info.filename} is too large")
    return archive.read(info)


def read_flowers(split: str, paths: Sequence[Path], size: int, channels: int, progress: Progress) -> Pixels:
    """The flowers (N, C, H, W) of an official split, in its order. Raises `DataError`."""
    pictures, splits = paths
    order = read_mat(splits.read_bytes(), split).astype(int).ravel().tolist()
    wanted = set(order)
    encoded = ((name, raw) for name, raw in _members(pictures) if _number(r"image_(\d+)\.jpg", name) in wanted)
    found = {
        _number(r"image_(\d+)\.jpg", name): picture
        for name, picture in _fitted(encoded, len(order), size, channels, progress)
    }
    if missing := wanted - set(found):
        raise DataError(f"{len(missing)} pictures are missing")
    return _stacked([found[number] for number in order])


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files in a packed tar, in its order. Nothing is unpacked to disk."""
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file is not None:
                if member.size > MAX_FILE_BYTES:
                    raise DataError(f"{member.name} is too large")
                yield member.name, file.read()


def _fitted(
    encoded: Iterable[tuple[str, bytes]], count: int, size: int, channels: int, progress: Progress
) -> Iterator[tuple[str, Pixels]]:
    for done, (name, raw) in enumerate(encoded):
        if done % TOLD_EVERY == 0:
            progress(READING, done, count)
        yield name, fit(open_picture(raw, name, enough=2 * size), size, channels)


def _stacked(pictures: list[Pixels]) -> Pixels:
    if not pictures:
        raise DataError("it contains no pictures")
    return np.stack(pictures)


def _number(pattern: str, name: str) -> int | None:
    match = re.fullmatch(pattern, name.rpartition("/")[2])
    return int(match[1]) if match else None
