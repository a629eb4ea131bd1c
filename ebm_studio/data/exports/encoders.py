"""Exports: frames to a GIF, WebP, APNG or MP4, a sheet, a still, or a folder of PNGs, each with its recipe.

A file is encoded in memory first: its size is then known to the byte before anything is written,
and a cancelled export leaves nothing behind. To cancel, raise from `progress`.
"""

from __future__ import annotations

import io
import shutil
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from PIL import GifImagePlugin, Image
from PIL.PngImagePlugin import PngInfo

from ebm_studio.core.errors import DataError, SettingsError, StudioError
from ebm_studio.data.exports import mp4
from ebm_studio.data.exports.energy_strip import PAPER
from ebm_studio.data.exports.frames import (
    GIF_SECONDS,
    MAX_SIDE,
    Drawable,
    Look,
    Reel,
    Shot,
    film,
    for_gif,
    picked,
    ticks,
)
from ebm_studio.data.exports.gif_palette import Palette
from ebm_studio.data.exports.recipe import MARK, Recipe
from ebm_studio.data.exports.recipe_files import DESCRIPTION, MAX_TEXT, side_file
from ebm_studio.data.storage.atomic_write import check_place, write_whole

Kind = Literal["gif", "webp", "apng", "mp4", "png", "jpeg", "bmp", "tiff", "folder"]
Progress = Callable[[float], object]

KINDS: dict[str, Kind] = {
    ".gif": "gif",
    ".webp": "webp",
    ".apng": "apng",
    ".mp4": "mp4",
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".bmp": "bmp",
    ".tif": "tiff",
    ".tiff": "tiff",
    "": "folder",
}
MOVING = frozenset({"gif", "webp", "apng", "mp4"})
ROOM = {"jpeg": 60_000, "bmp": 0}
"""Bytes of a recipe that fit inside, where it is not `MAX_TEXT`."""
MAX_TURNS = 10_000


def kind_of(path: Path) -> Kind:
    """What a name's suffix asks for; no suffix means a folder of PNGs. Raises `DataError` for others."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise DataError(
            f"Cannot export to {path.name}: use a name that ends in {', '.join(filter(None, KINDS))}, or a name "
            "without an ending for a folder of PNGs."
        )
    if kind == "mp4" and not mp4.can_write():
        raise SettingsError(mp4.HELP)
    return kind


def export(
    frames: Sequence[Drawable],
    path: Path,
    look: Look,
    recipe: Recipe | None = None,
    progress: Progress = lambda _: None,
) -> int:
    """Write an export completely or not at all, in the format of the name's suffix; returns its size in bytes.

    A recipe that does not fit inside goes to a side file. `progress` gets the share done, 0 to 1.
    """
    kind = kind_of(path)
    text = recipe.to_json() if recipe else ""
    if kind == "folder":
        return _export_folder(Reel(frames, look), path, text, progress)
    content = _encoded(frames, kind, look, text, progress)
    write_whole(path, lambda file: file.write_bytes(content))
    if text and not _inside(text, kind):
        write_whole(side_file(path), lambda file: file.write_text(text))
    return len(content)


def check_target(path: Path) -> Kind:
    """What a name's suffix asks for, once it is certain that it can be written. Raises `StudioError`."""
    kind = kind_of(path)
    if kind == "folder":
        _check_new(path)
    check_place(path, folder=kind == "folder")
    return kind


def check_size(kind: Kind, look: Look, frame: Drawable, count: int) -> None:
    """Refuse before the work what `export` would refuse after it: this many frames of this size.

    Raises `SettingsError`.
    """
    _check_size(Reel([frame], replace(look, every=1)), len(picked(count, look.every)), kind)


def _check_size(reel: Reel, count: int, kind: Kind) -> None:
    if kind in MOVING and (count > 1 or kind != "webp"):
        turns = len(shots_of(count, reel.look, kind))
        if turns > MAX_TURNS:
            raise SettingsError(
                f"The film would have {turns:,} frames; the maximum is {MAX_TURNS:,}. Use fewer of them."
            )
    elif kind != "folder":
        width, height = _sheet_size(reel, count)
        if max(width, height) > MAX_SIDE:
            ways = "fewer images per row" if width > height else "more images per row"
            raise SettingsError(
                f"The sheet would be {width} × {height} pixels; the maximum is {MAX_SIDE} on a side. Lower the scale, "
                f"or use {ways} or fewer frames."
            )


