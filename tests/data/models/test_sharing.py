"""Models that travel, over a stand-in for the hub."""

import json
import re
from dataclasses import replace

import pytest

from ebm_studio.cli.main import main
from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.models import card
from ebm_studio.data.models.card import fetch_model, find_model, read_card
from ebm_studio.data.models.model import Model, load_model
from ebm_studio.data.models.sharing import readme
from ebm_studio.data.storage.hub import HubName
from ebm_studio.data.storage.outside import FileKind
from tests.hub import TOKEN, serving_hub

pytest.importorskip("huggingface_hub")
from huggingface_hub import constants

MODEL = "model.safetensors"


@pytest.fixture
def hub(monkeypatch, tmp_path, tiny_model):
    """One with a model on it."""
    with serving_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        hub.files["someone/tiny"] = {MODEL: tiny_model.read_bytes(), "other/b.safetensors": tiny_model.read_bytes()}
        yield hub


def test_a_model_is_fetched_once_and_opened_from_the_cache_without_a_network(hub, tiny_model, monkeypatch):
    told = []
    path = fetch_model("hf:someone/tiny", lambda *counts: told.append(counts))
    assert path.read_bytes() == tiny_model.read_bytes()
    assert told[0] == ("looking for someone/tiny on the hub", 0, 0)
    assert told[-1] == (f"downloading {MODEL} of someone/tiny (MB)", 0, 1)
    assert fetch_model("hf:someone/tiny/other/b.safetensors").name == "b.safetensors"
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert load_model("hf:someone/tiny", "cpu").fingerprint == load_model(tiny_model, "cpu").fingerprint
    asked = len(hub.asked)
    assert find_model("hf:someone/tiny") == path
    assert len(hub.asked) == asked


def test_the_command_line_takes_such_a_name_wherever_it_takes_a_model(hub, tiny_model, tmp_path, capsys):
    for name, file in (("hf:someone/tiny", "a.png"), (str(tiny_model), "b.png")):
        assert main(["sample", name, "-o", str(tmp_path / file), "--count", "2"]) == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hf:someone", "is not a name on the hub: write hf:OWNER/NAME"),
        ("hf:someone/tiny/../../secret", "is not a name on the hub"),
        ("hf:nobody/nothing", r"There is no nobody/nothing on 127\.0\.0\.1:\d+, or it is private"),
        ("hf:someone/tiny/none.safetensors", "someone/tiny has no file none.safetensors"),
    ],
)
def test_a_name_that_leads_nowhere_is_one_line(hub, name, text, capsys):
    assert main(["sample", name, "-o", "never.png"]) == 2
    assert re.fullmatch(rf"ebm-studio sample: .*{text}.*\n", capsys.readouterr().err)


def test_what_was_never_fetched_and_cannot_be_is_said_in_a_sentence(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError, match=r"has not been downloaded yet, and 127\.0\.0\.1:9 does not answer\.$"):
        find_model("hf:someone/tiny")


def test_a_file_that_is_too_large_is_not_fetched(hub, monkeypatch):
    monkeypatch.setattr(card, "MODEL", FileKind("model file", 1000, CheckpointError))
    with pytest.raises(CheckpointError, match="too large"):
        fetch_model("hf:someone/tiny")
    assert not [line for line in hub.asked if line.startswith("GET")]


def test_a_model_is_pushed_with_its_card_and_samples_and_comes_back(hub, tiny_model, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["push", str(tiny_model), "hf:me/mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["address"] == f"{hub.url}/me/mine"
    files = hub.files["me/mine"]
    assert set(files) == {MODEL, "README.md", "samples.png"}
    assert files[MODEL] == tiny_model.read_bytes()
    assert files["samples.png"].startswith(b"\x89PNG")
    assert "ebm-studio sample hf:me/mine -o samples.png" in files["README.md"].decode()
    assert fetch_model("hf:me/mine").read_bytes() == tiny_model.read_bytes()


def test_who_did_not_sign_in_is_told_how_before_any_sample_is_drawn(hub, tiny_model, monkeypatch, capsys):
    monkeypatch.setattr(Model, "sample", None)
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    assert main(["push", str(tiny_model), "hf:me/mine"]) == 2
    assert "sign in with `hf auth login`" in capsys.readouterr().err


@pytest.mark.parametrize("gone", ["from the start", "on the way"])
def test_without_a_network_nothing_is_pushed_and_one_line_says_so(hub, tiny_model, monkeypatch, capsys, gone):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    if gone == "from the start":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    else:
        hub.refuses_uploads = True
    assert main(["push", str(tiny_model), "hf:me/mine"]) == 2
    [*_, line] = capsys.readouterr().err.splitlines()  # after the bars of the hub's library
    assert re.fullmatch(r"ebm-studio push: me/mine .*(does not answer|cannot be written by you).*", line)
    assert not hub.files.get("me/mine")


def test_the_readme_says_what_the_card_says_and_lets_no_markup_in(tiny_model):
    own = read_card(tiny_model)
    own = replace(own, short_run=replace(own.short_run, start_range=2.0))
    own = replace(own, name="<b>bold</b>", data=replace(own.data, name="a | b", count=7, held_out=2, licence="MIT"))
    text = readme(own, HubName.parse("hf:me/mine"))
    assert text.startswith("---\nlibrary_name: ebm-studio\nlicense: mit\n")
    assert ", from uniform noise, 2 times as wide |" in text
    assert "# \\<b\\>bold\\</b\\>" in text
    assert "| training pictures | a \\| b, 7, 2 held out |" in text
