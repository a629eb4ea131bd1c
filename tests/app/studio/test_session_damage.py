"""A session that somebody's editor, a full disk or another program has been at: no part takes the others along."""

from __future__ import annotations

import json
import os
import shutil
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QApplication

from ebm_studio.app.studio.openers import local_files
from ebm_studio.app.studio.session import Session
from ebm_studio.data.storage.settings import Settings
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.driver import Window
from tests.app.studio.test_studio import keep_by_key, names
from tests.fuzz.mutations import odd_data, spoilt
from tests.making import encoded, make_picture

HUGE = 10**400


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
        "compare/sides/0/run/noise_scale",
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


PARTS = (
    "window",
    "generate",
    "history",
    "shelf",
    "reconstruct",
    "interpolate",
    "compare",
    "landscape",
    "train",
    "pace",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def full(request: pytest.FixtureRequest, qtbot, settings: Settings, store: Path) -> tuple[Path, dict[str, Any]]:
    """The session of a window in which every page has been used, made once, and what it holds."""
    folder = settings.path.parent / "session"
    if not any(store.iterdir()):
        use_every_page(qtbot, request.getfixturevalue("running"), store)
        shutil.copytree(folder, store, dirs_exist_ok=True)
    else:
        shutil.copytree(store, folder)
    sound = json.loads((folder / "session.json").read_text())
    assert set(PARTS) == sound.keys() - {"format", "written_by"}
    return folder / "session.json", sound


def use_every_page(qtbot, window: Window, place: Path) -> None:
    keep_by_key(window, 2, 4)
    (place / "photo.png").write_bytes(encoded(make_picture((40, 30))))
    window.reconstruct.state.open_files([place / "photo.png"])
    for stop, kept in enumerate(window.studio.shelf.items):
        window.path.set_stop(stop, kept)
    window.compare_state.sides[1].change(steps=7)
    landscape = window.landscape.state
    landscape.change_part("net", "Width", width=8)
    landscape.change_part("learning", "Batches", chains=8, images=8)
    landscape.train(1)
    window.train.setup.change_part("net", width=8)
    qtbot.waitUntil(lambda: landscape.packed is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(window.reconstruct.state.photos), timeout=PATIENCE)
    wait_for_chain(qtbot, window)
    window.close()


def test_whatever_a_part_becomes_the_others_are_kept_and_one_banner_says_so(qtbot, opened, full, many):
    path, sound = full
    window = opened()
    wait_for_chain(qtbot, window)
    session, said = window.studio.session, []
    session.failed.connect(said.append)
    session.load()
    whole = kept_of(session, path)
    plain = {**sound, "reconstruct": {**sound["reconstruct"], "photos": []}}  # each load would add them once more
    tries = zip(*(odd_data(sound[part], seed, many // len(PARTS)) for seed, part in enumerate(PARTS)), strict=True)
    for number, odd in enumerate(chain.from_iterable(tries)):
        part = PARTS[number % len(PARTS)]
        path.write_text(damaged := json.dumps({**plain, part: odd}))
        session.load()
        QApplication.processEvents()
        check_banner(said, path, damaged.encode(), f" ({part}")
        now = kept_of(session, path)
        assert {name for name in PARTS if now[name] != whole[name]} <= {part}, (number, part, odd)
        path.write_text(json.dumps(plain))
        session.load()
        assert kept_of(session, path) == whole, (number, part, odd)


def check_banner(said: list[str], path: Path, damaged: bytes, why: str = "") -> None:
    """At most one was shown, which says the reason; then the damaged file is kept."""
    assert len(said) <= 1, said
    asides = list(path.parent.glob("session-damaged-*.json"))
    assert len(asides) == len(said)
    for aside in asides:
        assert said.pop().startswith(f"The last session was damaged{why}")
        assert aside.read_bytes() == damaged
        aside.unlink()


def kept_of(session: Session, path: Path) -> dict[str, Any]:
    """What the session would save now, but for photos, which each load adds."""
    session.save()
    data: dict[str, Any] = json.loads(path.read_text())
    del data["reconstruct"]["photos"]
    return data


def test_a_window_that_is_closed_before_it_has_started_loses_nothing(opened, full):
    path, _ = full
    files = {file: file.read_bytes() for file in path.parent.rglob("*.*")}
    assert len(files) > 3
    opened().close()
    QApplication.processEvents()
    assert {file: file.read_bytes() for file in path.parent.rglob("*.*")} == files


def test_with_any_damaged_part_the_window_starts_and_closes(qtbot, opened, full):
    path, sound = full
    for seed, part in enumerate(PARTS):
        [odd] = odd_data(sound[part], 100 + seed, 1)
        path.write_text(json.dumps({**sound, part: odd}))
        window = opened()
        wait_for_chain(qtbot, window)
        for page in window.pages:
            window.show_page(page)
        QApplication.processEvents()
        window.close()
        assert json.loads(path.read_text())["format"] == 1, (part, odd)


def test_a_spoilt_file_is_one_banner_and_is_kept(qtbot, opened, full, many):
    path, sound = full
    window = opened()
    wait_for_chain(qtbot, window)
    session, said = window.studio.session, []
    session.failed.connect(said.append)
    for content in spoilt([json.dumps(sound).encode()], 7, many // 3):
        path.write_bytes(content)
        session.load()
        QApplication.processEvents()
        check_banner(said, path, content)
        session.save()
        assert not said


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
