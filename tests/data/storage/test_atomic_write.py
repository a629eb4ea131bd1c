import os
from pathlib import Path

import pytest

from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import remove_parts, write_whole


def test_the_file_appears_whole_with_ordinary_rights(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_whole(path, lambda file: file.write_text("new"))
    assert path.read_text() == "new"
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_writer_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(file: Path) -> None:
        file.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StudioError, match="No space left"):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_is_left_half_written_can_be_told_from_all_else(tmp_path):
    mine = {".git-credentials", ".notes-password", ".a.part-time", "a.part-abcdefgh.txt"}
    for name in mine:
        (tmp_path / name).touch()

    def killed(file: Path) -> None:
        (tmp_path / "left").write_text(file.name)
        raise KeyboardInterrupt

    for name in ("a.txt", "b"):
        with pytest.raises(KeyboardInterrupt):
            write_whole(tmp_path / name, killed)
        (tmp_path / (tmp_path / "left").read_text()).touch()
    assert len(os.listdir(tmp_path)) == 7
    remove_parts(tmp_path)
    assert set(os.listdir(tmp_path)) == {*mine, "left"}


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: (p.parent / "b").touch()])
def test_a_place_that_cannot_be_written_is_named(tmp_path, make):
    path = tmp_path / "a.txt"
    make(path)
    if not path.is_dir():
        path = tmp_path / "b" / "a.txt"
    with pytest.raises(StudioError, match="Cannot write"):
        write_whole(path, lambda file: file.write_text("x"))
