import os
import socket
from pathlib import Path

import pytest

from ebm_studio.core.errors import CheckpointError, DataError, StudioError, one_line
from ebm_studio.data.storage.outside import FileKind, path_of

KIND = FileKind("letter", 1000, CheckpointError)


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        KIND.read(path)
    return str(caught.value)


def test_a_plain_file_is_read_also_through_a_link(tmp_path):
    (tmp_path / "a").write_bytes(b"hello")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert KIND.read(tmp_path / "a") == KIND.read(tmp_path / "b") == b"hello"
    assert KIND.check(tmp_path / "b") == 5


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_what_is_no_plain_file_is_called_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(tmp_path / "plug"))
        assert refused(tmp_path / "plug").endswith("plug is a socket: give a letter.")
    assert refused(tmp_path / "pipe").endswith("pipe is a pipe: give a letter.")
    assert refused(tmp_path) == f"{tmp_path} is a folder: give a letter."
    assert refused(Path("/dev/zero")) == "/dev/zero is a device: give a letter."
    assert refused(tmp_path / "link").endswith("is a link to a file that is gone: give a letter.")
    assert refused(tmp_path / "none") == f"There is no letter {tmp_path / 'none'}."


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    assert refused(tmp_path / "sparse") == f"{tmp_path / 'sparse'} is too large for a letter: it has more than 1 kB."


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 300, "y/" * 3000])
def test_a_name_that_no_file_can_have_is_one_sentence(name):
    message = refused(Path(name))
    assert "\0" not in message
    assert len(message) < 200
    message.encode()


def test_a_name_with_a_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert path_of("~/x.png", DataError) == tmp_path / "x.png"
    with pytest.raises(DataError, match="there is no user nosuchuser"):
        path_of("~nosuchuser/x.png", DataError)
    with pytest.raises(DataError, match="empty"):
        path_of(" ", DataError)


def test_no_message_has_a_second_line():
    assert str(StudioError("a\nb\tc \x1b[31m \udce9")) == "a b c \ufffd[31m \ufffd"
    assert len(one_line("x" * 10**6)) == 1000
    assert one_line(f"not {10**400}.") == "not 10000000000000000000…."
