"""Run folders, and the small files that the program keeps."""

import json
import os
import shutil

import pytest

from ebm_studio.core.specs import Evaluation, Interpolation, Learning, NetSpec, Reconstruction, ShortRun
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.models.evaluation_cache import KeptEvaluation, keep_evaluation, read_evaluation
from ebm_studio.data.models.model import load_model
from ebm_studio.data.models.thumbnails import keep_thumbnail, read_thumbnail
from ebm_studio.data.pictures.pictures import to_pixels
from ebm_studio.data.storage.settings import Settings
from ebm_studio.data.training.checkpoints import read_state
from ebm_studio.data.training.run_folder import RunFolder, list_runs
from tests.fuzz.mutations import odd_data, odd_json, spoilt
from tests.making import make_data, make_figures, make_model

FILES = ("run.json", "status.json", "events.jsonl", "metrics.csv", "state.safetensors", "lock")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    from ebm_studio.cli.main import main

    folder = tmp_path_factory.mktemp("whole")
    words = ["--size", "16", "--width", "4", "--steps", "3", "--batch", "4", "--data-batch", "4", "--updates", "3"]
    assert main(["train", str(make_data(folder / "data.zip")), "-o", str(folder / "run"), *words, "--json"]) == 0
    return folder / "run"


def look_at(path) -> None:
    """Read everything that the list of runs and the page need of a run."""
    assert [found.path for found in list_runs(path.parent)] in ([path], [])
    folder = RunFolder(path)
    status = folder.status()
    assert 0 <= status.progress <= 1
    assert len(f"{status.seconds:.0f} {status.updates}") < 30
    assert folder.metrics().ndim == 2
    json.dumps([event.text for event in folder.events()])
    assert all(update >= 0 for update, _ in folder.grids())
    folder.plan()


@pytest.mark.parametrize("name", FILES)
def test_files_of_a_run(tmp_path, outcome, many, whole, name):
    path = tmp_path / "runs" / "run"
    shutil.copytree(whole, path)
    content = (whole / name).read_bytes()
    made = list(spoilt([content], 31, many // 6))
    if name.endswith(".json"):
        made += [text.encode("utf-8", "replace") for text in odd_json(json.loads(content), 32, many // 2)]
    if name == "events.jsonl":
        made += [text.encode() for text in odd_json(json.loads(content.splitlines()[0]), 33, many // 2)]
    for number, text in enumerate(made):
        (path / name).write_bytes(text)
        outcome.of(lambda: look_at(path), f"{name} {number}")
        if name == "state.safetensors":
            outcome.of(lambda: read_state(path), f"state {number}", "run")


def test_folders_and_pipes_in_place_of_a_runs_files(tmp_path, outcome, whole):
    for name in (*FILES, "control", "samples", "model.safetensors"):
        for kind in ("folder", "pipe"):
            path = tmp_path / f"{kind}-{name}" / "run"
            shutil.copytree(whole, path)
            shutil.rmtree(path / name) if (path / name).is_dir() else (path / name).unlink(missing_ok=True)
            if kind == "folder":
                (path / name).mkdir()
            elif hasattr(os, "mkfifo"):
                os.mkfifo(path / name)
            outcome.of(lambda path=path: look_at(path), f"{kind} {name}")
            outcome.of(lambda path=path: read_state(path), f"state {kind} {name}")


SPECS = (NetSpec(), ShortRun(), Learning(), Evaluation(), Reconstruction(), Interpolation(), Look())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_settings_from_sessions_and_recipes(outcome, many, spec):
    for number, data in enumerate(odd_data(spec.to_dict(), 41, many)):
        outcome.of(lambda data=data: type(spec).from_dict(data), f"{type(spec).__name__} {number}")


def test_what_the_window_remembers(tmp_path, outcome, many):
    path = tmp_path / "settings.json"
    data = {"models/recent": ["a", "b"], "train/all": True, "window/geometry": "AAAA", "export": {"scale": 3}}
    for number, text in enumerate(odd_json(data, 42, many)):
        path.write_bytes(text.encode("utf-8", "replace"))

        def read() -> None:
            settings = Settings(path)
            for key in data:
                assert isinstance(settings.text(key), str)
                assert isinstance(settings.flag(key), bool)
                assert isinstance(settings.blob(key), bytes)

        outcome.of(read, f"settings {number}")
    assert outcome.refused == 0


def test_caches(tmp_path, outcome, many):
    path = tmp_path / "evaluation.json"
    keep_evaluation(path, KeptEvaluation("birds", Evaluation(), make_figures()))
    for number, text in enumerate(odd_json(json.loads(path.read_text()), 43, many)):
        path.write_bytes(text.encode("utf-8", "replace"))
        outcome.of(lambda: read_evaluation(path), f"evaluation {number}")
    model = load_model(make_model(tmp_path / "tiny.safetensors"), "cpu", "fp32")
    thumbnail = tmp_path / "thumbnail.png"
    keep_thumbnail(thumbnail, to_pixels(model.sample(8).numpy()), model.card)
    for number, content in enumerate(spoilt([thumbnail.read_bytes()], 44, many)):
        thumbnail.write_bytes(content)
        outcome.of(lambda: read_thumbnail(thumbnail), f"thumbnail {number}")
    assert outcome.refused == 0
