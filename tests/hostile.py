"""Makes a folder of files that people and programs leave behind. None of them may harm the window."""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save

from tests.making import TINY, encoded, make_data, make_model, make_picture


class Evil:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def make_hostile(folder: Path) -> Path:
    """Fill a folder; nothing in it takes much space. A folder named `ran` appears if a pickle is run."""
    folder.mkdir(parents=True, exist_ok=True)
    good = encoded(make_picture((40, 30)))
    model = make_model(folder / "good.safetensors", TINY).read_bytes()
    files = {
        **{f"empty.{suffix}": b"" for suffix in ("png", "jpg", "gif", "webp", "zip", "safetensors", "pt", "txt")},
        **{f"noise.{suffix}": bytes(range(256)) * 8 for suffix in ("png", "jpg", "tif", "heic", "pt", "safetensors")},
        "good.png": good,
        "cut.png": good[: len(good) // 2],
        "cut.safetensors": model[: len(model) // 2],
        "turned.safetensors": model[:200] + bytes(255 - byte for byte in model[200:]),
        "header.safetensors": struct.pack("<Q", 2**62) + b"{}",
        "deep.safetensors": _with_header(b"[" * 50_000),
        "huge.safetensors": _with_header(json.dumps({"a": _tensor([2**40, 2**20])}).encode()),
        "words.safetensors": save({"a": np.zeros(3, np.float32)}, {"ebm_studio": "{" * 5000}),
        "pickle.pt": pickle.dumps(Evil(folder / "ran")),
        "text.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "bomb.png": tall_png(60_000, 60_000),
        "one-pixel.png": encoded(make_picture((1, 1))),
        "line.png": encoded(make_picture((5000, 1))),
        "M&M %s {0}.png": good,
        ".hidden.png": good,
        "n" * 200 + ".png": good,
        "no-suffix": good,
        "page.html": b"<html>",
        "run.json": b'{"net": 1e999}',
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    _make_films(folder)
    _make_archives(folder)
    if sys.platform == "linux":
        _make_places(folder, good)
    return folder


def _make_films(folder: Path) -> None:
    frames = [Image.fromarray(np.full((8, 8), value, np.uint8)) for value in range(3)]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:], duration=0)
    frames[0].save(folder / "recipe.gif", save_all=True, append_images=frames[1:], comment=b'{"format": "ebm-studio"')
    frames[0].convert("P").save(folder / "palette.png", transparency=0)
    frames[0].convert("I;16").save(folder / "deep.png")


def _make_archives(folder: Path) -> None:
    make_data(folder / "data.zip")
    with zipfile.ZipFile(folder / "odd.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../up.png", b"x")
        archive.writestr("/root.png", b"x")
        archive.writestr("zeros.png", bytes(10**7))
        archive.writestr("a/" * 200 + "deep.png", b"x")
    (folder / "cut.zip").write_bytes((folder / "data.zip").read_bytes()[:-40])


def _make_places(folder: Path, good: bytes) -> None:
    """Links, pipes, devices, and names that are not text."""
    (folder / "pictures.png").mkdir()
    (folder / "album").mkdir()
    (folder / "<b>M<img src=x> \n.png").write_bytes(good)
    Path(os.fsdecode(os.fsencode(folder / "album") + b"/caf\xe9.png")).write_bytes(good)
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "album" / "pipe.png")
    for name, target in (("zero.png", "/dev/zero"), ("gone.png", "nowhere"), ("loop.png", "loop.png"), ("up", "..")):
        (folder / name).symlink_to(target)
    for name in ("sparse.png", "sparse.pt", "sparse.zip"):
        with (folder / name).open("wb") as file:
            file.truncate(3 * 2**30)
    secret = folder / "secret.png"
    secret.write_bytes(good)
    secret.chmod(0)


def tall_png(width: int, height: int) -> bytes:
    """A PNG that claims a size but contains no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def _tensor(shape: list[int]) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}


def _with_header(header: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header
