import numpy as np
import pytest
from PIL import Image

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures import decoding
from ebm_studio.data.pictures.pictures import cut, fit, grid, open_picture, save_picture, to_pixels
from tests.making import encoded, make_picture


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "1", "LA", "RGBA"])
def test_pictures_of_every_mode_become_rgb_or_grey(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    image = open_picture(encoded(make_picture().convert(mode), kind))
    assert image.mode in ("RGB", "L")
    assert image.size == (40, 30)


def test_sixteen_bits_keep_their_brightness():
    values = np.full((8, 8), 32768, dtype=np.uint16)
    image = open_picture(encoded(Image.fromarray(values), "PNG"))
    assert abs(int(np.asarray(image)[0, 0]) - 127) <= 1


def test_a_photo_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    assert open_picture(encoded(make_picture((40, 30)), "JPEG", exif=exif)).size == (30, 40)


@pytest.mark.parametrize("content", [b"", b"not a picture", encoded(make_picture())[:200]])
def test_broken_pictures_are_named(content):
    with pytest.raises(DataError, match=r"sea\.png"):
        open_picture(content, "sea.png")


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(DataError, match=r"There is no picture .*gone"):
        open_picture(tmp_path / "gone.png")


def test_a_huge_picture_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_DECODED", 4000)
    with pytest.raises(DataError, match="pixels"):
        open_picture(encoded(make_picture((40, 30))))


def test_fit_takes_the_centre_square():
    image = Image.new("RGB", (60, 20), "red")
    image.paste("blue", (20, 0, 40, 20))
    pixels = fit(image, 16, 3)
    assert pixels.shape == (3, 16, 16)
    assert (pixels[2, :, 2:-2] == 255).all()
    assert (pixels[0, :, 2:-2] == 0).all()
    assert fit(image, 16, 1).shape == (1, 16, 16)


def test_pixels_are_clamped_and_rounded():
    values = np.array([-9, -1, 0, 1, 9, np.nan, np.inf], dtype=np.float32)
    assert to_pixels(values).tolist() == [0, 0, 128, 255, 255, 128, 255]
    every = np.arange(256, dtype=np.float32) / 127.5 - 1
    assert to_pixels(every).tolist() == list(range(256))


def test_a_grid_puts_eight_in_a_row_without_gaps():
    pixels = np.arange(10, dtype=np.uint8).repeat(4).reshape(10, 1, 2, 2)
    sheet = np.asarray(grid(pixels, scale=3))
    assert sheet.shape == (2 * 2 * 3, 8 * 2 * 3)
    assert sheet[0, 6] == 1
    assert sheet[6, 0] == 8
    assert sheet[6, 47] == 0
    assert np.asarray(grid(pixels[:3])).shape == (2, 6)
    colour = np.zeros((1, 3, 2, 2), dtype=np.uint8)
    colour[0, 1] = 7
    assert np.asarray(grid(colour))[0, 0].tolist() == [0, 7, 0]


def test_saving_asks_for_a_name_of_a_picture(tmp_path):
    with pytest.raises(DataError, match=r"\.png"):
        save_picture(make_picture(), tmp_path / "a.txt")
    save_picture(make_picture(), tmp_path / "a.PNG")
    assert Image.open(tmp_path / "a.PNG").size == (40, 30)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_is_cut_into_its_pictures(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (16, channels, 4, 4), dtype=np.uint8)
    assert (cut(grid(pixels), 4) == pixels).all()
