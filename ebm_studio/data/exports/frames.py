"""What an export shows: grids of pictures with captions, at a size, in an order, for a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ebm_studio.core.checks import is_number, is_whole, require
from ebm_studio.core.specs import MAX_STEPS, Spec
from ebm_studio.data.exports.energy_strip import PAPER, EnergyStrip
from ebm_studio.data.pictures.pictures import Pixels, grid
from ebm_studio.data.storage.plain_data import is_text

Floats = npt.NDArray[np.floating]
Dither = Literal["none", "ordered", "diffusion"]
Colours = Literal["shared", "own"]

MAX_SCALE = 32
MAX_SIDE = 8192
MAX_HOLD = 60.0
MAX_LETTERS, MAX_GAP = 120, 16
SMALLEST_TYPE = 11  # pixels; smaller captions cannot be read
TYPE_SHARE = 20  # a caption's height is this part of the picture's
GIF_SECONDS = 0.02
"""No frame of a GIF is shorter: browsers show one of 0.01 s for 0.1 s."""
GAP = 2  # pixels of the model between panels
INK = (235, 235, 235)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look(Spec):
    """How frames are drawn and played."""

    called: ClassVar[str] = "look"
    scale: int = 1
    """Each pixel of the model is shown as scale x scale."""
    smooth: bool = False
    """Enlarge by Lanczos, instead of keeping pixels crisp."""
    columns: int = 8
    """Images per row."""
    every: int = 1
    """Show every n-th frame, and the last."""
    captions: bool = False
    """Write each frame's caption under it."""
    fps: float = 20.0
    """Frames per second."""
    loop: bool = True
    """Loop instead of playing once."""
    ping_pong: bool = False
    """Play forward and back."""
    hold_first: float = 0.0
    """Seconds that the first frame stays."""
    hold_last: float = 0.0
    """Seconds that the last frame stays."""
    palette: Colours = "shared"
    """One palette of 256 colours for all frames of a GIF, which avoids flicker and keeps the file small; or one for
    each frame, which is more accurate if a frame is a single picture.
    """
    dither: Dither = "none"
    """How a GIF makes up for its 256 colours: not, by a fixed pattern, or by diffusing the error."""
    text: str = ""
    """A caption of one's own, under every frame."""
    gap: int = 0
    """Pixels of the model between the pictures of a grid."""
    curve: bool = False
    """Draw the energy over the frames under them, with a mark at the one that is shown."""

    def __post_init__(self) -> None:
        require(is_whole(self.scale, 1, MAX_SCALE), f"The scale must be from 1 to {MAX_SCALE}, not {self.scale}.")
        require(is_whole(self.columns, 1, 256), f"A row must have 1 to 256 pictures, not {self.columns}.")
        require(
            is_whole(self.every, 1, MAX_STEPS),
            f"To show every n-th frame, n must be from 1 to {MAX_STEPS}, not {self.every}.",
        )
        require(is_number(self.fps, 0.1, 100), f"Frames per second must be from 0.1 to 100, not {self.fps}.")
        for name in ("smooth", "captions", "loop", "ping_pong", "curve"):
            require(isinstance(getattr(self, name), bool), f"{name} must be true or false, not {getattr(self, name)}.")
        for name in ("hold_first", "hold_last"):
            value = getattr(self, name)
            require(is_number(value, 0, MAX_HOLD), f"A frame can be held for 0 to {MAX_HOLD:g} s, not {value}.")
        require(is_text(self.text, MAX_LETTERS), f"A caption must be text of at most {MAX_LETTERS} letters.")
        require(is_whole(self.gap, 0, MAX_GAP), f"A gap must be from 0 to {MAX_GAP} pixels, not {self.gap}.")
        require(self.palette in get_args(Colours), f"A GIF's palette must be shared or own, not {self.palette}.")
        require(
            self.dither in get_args(Dither),
            f"Dithering must be one of {', '.join(get_args(Dither))}, not {self.dither}.",
        )


