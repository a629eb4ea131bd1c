"""Moving pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ebm_studio.data.files import write_whole

PALETTE_FRAMES = 24  # frames that the shared palette is drawn from


def save_gif(frames: list[Image.Image], path: Path, milliseconds: int = 50, hold: int = 1500) -> None:
    """Write a looping GIF whose frames share one palette; the last one stays for `hold` milliseconds."""
    palette = _palette(frames)
    indexed = [frame.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    times = [milliseconds] * (len(frames) - 1) + [hold]
    write_whole(
        path,
        lambda file: indexed[0].save(
            file, format="GIF", save_all=True, append_images=indexed[1:], duration=times, loop=0, optimize=False
        ),
    )


def _palette(frames: list[Image.Image]) -> Image.Image:
    # The last frames are what the eye rests on; the first are noise, which any palette serves.
    stride = max(1, len(frames) // PALETTE_FRAMES)
    chosen = frames[::-1][::stride][:PALETTE_FRAMES]
    width, height = chosen[0].size
    strip = Image.new("RGB", (width, height * len(chosen)))
    for row, frame in enumerate(chosen):
        strip.paste(frame.convert("RGB"), (0, row * height))
    return strip.quantize(256, method=Image.Quantize.MEDIANCUT)
