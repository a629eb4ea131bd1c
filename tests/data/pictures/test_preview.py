import zipfile

import numpy as np
import pytest

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures.datasets import open_images
from ebm_studio.data.pictures.preview import preview, spread
from tests.making import encoded, make_data, make_picture, make_zip


def test_some_pictures_of_many_evenly(tmp_path):
    path = make_data(tmp_path / "data.zip", 30)
    found = preview(str(path), 16, 3, limit=4)
    assert found.count == 30
    whole = open_images(str(path), 16, 3).images
    assert np.array_equal(found.pixels, whole[[0, 10, 19, 29]])
    assert preview(str(path), 16, 1).pixels.shape == (30, 1, 16, 16)


def test_what_cannot_be_read_is_said(tmp_path):
    path = make_zip(tmp_path / "data.zip", {"a.png": encoded(make_picture()), "b.png": b"no picture", "c.txt": b""})
    found = preview(str(path), 16)
    assert (found.count, len(found.pixels)) == (2, 1)
    assert "b.png" in found.skipped[0]
    with pytest.raises(DataError, match="no image"):
        preview(str(make_zip(tmp_path / "none.zip", {"c.txt": b""})), 16)
    with pytest.raises(DataError, match="no data set"):
        preview("nowhere", 16)


def test_hidden_files_are_not_there_and_others_are_named(tmp_path):
    picture = encoded(make_picture())
    names = ["a.png", ".thumbs/a.png", "__MACOSX/._a.png", "notes.txt", "sub/b.png", "sub/c.psd", "sub/.b.png"]
    archive = make_zip(tmp_path / "data.zip", dict.fromkeys(names, picture))
    folder = tmp_path / "data"
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    for source in (archive, folder):
        found = preview(str(source), 16)
        assert (found.count, found.skipped) == (2, [])
        assert found.others == ["notes.txt", "sub/c.psd"]
        assert len(open_images(str(source), 16)) == 2


def test_a_set_by_name_brings_its_licence():
    found = preview("fashion-mnist-test", 32)
    assert (found.count, found.pixels.shape, found.licence) == (10_000, (64, 1, 32, 32), "MIT")


def test_a_set_by_name_is_unpacked_once():
    found = preview("fashion-mnist-test", 32)
    assert preview("fashion-mnist-test", 32) is found
    assert preview("fashion-mnist-test", 16).pixels.shape == (64, 1, 16, 16)


def test_a_spread_has_both_ends_and_no_number_twice():
    assert spread(0, 4) == []
    assert spread(3, 4) == [0, 1, 2]
    assert spread(100, 3) == [0, 50, 99]