class Drawable(Protocol):
    """What a film is made of: each is drawn when it is needed, so that it may take its memory then."""

    @property
    def caption(self) -> str:
        """What stands under it."""
        ...

    @property
    def energies(self) -> tuple[float, ...]:
        """The mean energy of each side; empty where there is none."""
        ...

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        """Of all panels, (N, C, H, W) each."""
        ...

    @property
    def panels(self) -> list[Pixels]:
        """The pictures side by side, uint8 (N, C, H, W) each, all with as many channels."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame before it is drawn. Nobody writes to it."""

    pixels: Pixels
    """uint8 (N, C, H, W), one picture or a grid of them."""
    caption: str = ""
    beside: tuple[Pixels, ...] = ()
    """What is shown at its right at the same height, each again (N, C, H, W); sizes and colours may differ."""
    energies: tuple[float, ...] = ()
    """The mean energy of each side."""

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        """Of all panels."""
        return tuple(panel.shape for panel in (self.pixels, *self.beside))

    @property
    def panels(self) -> list[Pixels]:
        """All panels, (N, C, H, W) each, with as many channels as the most colourful."""
        panels = [self.pixels, *self.beside]
        channels = max(panel.shape[1] for panel in panels)
        return [panel if panel.shape[1] == channels else panel.repeat(channels, axis=1) for panel in panels]


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame's turn in the film."""

    index: int
    seconds: float


def chain_caption(index: int, steps: int, energy: float) -> str:
    """Of step `index` of a chain, with the mean energy."""
    return f"step {index}/{steps}    E {energy:.2f}"


def letter(stop: int) -> str:
    """The name of a stop."""
    return chr(ord("A") + stop)


def picked(count: int, every: int) -> list[int]:
    """Every n-th of so many frames, and the last."""
    indices = list(range(0, count, every))
    return indices if indices[-1] == count - 1 else [*indices, count - 1]


def film(count: int, look: Look) -> list[Shot]:
    """The order of `count` frames and how long each stays.

    Forward and back shows the end frames once a turn, so a loop does not stutter.
    """
    order = list(range(count))
    if look.ping_pong and count > 2:
        order += range(count - 2, 0 if look.loop else -1, -1)
    holds = {count - 1: look.hold_last, 0: look.hold_first} if count > 1 else {0: look.hold_last}
    return [Shot(index, max(1 / look.fps, holds.get(index, 0.0))) for index in order]


def for_gif(shots: Sequence[Shot]) -> list[Shot]:
    """The shots as a GIF can play them: none shorter than `GIF_SECONDS`, and together as long.

    Where they are shorter, some are left out: at each multiple of that time the one that is due is
    shown, and at the end the last.
    """
    if all(shot.seconds >= GIF_SECONDS for shot in shots):
        return list(shots)
    ends = np.cumsum([shot.seconds for shot in shots])
    turns = max(1, int(float(ends[-1]) / GIF_SECONDS + 0.5 + 1e-9))
    due = np.searchsorted(ends, np.arange(turns) * GIF_SECONDS + 1e-9, "right").clip(max=len(shots) - 1)
    due[-1] = len(shots) - 1
    kept, counts = np.unique(due, return_counts=True)
    return [Shot(shots[i].index, count * GIF_SECONDS) for i, count in zip(kept.tolist(), counts.tolist(), strict=True)]


def ticks(shots: Sequence[Shot], unit: int) -> list[int]:
    """Each shot's milliseconds as whole multiples of `unit`, at least one, rounded so that the sum stays true."""
    durations, clock, shown = [], 0.0, 0
    for shot in shots:
        clock += shot.seconds * 1000
        duration = max(1, round((clock - shown) / unit)) * unit
        durations.append(duration)
        shown += duration
    return durations


