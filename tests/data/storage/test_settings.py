"""The settings file: what comes back, and that nothing in it is believed."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from ebm_studio.data.storage.settings import Settings


def test_each_kind_of_value_comes_back(tmp_path: Path):
    settings = Settings(tmp_path / "new" / "settings.json")
    settings.set("place", b"\x00\xff")
    settings.set("on", True)
    settings.set("folder", "/photos/caf\udce9")  # a name of bytes that are not UTF-8
    settings.set("recent", ["a", "b"])
    settings.set("split", [300, 0])
    again = Settings(settings.path)
    assert (again.blob("place"), again.flag("on"), again.text("folder")) == (b"\x00\xff", True, "/photos/caf\udce9")
    assert (again.data("recent"), again.sizes("split", 2)) == (["a", "b"], [300, 0])


def test_a_value_of_another_kind_is_the_default(tmp_path: Path):
    settings = Settings(tmp_path / "settings.json")
    for wrong in (1, 1e308, None, ["x"], {"x": 1}, "=x", "é"):
        settings.set("key", wrong)
        assert settings.blob("key") == b""
        assert settings.flag("key") is False
    for wrong in ([1], [1, 2, 3], [0, 0], [-1, 5], [1, 10**400], [1, True], [1, 2.0], "12", None):
        settings.set("key", wrong)
        assert settings.sizes("key", 2) == []
    settings.set("key", 10**400)
    assert Settings(settings.path).text("key", "default") == "default"


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, pickle.dumps({"a": 1}), b" " * 2**21]
)
def test_a_damaged_file_is_kept_aside(tmp_path: Path, damage: bytes):
    path = tmp_path / "settings.json"
    path.write_bytes(damage)
    settings = Settings(path)
    assert settings.text("scheme", "system") == "system"
    settings.set("scheme", "dark")
    assert json.loads(path.read_text()) == {"scheme": "dark"}
    assert (tmp_path / "settings.damaged.json").read_bytes() == damage


def test_two_windows_keep_each_others_changes(tmp_path: Path):
    one, other = Settings(tmp_path / "settings.json"), Settings(tmp_path / "settings.json")
    one.set("a", 1)
    other.set("b", 2)
    one.set("c", 3)
    assert json.loads((tmp_path / "settings.json").read_text()) == {"a": 1, "b": 2, "c": 3}


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path):
    (tmp_path / "file").touch()
    settings = Settings(tmp_path / "file" / "settings.json")
    settings.set("a", 1)
    assert settings.data("a") == 1
