"""One window for a person, and files named at the start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ebm_studio.app.shell import hand_over
from ebm_studio.app.shell.guests import Guests
from ebm_studio.app.shell.hand_over import Wish, take_or_hand_over
from ebm_studio.cli.main import main
from ebm_studio.core.errors import StudioError
from tests.app.conftest import PATIENCE
from tests.making import encoded, make_picture

STRANGE = "/a/caf\udce9 \n.png"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(encoded(make_picture((40, 30))))
    return tmp_path / "a.png"


def test_a_wish_comes_across_whole():
    wish = Wish(model="faces32", files=(Path(STRANGE), Path("/b")), activation="token")
    assert Wish.from_json(wish.to_json().encode("ascii")) == wish


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"7", b'{"model": 1, "files": [], "activation": ""}', b'{"model": null, "files": ["a"]}',
     b'{"model": null, "files": ["relative"], "activation": ""}', b'{"model": null, "files": [7], "activation": ""}'],
)  # fmt: skip
def test_anything_else_is_no_wish(text: bytes):
    with pytest.raises((ValueError, RecursionError)):
        Wish.from_json(text)


def test_the_first_has_the_place_until_it_leaves(tmp_path: Path, monkeypatch):
    place = take_or_hand_over(tmp_path, Wish())
    assert place is not None
    monkeypatch.setattr(hand_over, "PATIENCE", 0.1)
    with pytest.raises(StudioError, match="does not answer"):
        take_or_hand_over(tmp_path, Wish())
    assert list(place.wishes()) == []  # a start that gave up takes its wish along
    place.close()
    again = take_or_hand_over(tmp_path, Wish())
    assert again is not None
    again.close()


def test_what_lies_in_the_inbox_by_chance_is_thrown_away(tmp_path: Path):
    place = take_or_hand_over(tmp_path, Wish())
    assert place is not None
    old = place.inbox / "old.json"
    old.write_text(Wish(model="x").to_json())
    os.utime(old, (time.time() - 3600,) * 2)
    (place.inbox / "other.json").write_bytes(b"\xff" * 100)
    (place.inbox / "large.json").write_bytes(b" " * (hand_over.MAX_BYTES + 1))
    (place.inbox / "folder").mkdir()
    assert list(place.wishes()) == []
    assert [path.name for path in place.inbox.iterdir()] == ["folder"]
    place.close()


def test_a_folder_that_cannot_be_written_keeps_no_window_from_opening(running, tmp_path: Path):
    (tmp_path / "file").touch()
    place = take_or_hand_over(tmp_path / "file" / "settings", Wish())
    assert place is not None
    Guests(place, running)
    place.close()


def test_the_open_window_takes_the_files_and_comes_forward(qtbot, running, tmp_path: Path, photo: Path):
    place = take_or_hand_over(tmp_path / "settings", Wish())
    assert place is not None
    Guests(place, running)
    running.showMinimized()
    found: list[object] = []
    wish = Wish(files=(photo,))
    other = threading.Thread(target=lambda: found.append(take_or_hand_over(tmp_path / "settings", wish)))
    other.start()
    state = running.reconstruct.state
    qtbot.waitUntil(lambda: [photo.file for photo in state.photos] == [photo], timeout=PATIENCE)
    other.join()
    assert found == [None]
    assert running.page is running.reconstruct
    assert not running.isMinimized()
    place.close()


def test_a_window_that_closes_leaves_the_wish_to_the_next(qtbot, running, tmp_path: Path, photo: Path):
    place = take_or_hand_over(tmp_path / "settings", Wish())
    assert place is not None
    running.close()
    (place.inbox / "a.json").write_text(Wish(files=(photo,)).to_json())
    Guests(place, running)
    assert [wish.files for _, wish in place.wishes()] == [(photo,)]
    place.close()


@pytest.mark.parametrize("words", [["sampel"], ["no.jpg"], ["--model", "x", "no.jpg"], ["a" * 300], ["\0"]])
def test_what_is_neither_file_nor_command_is_one_line_and_exit_2(capsys, words: list[str]):
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("ebm-studio: There is no file or command ")
    assert err.count("\n") == 1


WATCH = """
import sys
from ebm_studio.app.shell import window
from ebm_studio.cli.main import main

class Watched(window.MainWindow):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.photos = self.pages[1].state
        self.photos.photos_changed.connect(self.announce)
        self.started.connect(lambda: print("started", flush=True))
    def announce(self):
        print("photos", *[photo.path.name for photo in self.photos.photos], flush=True)

window.MainWindow = Watched
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def start(tmp_path: Path, tiny_model: Path):
    """Starts the program with some words, as a process of its own."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WATCH, "--model", str(tiny_model), *words]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> None:
    assert process.stdout is not None
    assert any(wanted(line.strip()) for line in iter(process.stdout.readline, ""))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no polite kill")
def test_a_second_start_hands_over_also_after_a_crash(start, tmp_path: Path, photo: Path):
    (tmp_path / "b.png").write_bytes(photo.read_bytes())
    first = start("a.png")
    until(first, lambda line: line == "photos a.png")
    assert start("b.png").wait(timeout=100) == 0
    until(first, lambda line: line == "photos a.png b.png")
    first.kill()
    first.wait()
    third = start()
    until(third, lambda line: line == "started")
    third.send_signal(signal.SIGTERM)
    _, complaints = third.communicate(timeout=200)
    assert (third.returncode, "Traceback" in complaints) == (0, False)
    assert json.loads((tmp_path / "config" / "EBM Studio" / "session" / "session.json").read_text())["format"] == 1