def shots_of(count: int, look: Look, kind: Kind) -> list[Shot]:
    """The turns of so many frames in a film of this kind."""
    shots = film(count, look)
    return for_gif(shots) if kind == "gif" else shots


def left_out(count: int, look: Look, kind: Kind) -> str:
    """A sentence when a film of so many frames cannot show them all; else nothing."""
    frames = len(film(count, look))
    missing = frames - len(shots_of(count, look, kind)) if kind in MOVING else 0
    most = round(1 / GIF_SECONDS)
    return (
        f"A GIF shows at most {most} frames a second, so {missing} of {frames} frames are left out." if missing else ""
    )


def encode(
    frames: Sequence[Drawable],
    kind: Kind,
    look: Look,
    recipe: Recipe | None = None,
    progress: Progress = lambda _: None,
) -> bytes:
    """The bytes of an export. A still format shows all frames on one sheet, a moving one plays them."""
    return _encoded(frames, kind, look, recipe.to_json() if recipe else "", progress)


def _inside(text: str, kind: Kind) -> str:
    """What of a recipe's text goes inside a file of this kind: all or nothing."""
    return text if len(text) <= ROOM.get(kind, MAX_TEXT) else ""


def _encoded(frames: Sequence[Drawable], kind: Kind, look: Look, text: str, progress: Progress) -> bytes:
    reel, note = Reel(frames, look), _inside(text, kind)
    if kind not in MOVING or (len(reel) == 1 and kind == "webp"):
        content = _still(_sheet(reel, progress), kind, note)
    else:
        _check_size(reel, len(reel), kind)
        content = _MOVING[kind](reel, shots_of(len(reel), look, kind), note, progress)
    progress(1.0)
    return content


