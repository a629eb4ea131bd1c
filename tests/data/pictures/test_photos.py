"""Photos as people have them: every format, odd modes, colour profiles, hostile files, folders."""

import io
import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ebm_studio.core.errors import DataError, SettingsError
from ebm_studio.data.pictures import decoding
from ebm_studio.data.pictures.datasets import open_images
from ebm_studio.data.pictures.decoding import READS_AVIF, READS_HEIC
from ebm_studio.data.pictures.pictures import (
    Crop,
    find_photos,
    fit,
    open_picture,
    read_colour,
    to_images,
    to_pixels,
)
from tests.making import encoded, make_picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", *(["HEIF"] if READS_HEIC else [])])
def test_each_format_shows_its_picture(kind):
    image = open_picture(encoded(make_picture((64, 48)), kind))
    assert image.mode == "RGB"
    difference = np.asarray(image).astype(float) - np.asarray(make_picture((64, 48)))
    assert np.abs(difference).mean() < 8


def test_an_animation_shows_its_first_frame():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    image = open_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert image.getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (0, 0)), (3, (29, 19)), (6, (19, 0)), (8, (0, 29)), (2, (29, 0))]
)
def test_exif_orientation_puts_each_corner_where_it_belongs(orientation, corner):
    image = Image.new("RGB", (30, 20))
    image.paste("white", (0, 0, 6, 6))
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = open_picture(encoded(image, "JPEG", exif=exif, quality=95))
    assert min(upright.getpixel(corner)) > 200


def test_what_is_transparent_shows_the_paper():
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    image.putpixel((1, 1), (0, 255, 0, 255))
    image.putpixel((2, 2), (0, 0, 0, 128))
    shown = open_picture(encoded(image), paper="#0a14e6")
    assert shown.getpixel((0, 0)) == (10, 20, 230)
    assert shown.getpixel((1, 1)) == (0, 255, 0)
    assert abs(shown.getpixel((2, 2))[2] - 115) <= 1
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([9, 9, 9])
    assert open_picture(encoded(palette, transparency=0)).getpixel((0, 0)) == (255, 255, 255)


def test_a_colour_is_a_name_or_a_number():
    assert read_colour("Black") == (0, 0, 0)
    assert read_colour("#0a14e6") == (10, 20, 230)
    for bad in ("", "reddish", "#12", "rgb(300, 0, 0)", "x" * 200):
        with pytest.raises(SettingsError, match="not a colour"):
            read_colour(bad)


