import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ebm_studio.core.errors import DataError, SettingsError, StudioError
from ebm_studio.data.exports import mp4
from ebm_studio.data.exports.encoders import encode, export, left_out
from ebm_studio.data.exports.energy_strip import INKS, PAPER
from ebm_studio.data.exports.frames import Frame, Look, Reel, Shot, film, ticks
from ebm_studio.data.exports.gif_palette import Palette
from tests.making import make_picture


def blobs(count=5, size=16, pictures=1):
    """Frames of smooth colour, each other than the last."""
    frames = []
    for i in range(count):
        row = [np.asarray(make_picture((size, size), 10 * i + j)) for j in range(pictures)]
        frames.append(Frame(np.stack(row).transpose(0, 3, 1, 2), f"step {i}/{count - 1}    E -{i}.25"))
    return frames


def psnr(a, b):
    return 10 * np.log10(255**2 / np.square(a.astype(float) - b).mean())


def read(path):
    """Each frame of a film as RGB, and its milliseconds."""
    with Image.open(path) as film:
        shots = []
        for i in range(getattr(film, "n_frames", 1)):
            film.seek(i)
            film.load()
            shots.append((np.asarray(film.convert("RGB")), film.info.get("duration")))
        return shots, film.info.get("loop")


def durations(path):
    """As milliseconds; this Pillow tells a WebP's duration after the frame is loaded."""
    return [milliseconds for _, milliseconds in read(path)[0]]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_a_film_read_back_has_its_frames_times_and_loop(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    look = Look(scale=2, fps=20, hold_first=0.4, hold_last=1.5)
    size = export(blobs(), path, look)
    assert size == path.stat().st_size
    shots, loop = read(path)
    assert len(shots) == 5
    assert durations(path) == [400, 50, 50, 50, 1500]
    assert loop == 0
    drawn = Reel(blobs(), look)
    for i, (pixels, _) in enumerate(shots):
        exact = np.array_equal(pixels, np.asarray(drawn[i]))
        assert psnr(pixels, np.asarray(drawn[i])) > 26 if suffix == ".gif" else exact

    export(blobs(), path, Look(loop=False))
    assert read(path)[1] == (None if suffix == ".gif" else 1)


def probe(path, *words):
    command = ["ffprobe", "-v", "error", "-of", "json", *words, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")
@pytest.mark.parametrize("suffix", [".gif", ".apng", ".mp4"])  # ffmpeg reads no animated WebP
def test_another_program_sees_the_same_frames_at_the_same_times(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    export(blobs(), path, Look(scale=3, fps=25, hold_first=0.2, hold_last=1, ping_pong=True))
    (stream,) = probe(path, "-count_frames", "-show_streams")["streams"]
    assert int(stream["nb_read_frames"]) == 8
    assert (stream["width"], stream["height"]) == (48, 48)
    if suffix != ".apng":  # ffprobe tells no duration of it
        assert float(stream["duration"]) == pytest.approx(1.44, abs=0.02)
    shown = [float(frame["pts_time"]) for frame in probe(path, "-show_frames")["frames"]]
    assert shown == pytest.approx([0, 0.2, 0.24, 0.28, 0.32, 1.32, 1.36, 1.4], abs=0.001)


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")
@pytest.mark.parametrize("loop", [True, False])
def test_another_program_plays_a_gif_again_or_once(tmp_path, loop):
    export(blobs(), tmp_path / "a.gif", Look(loop=loop))
    words = ["-ignore_loop", "0", "-read_intervals", "%+1", "-count_frames", "-show_streams"]
    (stream,) = probe(tmp_path / "a.gif", *words)["streams"]
    assert (int(stream["nb_read_frames"]) > 5) == loop


def test_a_film_without_the_extra_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    assert not mp4.can_write()
    with pytest.raises(SettingsError, match=r"pip install 'ebm-studio\[video\]'"):
        export(blobs(), tmp_path / "a.mp4", Look())
    assert not list(tmp_path.iterdir())


def test_equal_frames_stay_frames_in_a_gif(tmp_path):
    export(blobs(1) * 4, tmp_path / "a.gif", Look())
    assert durations(tmp_path / "a.gif") == [50] * 4


def test_a_grey_gif_is_exact(tmp_path):
    frames = [Frame(np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)), Frame(np.zeros((1, 1, 16, 16), np.uint8))]
    export(frames, tmp_path / "a.gif", Look())
    assert np.array_equal(read(tmp_path / "a.gif")[0][0][0][..., 0], frames[0].pixels[0, 0])


def test_noise_does_not_take_the_palette_from_the_pictures():
    noise = Frame(np.random.default_rng(0).integers(0, 256, (16, 3, 16, 16), dtype=np.uint8))
    pictures = [Frame((frame.pixels // 6 + 90).astype(np.uint8)) for frame in blobs(4, pictures=4)]
    mixed = Palette([noise.pixels] * 4 + [frame.pixels for frame in pictures])
    image = Reel(pictures, Look())[0]
    assert psnr(np.asarray(mixed.index(image).convert("RGB")), np.asarray(image)) > 38


def test_a_palette_for_each_frame_is_truer(tmp_path):
    frames = blobs(24)
    mean = {}
    for palette in ("shared", "own"):
        export(frames, tmp_path / "a.gif", Look(palette=palette, captions=True))
        drawn = Reel(frames, Look(captions=True))
        shots = read(tmp_path / "a.gif")[0]
        mean[palette] = np.mean([psnr(pixels, np.asarray(drawn[i])) for i, (pixels, _) in enumerate(shots)])
        assert len(shots) == 24
    assert mean["own"] > mean["shared"] + 2


@pytest.mark.parametrize("dither", ["ordered", "diffusion"])
def test_dithering_is_truer_from_afar(dither):
    ramp = np.linspace(60, 70, 64).repeat(64).reshape(64, 64).T
    pixels = np.stack([ramp, 255 - ramp, ramp]).round().astype(np.uint8)[None]
    other = blobs(3, 64, 2)[0].pixels[:1]
    frames = [other] * 8 + [pixels]
    image = Reel([Frame(pixels)], Look())[0]

    def from_afar(kind):
        shown = np.asarray(Palette(frames, kind).index(image).convert("RGB")).astype(float)
        error = shown - np.asarray(image)
        return np.square(error.reshape(8, 8, 8, 8, 3).mean((1, 3))).mean()

    assert from_afar(dither) <= from_afar("none")


def test_the_palette_holds_the_colours_of_captions():
    palette = Palette([frame.pixels for frame in blobs()], fixed=[(1, 2, 3)])
    assert [1, 2, 3] in palette.colours.tolist()
    assert len(palette.colours) <= 256


def test_forth_and_back_shows_each_end_once_a_turn():
    look = Look(ping_pong=True, fps=10, hold_last=1)
    assert [shot.index for shot in film(4, look)] == [0, 1, 2, 3, 2, 1]
    assert [shot.index for shot in film(4, Look(ping_pong=True, loop=False))] == [0, 1, 2, 3, 2, 1, 0]
    assert [shot.index for shot in film(2, look)] == [0, 1]
    assert [shot.seconds for shot in film(4, look)] == [0.1, 0.1, 0.1, 1, 0.1, 0.1]


def test_times_that_do_not_fit_the_format_stay_true_in_sum():
    shots = [Shot(i, 1 / 30) for i in range(30)]
    assert sum(ticks(shots, 10)) == 1000
    assert set(ticks(shots, 10)) == {30, 40}
    assert min(ticks([Shot(0, 0.001)] * 3, 10)) == 10


@pytest.mark.parametrize("fps", [50, 55, 60, 75, 100])
@pytest.mark.parametrize("hold", [0, 0.5])
def test_no_frame_of_a_gif_is_shorter_than_browsers_play(tmp_path, fps, hold):
    frames = [Frame(np.full((1, 1, 4, 4), shade, np.uint8)) for shade in range(120)]
    look = Look(fps=fps, hold_last=hold)
    export(frames, tmp_path / "a.gif", look)
    with Image.open(tmp_path / "a.gif") as gif:
        shown = []
        for number in range(gif.n_frames):
            gif.seek(number)
            shown.append((gif.convert("L").getpixel((0, 0)), gif.info["duration"]))
    assert min(duration for _, duration in shown) >= 20
    seconds = sum(shot.seconds for shot in film(120, look))
    assert sum(duration for _, duration in shown) == pytest.approx(1000 * seconds, abs=20)
    shades = [shade for shade, _ in shown]
    assert shades == sorted(set(shades))
    assert (shades[0], shades[-1]) == (0, 119)
    missing = 120 - len(shown)
    assert (missing > 0) == (fps > 50)
    assert left_out(120, look, "gif") == (
        f"A GIF shows at most 50 frames a second, so {missing} of 120 frames are left out." if missing else ""
    )
    assert not left_out(120, look, "webp")


@pytest.mark.parametrize("scale", [1, 4, 16])
def test_captions_are_legible_at_any_scale_and_the_size_is_one(scale):
    reel = Reel(blobs(), Look(scale=scale, captions=True))
    images = [reel[i] for i in range(5)]
    assert {image.size for image in images} == {reel.size}
    below = np.asarray(images[1].convert("L"))[16 * scale :]
    rows = np.flatnonzero((below > 150).any(1))
    assert rows[-1] - rows[0] + 1 >= 7  # the height of a digit
    assert (below[:, [0, -1]] < 60).all()  # nothing is cut off at the sides
    assert not np.array_equal(np.asarray(images[1]), np.asarray(images[2]))


def test_smooth_enlarges_without_squares():
    crisp, smooth = (np.asarray(Reel(blobs(), Look(scale=4, smooth=s))[0]).astype(int) for s in (False, True))
    assert crisp.shape == smooth.shape == (64, 64, 3)
    assert np.abs(np.diff(smooth, axis=1)).max() < np.abs(np.diff(crisp, axis=1)).max()


@pytest.mark.parametrize("smooth", [False, True])
def test_panels_stand_side_by_side_at_one_height(smooth):
    """A large grey grid and a small colourful one, as of two models."""
    large = np.linspace(0, 255, 4 * 32 * 32).astype(np.uint8).reshape(4, 1, 32, 32)
    small = blobs(1, 16, pictures=4)[0].pixels
    look = Look(scale=2, columns=2, smooth=smooth)
    reel = Reel([Frame(large, "", (small,))], look)
    drawn = np.asarray(reel[0])
    assert reel.size == (2 * 2 * 64 + 2 * 2, 2 * 64)
    assert (drawn[:, 128:132] == PAPER).all()
    assert np.array_equal(drawn[:, :128], np.asarray(Reel([Frame(large)], look)[0].convert("RGB")))
    assert np.array_equal(drawn[:, 132:], np.asarray(Reel([Frame(small)], replace(look, scale=4))[0]))


def test_a_gif_of_panels_has_the_colours_of_all(tmp_path):
    frames = [Frame(a.pixels, "", (b.pixels,)) for a, b in zip(blobs(5), reversed(blobs(5)), strict=True)]
    export(frames, tmp_path / "a.gif", Look())
    drawn = Reel(frames, Look())
    for i, (pixels, _) in enumerate(read(tmp_path / "a.gif")[0]):
        assert (pixels[:, 16:18] == PAPER).all()
        assert psnr(pixels, np.asarray(drawn[i])) > 26


def test_a_sheet_shows_all_frames_and_a_folder_holds_them(tmp_path):
    export(blobs(5), tmp_path / "a.png", Look(columns=3))
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (48, 32)
        assert np.array_equal(np.asarray(sheet)[:16, 16:32], np.asarray(Reel(blobs(5), Look())[1]))
    export(blobs(12), tmp_path / "frames", Look())
    assert sorted(file.name for file in (tmp_path / "frames").iterdir()) == [f"{i:02d}.png" for i in range(12)]
    with pytest.raises(StudioError, match="new folder"):
        export(blobs(2), tmp_path / "frames", Look())


class CancelledError(Exception):
    pass


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng", "a.mp4", "a.png", "frames"])
def test_cancelling_leaves_nothing(tmp_path, name):
    told = []

    def progress(share):
        told.append(share)
        if share >= 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        export(blobs(8), tmp_path / name, Look(), progress=progress)
    assert len(told) > 2
    assert not list(tmp_path.iterdir())


def test_a_failed_export_leaves_the_old_file(tmp_path):
    (tmp_path / "a.gif").write_text("old")
    with pytest.raises(SettingsError, match="Lower the scale"):
        export(blobs(2, 64, 64), tmp_path / "a.gif", Look(scale=32, columns=64))
    assert (tmp_path / "a.gif").read_text() == "old"
    with pytest.raises(DataError, match=r"ends in \.gif"):
        export(blobs(), tmp_path / "a.avi", Look())
    with pytest.raises(SettingsError, match="nothing to export"):
        encode([], "gif", Look())


@pytest.mark.parametrize(
    "bad", [{"scale": 0}, {"fps": 0}, {"fps": float("nan")}, {"hold_last": -1}, {"dither": "x"}, {"palette": 1}]
)
def test_bad_looks_are_refused(bad):
    with pytest.raises(SettingsError):
        Look(**bad)


def test_a_gap_stands_between_the_pictures_and_not_around_them():
    pixels = np.full((5, 1, 4, 4), 255, np.uint8)
    for smooth in (False, True):
        sheet = np.asarray(Reel([Frame(pixels)], Look(columns=3, gap=2, scale=2, smooth=smooth))[0])
        assert sheet.shape == (2 * 8 + 4, 3 * 8 + 2 * 4)
        assert (sheet[:8, :8] == 255).all()
        assert (sheet[:, 8:12] == PAPER[0]).all()
        assert (sheet[8:12] == PAPER[0]).all()
        assert (sheet[12:, 24:] == PAPER[0]).all()  # where there is no sixth


def test_the_energy_curve_follows_the_frames():
    pixels = np.zeros((1, 3, 64, 64), np.uint8)
    frames = [Frame(pixels, "", (), (float(-i), float(i + 1))) for i in range(5)]
    plain, drawn = Reel(frames, Look(scale=4)), Reel(frames, Look(scale=4, curve=True))
    assert drawn.size == (plain.size[0], plain.size[1] + 256 // 6)
    strips = [np.asarray(drawn[i])[256:] for i in range(5)]
    for ink in INKS[:2]:
        marks = [np.argwhere((strip == ink).all(-1)) for strip in strips]
        ends = [places[:, 1].max() for places in marks]
        assert ends == sorted(set(ends))  # what is past goes on to the right
    first = np.argwhere((strips[4] == INKS[0]).all(-1))
    assert first[first[:, 1].argmax(), 0] > first[first[:, 1].argmin(), 0]  # lower energy is lower
    assert Reel([frames[0]], Look(curve=True)).size == (64, 64)  # one frame has no curve
    assert set(INKS[:2]) <= set(drawn.fixed_colours)


def test_a_line_of_ones_own_is_under_every_frame():
    frames = [Frame(np.zeros((1, 1, 64, 64), np.uint8), caption) for caption in ("step 1", "")]
    own = Reel(frames, Look(scale=4, text="Figure 2"))
    both = Reel(frames, Look(scale=4, text="Figure 2", captions=True))
    assert own.size[1] - 256 == both.size[1] - own.size[1] > 0
    assert all((np.asarray(own[i])[256:] > 200).any() for i in range(2))