class Reel:
    """Frames as drawn, all of one size; each is drawn on demand.

    Raises `SettingsError` when there is no frame, when frames differ in shape, or when a drawn one
    would be larger than 8192 pixels.
    """

    def __init__(self, frames: Sequence[Drawable], look: Look) -> None:
        require(bool(frames), "There is nothing to export.")
        require(len({frame.shape for frame in frames}) == 1, "All frames of an export must have the same shape.")
        self.frames = frames = [frames[i] for i in picked(len(frames), look.every)]
        self.look = look
        panels = frames[0].panels
        count, self.channels, _, _ = panels[0].shape
        # Models differ in size by powers of two: the smaller pictures are shown the larger.
        height = max(panel.shape[2] for panel in panels)
        self._scales = [look.scale * height // panel.shape[2] for panel in panels]
        columns = min(look.columns, count)
        self._gap = look.gap * look.scale
        side, rows = height * look.scale, -(-count // columns)
        self._panel = (columns * (side + self._gap) - self._gap, rows * (side + self._gap) - self._gap)
        self._lefts = [i * (self._panel[0] + max(GAP * look.scale, self._gap)) for i in range(len(panels))]
        self._picture = (self._lefts[-1] + self._panel[0], self._panel[1])
        self._caption = _Caption(self._picture[1]) if look.text or any(self._lines(frame) for frame in frames) else None
        width, below = self._picture[0], 0
        if self._caption:
            # Small pictures get a wider canvas rather than captions that cannot be read.
            width = max(width, *(self._caption.width(line) for frame in frames for line in self._lines(frame)))
            below = self._caption.height * max(len(self._lines(frame)) for frame in frames)
        has_curve = look.curve and len(frames) > 1 and all(frame.energies for frame in frames)
        energies = [frame.energies for frame in frames]
        self._strip = EnergyStrip(energies, (width, self._picture[1])) if has_curve else None
        self.size = (width, self._picture[1] + (self._strip.size[1] if self._strip else 0) + below)
        require(
            max(self.size) <= MAX_SIDE,
            f"The export would be {self.size[0]} × {self.size[1]} pixels; the maximum is {MAX_SIDE} on a side. Lower "
            "the scale.",
        )

    def _lines(self, frame: Drawable) -> list[str]:
        """What is written under a frame."""
        return [*([frame.caption] if self.look.captions and frame.caption else []), *filter(None, [self.look.text])]

    @property
    def fixed_colours(self) -> list[tuple[int, int, int]]:
        """Colours that are drawn in addition to those of the pictures."""
        colours = [PAPER] if len(self._lefts) > 1 or self._gap else []
        if self._caption:
            greys = np.linspace(PAPER[0], INK[0], 8).round().astype(int).tolist()  # of the letters' soft edges
            colours = [(grey, grey, grey) for grey in greys]
        return list(dict.fromkeys([*colours, *(self._strip.colours if self._strip else [])]))

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Image.Image:
        frame, look = self.frames[index], self.look
        panels, mode = frame.panels, "RGB" if self.channels > 1 else "L"
        if not self._caption and not self._strip and len(panels) == 1:
            return self._drawn(panels[0], look.scale)
        canvas = Image.new(mode, self.size, _in_mode(PAPER, mode))
        indent = (self.size[0] - self._picture[0]) // 2
        for panel, scale, left in zip(panels, self._scales, self._lefts, strict=True):
            canvas.paste(self._drawn(panel, scale), (indent + left, 0))
        top = self._picture[1]
        if self._strip:
            canvas.paste(self._strip.draw(index).convert(mode), (0, top))
            top += self._strip.size[1]
        for number, line in enumerate(self._lines(frame) if self._caption else ()):
            assert self._caption is not None
            self._caption.draw(canvas, line, top + number * self._caption.height)
        return canvas

    def _drawn(self, panel: Pixels, scale: int) -> Image.Image:
        if not self._gap:
            sheet = grid(panel, self.look.columns, 1 if self.look.smooth else scale)
            return sheet.resize(self._panel, Image.Resampling.LANCZOS) if self.look.smooth else sheet
        side = panel.shape[2] * scale
        mode = "RGB" if panel.shape[1] > 1 else "L"
        sheet = Image.new(mode, self._panel, _in_mode(PAPER, mode))
        for number, picture in enumerate(panel):
            row, column = divmod(number, self.look.columns)
            tile = grid(picture[None], 1, 1 if self.look.smooth else scale)
            tile = tile.resize((side, side), Image.Resampling.LANCZOS) if self.look.smooth else tile
            sheet.paste(tile, (column * (side + self._gap), row * (side + self._gap)))
        return sheet


def _in_mode(colour: tuple[int, int, int], mode: str) -> int | tuple[int, int, int]:
    return colour if mode == "RGB" else colour[0]


class _Caption:
    """Draws captions with digits of one width, so that counting numbers do not jitter."""

    def __init__(self, picture_height: int) -> None:
        self.type_size = max(SMALLEST_TYPE, picture_height // TYPE_SHARE)
        self._font = ImageFont.load_default(self.type_size)
        self._digit = max(self._font.getlength(digit) for digit in "0123456789")
        self._margin = self.type_size // 2
        self.height = round(self.type_size * 1.7)

    def _advance(self, letter: str) -> float:
        return self._digit if letter.isdigit() else self._font.getlength(letter)

    def width(self, text: str) -> int:
        return int(np.ceil(sum(map(self._advance, text)))) + 2 * self._margin

    def draw(self, canvas: Image.Image, text: str, top: int) -> None:
        pen = ImageDraw.Draw(canvas)
        x, middle = float(self._margin), top + self.height / 2
        ink = INK if canvas.mode == "RGB" else INK[0]
        for letter in text:
            advance = self._advance(letter)
            pen.text((x + advance / 2, middle), letter, font=self._font, fill=ink, anchor="mm")
            x += advance