def test_a_profile_is_turned_into_srgb():
    # sRGB with its red and blue primaries changed over, in the table that starts the profile.
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = plain.replace(b"rXYZ", b"?XYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"?XYZ", b"bXYZ", 1)
    red = Image.new("RGB", (8, 8), (200, 40, 40))
    shown = open_picture(encoded(red, "PNG", icc_profile=swapped)).getpixel((4, 4))
    assert np.abs(np.array(shown) - (40, 40, 200)).max() <= 3


@pytest.mark.parametrize("profile", [b"", b"nonsense", b"\0" * 200])
def test_a_broken_profile_is_passed_over(profile):
    image = open_picture(encoded(make_picture(), "PNG", icc_profile=profile))
    assert np.array_equal(np.asarray(image), np.asarray(make_picture()))


def test_grey_of_sixteen_and_thirty_two_bits():
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    for kind in ("PNG", "TIFF"):
        shown = np.asarray(open_picture(encoded(Image.fromarray(ramp), kind)))
        assert np.abs(shown - ramp / 257).max() <= 1
    unit = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    shown = np.asarray(open_picture(encoded(Image.fromarray(unit), "TIFF")))
    assert np.abs(shown - unit * 255).max() <= 1


def tall_png(width, height):
    """A PNG that claims to be this large and holds next to nothing."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize("size", [(20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(size):
    with pytest.raises(DataError, match=r"bomb\.png.*pixels"):
        open_picture(tall_png(*size), "bomb.png")


def test_a_file_too_large_to_be_a_photo_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "PICTURE", replace(decoding.PICTURE, most=100))
    make_picture().save(tmp_path / "big.png")
    with pytest.raises(DataError, match=r"big\.png is too large"):
        open_picture(tmp_path / "big.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", *(["HEIF"] if READS_HEIC else [])])
def test_cut_and_spoilt_files_are_errors_or_pictures_but_nothing_else(kind):
    whole = encoded(make_picture((64, 48)), kind)
    random = np.random.default_rng(0)
    for trial in range(60):
        spoilt = bytearray(whole[: random.integers(1, len(whole))] if trial % 2 else whole)
        for _ in range(trial % 7):
            spoilt[random.integers(len(spoilt))] = random.integers(256)
        try:
            outcome = open_picture(bytes(spoilt), "photo").mode
        except DataError as error:
            outcome = str(error)
        assert outcome in ("RGB", "L") or (outcome.startswith("photo ") and "\n" not in outcome)


def test_readers_that_run_programs_never_see_a_file():
    with pytest.raises(DataError, match="not a picture"):
        open_picture(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n", "a.png")


def test_text_folders_and_empty_files_are_named(tmp_path):
    (tmp_path / "notes.jpg").write_text("hello")
    (tmp_path / "empty.jpg").touch()
    for path, reason in (
        (tmp_path, "folder"),
        (tmp_path / "notes.jpg", "not a picture"),
        (tmp_path / "empty.jpg", "empty"),
    ):
        with pytest.raises(DataError, match=reason) as caught:
            open_picture(path)
        assert path.name in str(caught.value)


def test_a_large_jpeg_is_decoded_small_where_little_is_enough():
    whole = encoded(make_picture((1600, 1200)), "JPEG", quality=95)
    small = open_picture(whole, enough=64)
    assert small.size == (200, 150)
    assert open_picture(whole).size == (1600, 1200)
    apart = fit(small, 32, 3).astype(float) - fit(open_picture(whole), 32, 3)
    assert np.abs(apart).mean() < 1


def test_a_photo_of_a_phone_with_108_megapixels_opens():
    whole = encoded(make_picture((12, 9)).resize((12_000, 9_000), Image.Resampling.NEAREST), "JPEG")
    assert open_picture(whole, enough=1024).size == (1500, 1125)
    assert open_picture(whole).size == (3000, 2250)
    small = fit(open_picture(whole, enough=1024), 32, 3).astype(float)
    assert np.abs(small - fit(make_picture((12, 9)).resize((1200, 900), 0), 32, 3)).mean() < 3


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "LA", "RGBA", "CMYK", "I;16", "I", "F"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_picture_of_any_mode_is_shrunk_and_looks_the_same(monkeypatch, mode, orientation):
    kind = "TIFF" if mode in ("CMYK", "I", "F") else "PNG"
    if mode in ("I;16", "I", "F"):
        ramp = np.linspace(0, 1 if mode == "F" else 65535, 90 * 60).reshape(60, 90)
        image = Image.fromarray(ramp.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    else:
        image = make_picture((90, 60)).convert("RGBA" if mode == "LA" else mode).convert(mode)
        if "A" in mode:
            image.putalpha(Image.linear_gradient("L").resize((90, 60)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(image, kind, exif=exif)
    whole = open_picture(content, paper="blue")
    monkeypatch.setattr(decoding, "LARGE", 500)
    small = open_picture(content, paper="blue", enough=20)
    assert small.mode == whole.mode
    assert small.size == (whole.width // 3, whole.height // 3)
    wanted = whole.reduce(3)
    assert np.abs(np.asarray(small, dtype=float) - np.asarray(wanted, dtype=float)).max() <= 1
    assert min(open_picture(content).size) < 60


def test_a_picture_that_takes_too_much_memory_is_refused():
    for content in (tall_png(12_000, 9_500), encoded(Image.new("RGB", (5_300, 5_300)), "WEBP", method=0)):
        with pytest.raises(DataError, match=r"a\.x has \d+ x \d+ pixels, more than \d+ million: .*save it as a JPEG"):
            open_picture(content, "a.x")
    with pytest.raises(DataError, match=r"more than 110 million: make it smaller\.$"):
        open_picture(tall_png(20_000, 20_000), "a.x")  # too many for a JPEG too


def test_a_jpeg_of_200_megapixels_opens():
    whole = encoded(Image.new("L", (16_320, 12_240), 90), "JPEG")
    assert open_picture(whole, enough=1024).size == (2040, 1530)


@pytest.mark.skipif(not READS_AVIF, reason="this Pillow reads no AVIF")
def test_avif_and_the_rarer_names_of_jpeg(tmp_path):
    make_picture((64, 48)).save(tmp_path / "a.avif")
    for name in ("b.jfif", "c.JPE"):
        make_picture((64, 48)).save(tmp_path / name, "JPEG")
    found, _ = find_photos([tmp_path])
    assert [open_picture(path).size for path in found] == [(64, 48)] * 3


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_a_pipe_or_a_device_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    for path in (tmp_path / "a.png", Path("/dev/zero")):
        with pytest.raises(DataError, match=r"is a (pipe|device): give a picture"):
            open_picture(path)


def test_a_crop_shows_its_square_and_stays_inside():
    image = Image.new("RGB", (60, 40), "black")
    image.paste("white", (40, 20, 60, 40))
    assert (fit(image, 16, 1, Crop(44, 24, 16)) == 255).all()
    assert not fit(image, 16, 1, Crop(0, 0, 18)).any()
    assert np.array_equal(fit(image, 16, 3), fit(image, 16, 3, Crop(10, 0, 40)))
    assert Crop(50, -9, 20).inside(60, 40) == Crop(40, 0, 20)
    assert Crop(0, 0, 99).inside(60, 40) == Crop(0, 0, 40)
    for bad in ((0, 0, 0), (0, 0, -1), (float("nan"), 0, 5)):
        with pytest.raises(DataError, match="crop"):
            Crop(*bad)


def test_a_folder_means_its_pictures_in_order_up_to_a_limit(tmp_path):
    for name in ("b.png", "a.jpg", "c.webp", ".hidden.png", "notes.txt"):
        make_picture().save(tmp_path / name, "PNG")
    (tmp_path / "inner").mkdir()
    single = tmp_path / "notes.txt"
    files, faults = find_photos([single, tmp_path / "inner", tmp_path], limit=3)
    assert [file.name for file in files] == ["notes.txt", "a.jpg", "b.png"]
    assert faults == [f"There is no picture in {tmp_path / 'inner'}.", "Only the first 3 of 4 photos are used."]


def test_pixels_go_to_the_net_and_back_unchanged():
    every = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    images = to_images(every)
    assert images.min() == -1
    assert images.max() == 1
    assert np.array_equal(to_pixels(images), every)


def test_bytes_of_a_heic_photo_are_read_where_the_reader_is_installed(tmp_path):
    if not READS_HEIC:
        pytest.skip("pillow-heif is not installed")
    buffer = io.BytesIO()
    make_picture((64, 48)).save(buffer, "HEIF")
    (tmp_path / "a.HEIC").write_bytes(buffer.getvalue())
    assert len(find_photos([tmp_path])[0]) == 1
    assert open_picture(tmp_path / "a.HEIC").size == (64, 48)


def test_a_heic_photo_without_the_reader_says_what_to_install(tmp_path):
    if READS_HEIC:
        pytest.skip("pillow-heif is installed")
    folder = tmp_path / "phone"
    folder.mkdir()
    photo = folder / "a.HEIC"
    photo.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert find_photos([folder]) == ([photo], [])
    for read in (lambda: open_picture(photo), lambda: open_images(str(folder), 16)):
        with pytest.raises(DataError, match=r'a\.HEIC.*pip install "ebm-studio\[heic\]"'):
            read()
