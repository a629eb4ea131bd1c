"""Pictures, and folders and zips of them."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ebm_studio.data.pictures.datasets import open_images
from ebm_studio.data.pictures.decoding import READS_AVIF
from ebm_studio.data.pictures.pictures import fit, open_picture
from ebm_studio.data.pictures.preview import preview
from tests.fuzz.mutations import spoilt
from tests.making import encoded, make_picture, make_zip


def pictures() -> dict[str, bytes]:
    image = make_picture((64, 48))
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64)
    more = [make_picture((64, 48), seed) for seed in (1, 2)]
    found = {
        "a.png": encoded(image), "b.jpg": encoded(image, "JPEG"), "c.webp": encoded(image, "WEBP"),
        "d.gif": encoded(image, "GIF", save_all=True, append_images=more), "e.bmp": encoded(image, "BMP"),
        "f.tif": encoded(image, "TIFF", compression="tiff_lzw"), "g.png": encoded(image.convert("P")),
        "h.png": encoded(Image.fromarray(ramp.astype(np.uint16))), "k.jpe": encoded(image, "JPEG", progressive=True),
        "i.tif": encoded(Image.fromarray((ramp / 65535).astype(np.float32)), "TIFF"),
        "j.png": encoded(image, "PNG", save_all=True, append_images=more),
        "l.jpg": encoded(image.convert("CMYK"), "JPEG"),
        "m.webp": encoded(image, "WEBP", save_all=True, append_images=more),
    }  # fmt: skip
    return found | ({"n.avif": encoded(image, "AVIF")} if READS_AVIF else {})


@pytest.mark.parametrize("name", list(pictures()))
def test_pictures(tmp_path, outcome, many, name):
    path = tmp_path / name
    for number, content in enumerate(spoilt([pictures()[name]], 11, many // 6)):
        path.write_bytes(content)
        outcome.of(lambda: fit(open_picture(path, enough=32), 16, 3), f"{name} {number}", name)


@pytest.mark.parametrize(("kind", "bits", "each"), [(6, 8, 4), (0, 16, 2)], ids=["transparent", "deep grey"])
def test_a_png_as_large_as_a_phones_photo(tmp_path, outcome, kind, bits, each):
    row = np.linspace(0, 255, 12_000 * each).astype(np.uint8).tobytes()
    write_png(tmp_path / "a.png", (12_000, 9_000), row, kind, bits)
    shown = []
    outcome.of(lambda: shown.append(open_picture(tmp_path / "a.png", enough=1024)), "a large PNG", "a.png")
    assert shown[0].size == (1500, 1125)


def write_png(path, size, row, kind, bits):
    """A PNG with identical rows, written without ever holding all of it in memory."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packer, (width, height) = zlib.compressobj(1), size
    body = b"".join(packer.compress(b"\0" + row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def test_zips(tmp_path, outcome, many):
    content = dict(list(pictures().items())[:3])
    files = {f"{folder}{name}": picture for folder in ("", "a/", "b\\") for name, picture in content.items()}
    whole = make_zip(tmp_path / "whole.zip", files | {"notes.txt": b"hello", ".hidden.png": b"x"}).read_bytes()
    path = tmp_path / "x.zip"
    for number, spoilt_zip in enumerate(spoilt([whole], 12, many)):
        path.write_bytes(spoilt_zip)
        outcome.of(lambda: open_images(str(path), 16).passed_over.encode(), f"zip {number}", "x.zip")


def test_directories_of_zips(tmp_path, outcome, many):
    # The end of the file, where the names, sizes and flags are.
    whole = make_zip(tmp_path / "whole.zip", {f"é{i}.png": encoded(make_picture((8, 8), i)) for i in range(6)})
    content = whole.read_bytes()
    start = content.index(b"PK\x01\x02")
    path = tmp_path / "x.zip"
    for number, end in enumerate(spoilt([content[start:]], 13, many)):
        path.write_bytes(content[:start] + end)
        outcome.of(lambda: open_images(str(path), 16), f"directory {number}", "x.zip")


def test_folders(tmp_path, outcome, many):
    names = list(pictures())
    odd = ["a\nb.png", "<b>x&.png", "~nosuchuser.png", "-o.png", " .png", "x" * 200 + ".png"]
    if os.name == "posix":
        odd.append(os.fsdecode(b"caf\xe9.png"))
    for number, content in enumerate(spoilt(list(pictures().values()), 14, many // 10)):
        folder = tmp_path / f"set{number}"
        folder.mkdir()
        for place, name in enumerate([*odd, names[number % len(names)]]):
            (folder / name).write_bytes(content if place % 2 else encoded(make_picture((8, 8))))
        if os.name == "posix":
            os.mkfifo(folder / "pipe.png")
            (folder / "round").symlink_to(folder)
            (folder / "gone.png").symlink_to(folder / "none")
        (folder / "dir.png").mkdir()
        outcome.of(lambda folder=folder: open_images(str(folder), 16).passed_over.encode(), f"folder {number}")
        outcome.of(lambda folder=folder: preview(str(folder), 16), f"folder {number}")
