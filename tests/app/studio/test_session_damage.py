"""A session that somebody's editor, a full disk or another program has been at: no part takes the others along."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QApplication

from ebm_studio.app.studio.openers import local_files
from ebm_studio.app.studio.session import Session
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.driver import Window
from tests.app.studio.test_studio import keep_by_key, names
from tests.making import encoded, make_picture

HUGE = 10**400
FUZZ = int(os.environ.get("EBM_STUDIO_FUZZ", "150"))


@pytest.fixture
def left(qtbot, running: Window, tmp_path: Path) -> Path:
    """The session file of a window with something on every page."""
    keep_by_key(running, 2, 4)
    (tmp_path / "photo.png").write_bytes(encoded(make_picture((40, 30))))
    running.reconstruct.state.open_files([tmp_path / "photo.png"])
    qtbot.waitUntil(lambda: bool(running.reconstruct.state.photos), timeout=PATIENCE)
    running.close()
    return running.studio.session.path


def set_deep(data: dict[str, Any], path: str, value: object) -> None:
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        data = data[step]
    data[last] = value


@pytest.mark.parametrize(
    "path",
    [
        "generate/parameters/run/step_size",
        "history/0/run/step_size",
        "compare/A/run/noise_scale",
        "train/plan/learning/learning_rate",
        "interpolate/run/step_size",
        "reconstruct/photos/0/crop/left",
    ],
)
def test_one_bad_value_costs_no_other_part_and_no_file(qtbot, opened, left: Path, path: str):
    data = json.loads(left.read_text())
    set_deep(data, path, HUGE)
    left.write_text(damaged := json.dumps(data))
    files = sorted(left.parent.rglob("*.*"))
    again = opened()
    wait_for_chain(qtbot, again)
    assert names(again.studio.shelf) == ["0:2", "0:4"]
    assert "was damaged" in again.banner.text.text()
    assert path.split("/")[0] in again.banner.text.text()
    if not path.startswith("reconstruct"):
        qtbot.waitUntil(lambda: bool(again.reconstruct.state.photos), timeout=PATIENCE)
    again.close()
    (aside,) = left.parent.glob("session-damaged-*.json")
    assert aside.read_text() == damaged
    assert set(files) <= {*left.parent.rglob("*.*"), left}  # all that it refers to is there too


def test_a_damaged_file_that_cannot_be_moved_is_not_written_over(qtbot, left: Path):
    left.write_text("{")
    session, said = Session(left.parent), []
    session.failed.connect(said.append)
    left.parent.chmod(0o500)
    if os.access(left.parent, os.W_OK):  # nothing is forbidden to root
        session._set_aside = lambda reason: setattr(session, "_stuck", "It cannot be moved away.")
    session.load()
    left.parent.chmod(0o700)
    session.save()
    assert left.read_text() == "{"
    assert "is not saved" in said[-1]


def test_whatever_one_value_becomes_the_window_goes_on(qtbot, opened, left: Path):
    sound, chance = left.read_text(), random.Random(0)
    window = opened()
    wait_for_chain(qtbot, window)
    for number in range(FUZZ):
        left.write_text(mutated(sound, chance))
        window.studio.session.load()
        QApplication.processEvents()
        window.studio.session._stuck = ""
        window.studio.session.save()
        assert json.loads(left.read_text())["format"] == 1, number
    window.show_page(window.generate)


NUMBERS = (0, -1, 7, HUGE, -HUGE, 1e308, float("inf"), float("nan"))
WRONG = (None, "", "x", "\udce9", [], {}, [[]], True, "a" * 5000, *NUMBERS)


def mutated(text: str, chance: random.Random) -> str:
    """The JSON with one value of it replaced, left out or doubled."""
    data = json.loads(text)
    places = list(_places(data))
    owner, key = chance.choice(places)
    way = chance.random()
    if way < 0.8:
        owner[key] = chance.choice(WRONG)
    elif isinstance(owner, dict) and way < 0.95:
        del owner[key]
    elif isinstance(owner, list):
        owner.insert(0, owner[key])
    return json.dumps(data)


def _places(data: Any) -> Any:
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        if key not in ("format", "written_by"):
            yield data, key
            if isinstance(data[key], dict | list):
                yield from _places(data[key])


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_photo_whose_name_is_not_utf8_is_saved_and_there_again(qtbot, opened, running, tmp_path: Path):
    folder = tmp_path / "album"
    folder.mkdir()
    file = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png"))
    file.write_bytes(encoded(make_picture((40, 30))))
    running.files.open([folder])
    qtbot.waitUntil(lambda: bool(running.reconstruct.state.photos), timeout=PATIENCE)
    running.studio.session.save()
    assert not running.banner.isVisible()
    running.close()
    again = opened()
    qtbot.waitUntil(lambda: bool(again.reconstruct.state.photos), timeout=PATIENCE)
    assert again.reconstruct.state.photos[0].file == file
    wait_for_chain(qtbot, again)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_dropped_file_keeps_the_bytes_of_its_name():
    data = QMimeData()
    data.setUrls([QUrl("file:///a/caf%E9%25%20x.png"), QUrl("https://b/c.png"), QUrl.fromLocalFile("/ü ?#%41.png")])
    assert local_files(data) == [Path("/a/caf\udce9% x.png"), Path("/ü ?#%41.png")]