def _gif(reel: Reel, shots: list[Shot], note: str, progress: Progress) -> bytes:
    # Written by hand: Pillow would give each frame its own palette, drop frames that equal their
    # neighbours, and could neither tell its progress nor be cancelled.
    look, drawn = reel.look, reel.fixed_colours
    panels = [panel for frame in reel.frames for panel in frame.panels]
    shared = Palette(panels, look.dither, drawn) if look.palette == "shared" else None
    parts = [b"GIF89a", struct.pack("<HHBBB", *reel.size, 0xF7 if shared else 0x70, 0, 0)]
    if shared:
        parts.append(shared.colours.tobytes().ljust(3 * 256, b"\0"))
    if look.loop:
        parts.append(b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")
    if note:
        text = note.encode("ascii")
        blocks = (text[i : i + 255] for i in range(0, len(text), 255))
        parts += [b"!\xfe", *(bytes([len(block)]) + block for block in blocks), b"\0"]
    bodies: dict[int, bytes] = {}
    for done, (shot, milliseconds) in enumerate(zip(shots, ticks(shots, 10), strict=True)):
        if shot.index not in bodies:
            palette = shared or Palette(reel.frames[shot.index].panels, look.dither, drawn)
            image = palette.index(reel[shot.index])
            bodies[shot.index] = b"".join(GifImagePlugin.getdata(image, include_color_table=not shared))
        # Keep the picture until the next one covers it.
        parts += [b"!\xf9\x04\x04", struct.pack("<HBB", min(milliseconds // 10, 65535), 0, 0), bodies[shot.index]]
        progress(done / len(shots))
    return b"".join([*parts, b";"])


def _webp(reel: Reel, shots: list[Shot], note: str, progress: Progress) -> bytes:
    # Crisp pixels stay exact, and are the smaller for it; smoothed ones are worth no exactness.
    quality = {"quality": 90} if reel.look.smooth else {"lossless": True, "quality": 50}
    return _by_pillow("WEBP", reel, shots, progress, exif=_exif(note), method=3, **quality)


def _apng(reel: Reel, shots: list[Shot], note: str, progress: Progress) -> bytes:
    return _by_pillow("PNG", reel, shots, progress, pnginfo=_png_text(note))


def _mp4(reel: Reel, shots: list[Shot], note: str, progress: Progress) -> bytes:
    turns = ((reel[shot.index], milliseconds) for shot, milliseconds in zip(shots, ticks(shots, 1), strict=True))
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress(done / len(shots))

    return mp4.write_mp4(turns, reel.size, note, count)


_MOVING = {"gif": _gif, "webp": _webp, "apng": _apng, "mp4": _mp4}


def _by_pillow(format_: str, reel: Reel, shots: list[Shot], progress: Progress, **options: object) -> bytes:
    buffer = io.BytesIO()
    _Lazy(reel, shots, progress).save(
        buffer, format_, save_all=True, duration=ticks(shots, 1), loop=0 if reel.look.loop else 1, **options
    )
    return buffer.getvalue()


class _Lazy(Image.Image):
    """A film that Pillow can save without all its frames being in memory."""

    def __init__(self, reel: Reel, shots: list[Shot], progress: Progress) -> None:
        super().__init__()
        self._reel, self._shots, self._progress = reel, shots, progress
        self.n_frames = len(shots)
        self.seek(0)

    def seek(self, frame: int) -> None:
        if not 0 <= frame < self.n_frames:
            raise EOFError
        self._frame = frame
        self._progress(frame / self.n_frames)
        image = self._reel[self._shots[frame].index]
        self.im, self._mode, self._size = image.im, image.mode, image.size

    def tell(self) -> int:
        return self._frame


def _sheet(reel: Reel, progress: Progress) -> Image.Image:
    if len(reel) == 1:
        return reel[0]
    _check_size(reel, len(reel), "png")
    size = _sheet_size(reel, len(reel))
    columns = min(reel.look.columns, len(reel))
    width, height = reel.size
    sheet = Image.new("L", size, PAPER[0]) if reel.channels == 1 else Image.new("RGB", size, PAPER)
    for i in range(len(reel)):
        sheet.paste(reel[i], (i % columns * width, i // columns * height))
        progress(i / len(reel))
    return sheet


def _sheet_size(reel: Reel, count: int) -> tuple[int, int]:
    columns = min(reel.look.columns, count)
    return columns * reel.size[0], -(-count // columns) * reel.size[1]


def _still(image: Image.Image, kind: Kind, note: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "png":
        image.save(buffer, "PNG", pnginfo=_png_text(note))
    elif kind == "webp":
        image.save(buffer, "WEBP", lossless=True, exif=_exif(note))
    elif kind == "jpeg":
        image.save(buffer, "JPEG", quality=95, exif=_exif(note))
    elif kind == "tiff":
        image.save(buffer, "TIFF", exif=_exif(note))
    else:
        image.save(buffer, "BMP")
    return buffer.getvalue()


def _export_folder(reel: Reel, path: Path, text: str, progress: Progress) -> int:
    _check_new(path)
    note = _inside(text, "png")
    digits = len(str(len(reel) - 1))
    total = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as work:
            folder = Path(work) / path.name
            folder.mkdir()
            for i in range(len(reel)):
                # Each holds the recipe: any one of them brings the state back.
                content = _still(reel[i], "png", note)
                (folder / f"{i:0{digits}d}.png").write_bytes(content)
                total += len(content)
                progress((i + 1) / len(reel))
            if path.exists():
                path.rmdir()
            shutil.move(folder, path)
    except OSError as error:
        raise StudioError(f"Cannot write {path}: {error.strerror or error}.") from error
    return total


def _check_new(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudioError(f"{folder} already exists: choose a new folder.")


def _png_text(note: str) -> PngInfo:
    info = PngInfo()
    if note:
        info.add_text(MARK, note, zip=len(note) > 2000)
    return info


def _exif(note: str) -> bytes:
    if not note:
        return b""
    exif = Image.Exif()
    exif[DESCRIPTION] = note
    return exif.tobytes()
