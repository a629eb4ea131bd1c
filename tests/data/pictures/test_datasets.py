import os
import zipfile

import numpy as np
import pytest

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures.datasets import ImageSet, is_part_of, open_images
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


def names_and_folders(path):
    data = open_images(str(path), 16)
    return len(data), data.folders, data.passed_over


def test_folders_that_are_links_are_followed_and_none_goes_round(tmp_path):
    for number, folder in enumerate(("elsewhere/cats", "set/dogs")):
        (tmp_path / folder).mkdir(parents=True)
        for i in range(3 + number):
            make_picture(seed=i).save(tmp_path / folder / f"{i}.png")
    links = {"cats": "elsewhere/cats", "round": "set", "again": "set/dogs", "dogs/up": "set"}
    for name, target in links.items():
        (tmp_path / "set" / name).symlink_to(tmp_path / target)
    (tmp_path / "elsewhere" / "cats" / "back").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "0.png").symlink_to(tmp_path / "set" / "dogs" / "0.png")
    assert names_and_folders(tmp_path / "set") == (8, (1, 3, 4), "")
    assert is_part_of(str(tmp_path / "set"), tmp_path / "elsewhere" / "cats" / "run")
    assert not is_part_of(str(tmp_path / "set"), tmp_path / "elsewhere" / "run")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_pipes_and_dead_links_in_a_folder_are_passed_over_and_said(tmp_path):
    make_picture().save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    (tmp_path / "c.png").symlink_to(tmp_path / "gone")
    with (tmp_path / "d.png").open("wb") as file:
        file.truncate(2**32)
    count, _, said = names_and_folders(tmp_path)
    assert count == 1
    assert "1 picture cannot be used" in said
    assert "d.png is too large" in said
    assert "2 other files passed over" in said


def test_backslashes_in_a_zip_are_separators(tmp_path):
    files = {f"set\\{c}\\{i}.png": encoded(make_picture(seed=i)) for c in ("a", "b") for i in range(3)}
    hidden = {"set\\.trash\\x.png": encoded(make_picture()), "__MACOSX\\y.png": encoded(make_picture())}
    assert names_and_folders(make_zip(tmp_path / "w.zip", files | hidden)) == (6, (3, 3), "")


def test_every_name_of_a_jpeg_counts_and_what_is_passed_over_is_said(tmp_path):
    content = encoded(make_picture(), "JPEG")
    files = dict.fromkeys(("a.jfif", "b.jpe", "c.JPG", "d.jpeg"), content) | {"e.txt": b"x", "f.doc": b"x"}
    count, _, said = names_and_folders(make_zip(tmp_path / "j.zip", files))
    assert (count, said) == (4, "2 other files passed over: e.txt and more.")


def test_a_file_without_a_name_is_left_out_and_counted(tmp_path):
    path = make_zip(tmp_path / "n.zip", {"x": b"hello", "a.png": encoded(make_picture())})
    content = bytearray(path.read_bytes())
    for start in (content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")):
        offset = start + (26 if content[start + 2] == 3 else 28)
        header = 30 if content[start + 2] == 3 else 46
        content[offset : offset + 2] = b"\0\0"
        content[start + header : start + header + 1] = b"" if content[start + 2] == 1 else b"h"
    end = content.rindex(b"PK\x05\x06")
    size = int.from_bytes(content[end + 12 : end + 16], "little") - 1
    content[end + 12 : end + 16] = size.to_bytes(4, "little")
    path.write_bytes(content)
    count, _, said = names_and_folders(path)
    assert (count, said) == (1, "1 other file passed over: a file without a name in n.zip.")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (6, 1, "it has a password"),  # a flag of the member
        (8, 97, "compressed in a way"),  # its method
        (14, 1, "it is damaged"),  # its check sum
    ],
)
def test_a_member_that_cannot_be_read_says_why_in_plain_words(tmp_path, place, value, message):
    path = make_zip(tmp_path / "p.zip", {"a.png": encoded(make_picture()), "b.png": encoded(make_picture())})
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    for start in (0, central + 2):
        content[start + place] = (content[start + place] + value) % 256
    path.write_bytes(content)
    count, _, said = names_and_folders(path)
    assert count == 1
    assert said == f"1 picture cannot be used: a.png: {said.split(': ')[2]}"
    assert message in said
    assert "<" not in said


def test_names_that_are_no_text_are_one_sentence(tmp_path):
    path = make_zip(tmp_path / "u.zip", {"é.png": encoded(make_picture())})
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xff"))
    with pytest.raises(DataError, match="a file name in it is not valid text"):
        open_images(str(path), 16)


def test_a_bomb_in_a_zip_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(2**27))
        archive.writestr("b.png", encoded(make_picture()))
    read = []
    plain = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: read.append(n) or plain(self, n))
    assert names_and_folders(path)[0] == 1
    assert len(read) < 10


def test_an_empty_name_and_the_home_of_nobody_are_refused():
    for name in ("", "~nosuchuser/set", "x" * 400, "a\0b"):
        with pytest.raises(DataError):
            open_images(name, 16)
