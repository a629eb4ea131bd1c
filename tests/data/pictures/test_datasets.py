import zipfile

import numpy as np
import pytest

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures.datasets import ImageSet, open_images
from tests.making import encoded, make_data, make_picture, make_zip


def test_a_zip_of_any_sizes_in_name_order_without_what_is_broken(tmp_path):
    path = make_zip(
        tmp_path / "mixed.zip",
        {
            "b/2.png": encoded(make_picture((50, 20), 2)),
            "a/1.jpg": encoded(make_picture((16, 16), 1), "JPEG"),
            "c/broken.png": b"no picture",
            "notes.txt": b"hello",
            "../climbs.png": encoded(make_picture((16, 16), 3)),
            "__MACOSX/._a.png": b"junk",
        },
    )
    data = open_images(str(path), 16)
    assert data.name == "mixed"
    assert data.images.shape == (3, 3, 16, 16)
    assert data.images.dtype == np.uint8
    assert len(data.skipped) == 1
    assert "broken.png" in data.skipped[0]
    assert not (tmp_path.parent / "climbs.png").exists()
    assert open_images(str(path), 16, channels=1).images.shape == (3, 1, 16, 16)


def test_a_folder_and_its_subfolders(tmp_path):
    (tmp_path / "set" / "sub").mkdir(parents=True)
    make_picture(seed=1).save(tmp_path / "set" / "sub" / "a.png")
    make_picture(seed=2).save(tmp_path / "set" / "b.webp")
    told = []
    data = open_images(str(tmp_path / "set"), 32, progress=lambda *counts: told.append(counts))
    assert data.images.shape == (2, 3, 32, 32)
    assert told[-1] == ("reading pictures", 2, 2)


@pytest.mark.parametrize("case", ["missing", "text", "empty zip", "broken zip", "empty folder", "only broken"])
def test_what_holds_no_pictures_is_refused(tmp_path, case):
    path = tmp_path / "data.zip"
    if case == "text":
        path.write_text("hello")
    elif case == "empty zip":
        make_zip(path, {})
    elif case == "broken zip":
        path.write_bytes(make_data(tmp_path / "whole.zip").read_bytes()[:-40])
    elif case == "empty folder":
        path.mkdir()
    elif case == "only broken":
        make_zip(path, {"a.png": b"x"})
    with pytest.raises(DataError, match=r"data\.zip"):
        open_images(str(path), 16)


def test_a_damaged_member_is_left_out(tmp_path):
    path = make_data(tmp_path / "d.zip", 3)
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("001.png").header_offset + 60
    raw[start : start + 40] = b"\0" * 40
    path.write_bytes(raw)
    data = open_images(str(path), 16)
    assert len(data) == 2
    assert "001.png" in data.skipped[0]


def test_held_out_images_are_the_last(tmp_path):
    data = open_images(str(make_data(tmp_path / "d.zip", 5)), 16)
    assert np.array_equal(data.without_last(2).images, data.images[:3])
    assert [data.held_out_rows(count) for count in range(3)] == ["", "4", "3-4"]
    assert data.without_last(0).left_out == data.left_out == ""
    with pytest.raises(DataError, match="hold out"):
        data.without_last(5)
    with pytest.raises(DataError, match="hold out"):
        data.held_out_rows(5)


def test_rows_of_folders_side_by_side_are_one_range():
    data = ImageSet("set", np.zeros((6, 1, 16, 16), np.uint8), folders=(3, 1, 1, 1))
    assert data.held_out_rows(4) == "1-3, 5"


def test_the_bundled_fashion_mnist_is_whole_and_padded():
    data = open_images("fashion-mnist-test", 32)
    assert data.images.shape == (10_000, 1, 32, 32)
    assert data.licence == "MIT"
    assert not data.images[:, :, :2].any()
    # The mean of the 28 x 28 originals.
    assert data.images.mean() * 32**2 / 28**2 == pytest.approx(73.15, abs=0.01)


def test_every_folder_holds_out_its_share(tmp_path):
    names = [f"{folder}/{i}.png" for folder, count in (("a", 6), ("b", 3), ("c", 1)) for i in range(count)]
    path = make_zip(tmp_path / "a.zip", {name: encoded(make_picture(seed=i)) for i, name in enumerate(names)})
    data = open_images(str(path), 16)
    assert data.folders == (6, 3, 1)
    for count in range(10):
        assert len(data.last(count)) == count
        assert len(data.without_last(count)) == 10 - count
    assert np.array_equal(data.last(3).images, data.images[[4, 5, 8]])
    assert data.held_out_rows(3) == "4-5, 8"
    assert data.without_last(3).left_out == "4-5, 8"
    assert np.array_equal(data.without_last(3).images, data.images[[0, 1, 2, 3, 6, 7, 9]])
