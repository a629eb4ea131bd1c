import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from ebm_studio.cli.main import main
from ebm_studio.cli.options import duration
from ebm_studio.core.energy.growing import fitted
from ebm_studio.core.sampling.langevin import seed_from
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.models.card import read_card
from ebm_studio.data.models.model import load_model
from ebm_studio.data.training.run_log import read_events, read_metrics, read_status
from tests.making import make_data, make_model


@pytest.fixture
def tiny(tmp_path) -> str:
    return str(make_model(tmp_path / "tiny.safetensors"))


@pytest.fixture
def data(tmp_path) -> str:
    return str(make_data(tmp_path / "data.zip"))


SMALL = ["--size", "16", "--width", "4", "--steps", "3", "--batch", "4", "--data-batch", "4"]


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_models_lists_every_bundled_model_with_its_card(capsys):
    code, out, _ = run(capsys, "models", "--json")
    models = json.loads(out)
    assert code == 0
    assert [model["name"] for model in models] == sorted(model["name"] for model in models)
    for model in models:
        assert Path(model["path"]).is_file()
        assert model["card"]["net"]["size"] in (16, 32, 64, 128)


def test_the_same_seed_gives_the_same_bytes_and_fewer_are_the_first_ones(capsys, tmp_path, tiny):
    for name, count in (("a", 16), ("b", 16), ("c", 4)):
        code, out, _ = run(
            capsys, "sample", tiny, "-o", tmp_path / f"{name}.png", "--count", count, "--seed", 3, "--json"
        )
        assert code == 0
        assert json.loads(out)["count"] == count
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    sixteen, four = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "ac")
    assert sixteen.shape == (32, 128)
    assert np.array_equal(sixteen[:16, :64], four)


def test_a_gif_holds_the_whole_chain(capsys, tmp_path, tiny):
    code, _, _ = run(capsys, "sample", tiny, "-o", tmp_path / "a.gif", "--count", 4, "--steps", 7, "--scale", 2)
    assert code == 0
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 8
        assert gif.size == (128, 32)
        assert gif.info["loop"] == 0


def test_options_change_the_short_run(capsys, tmp_path, tiny):
    words = ["--steps", 2, "--step-size", 0.5, "--noise-scale", 0, "--noise-steps", 1, "--settle", 1]
    code, out, _ = run(capsys, "sample", tiny, "-o", tmp_path / "a.png", "--json", *words)
    assert code == 0
    own = {"steps": 2, "step_size": 0.5, "noise_scale": 0.0, "start": "uniform", "start_range": 1.0, "noise_steps": 1}
    assert json.loads(out)["short_run"] == {**own, "settle": 1}


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "nothing", "-o", "a.png"],
        ["sample", "TINY", "-o", "a.txt"],
        ["sample", "TINY", "-o", "FILE/a.png"],
        ["sample", "TINY", "-o", "a.png", "--count", "0"],
        ["sample", "TINY", "-o", "a.png", "--count", "999999"],
        ["sample", "TINY", "-o", "a.png", "--seed", "-1"],
        ["sample", "TINY", "-o", "a.png", "--steps", "0"],
        ["sample", "TINY", "-o", "a.png", "--step-size", "nan"],
        ["sample", "TINY", "-o", "a.png", "--start", "cauchy"],
        ["sample", "TINY", "-o", "a.png", "--scale", "0"],
        ["sample", "FILE", "-o", "a.png"],
        ["train", "nowhere", "-o", "run"],
        ["train", "FILE", "-o", "run"],
        ["train", "DATA", "-o", "run", "--size", "33"],
        ["train", "DATA", "-o", "run", "--updates", "0"],
        ["train", "DATA", "-o", "run", "--hold-out", "99"],
        ["train", "DATA", "-o", "run", "--resume"],
        ["train", "DATA", "-o", "run", "--step-back"],
        ["train", "DATA", "-o", "FILE/run"],
        ["train", "DATA", "-o", "run", "--name", ""],
        ["runs", "nowhere"],
        ["runs", "FILE"],
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_else(capsys, tmp_path, monkeypatch, tiny, data, words):
    monkeypatch.chdir(tmp_path)
    Path("file.bin").write_text("plain")
    before = sorted(os.listdir())
    words = [w.replace("FILE", "file.bin").replace("TINY", tiny).replace("DATA", data) for w in words]
    code, out, err = run(capsys, *words)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"ebm-studio {words[0]}: ")
    assert sorted(os.listdir()) == before


def tree(folder):
    """All files under a folder with their content, and all folders."""
    return {path: path.is_dir() or path.read_bytes() for path in folder.rglob("*")}


OWN = (
    *(".git-credentials", ".notes-password", "control", "lock", "status.json", "events.jsonl", "reserve"),
    *("metrics.csv", "healthy-diet.safetensors", "model.safetensors", "samples/000500.png"),
)


@pytest.mark.parametrize("words", [["nowhere"], ["DATA", *SMALL, "--updates", "1"], ["DATA", "--resume"]])
def test_a_folder_with_other_files_is_never_taken_for_a_run(capsys, tmp_path, data, words):
    for name in OWN:
        path = tmp_path / "proj" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    before = tree(tmp_path)
    code, out, err = run(capsys, "train", *(word.replace("DATA", data) for word in words), "-o", tmp_path / "proj")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert tree(tmp_path) == before


def test_a_model_in_the_way_stays(capsys, tmp_path, data):
    path = make_model(tmp_path / "mym" / "model.safetensors")
    before = path.read_bytes()
    code, _, err = run(capsys, "train", data, "-o", path.parent, *SMALL, "--updates", 1)
    assert code == 2
    assert "new or empty" in err
    assert path.read_bytes() == before


@pytest.mark.parametrize("words", [["nowhere"], ["DATA", "--hold-out", "99"], ["DATA", "--size", "33"]])
@pytest.mark.parametrize("place", ["there", "not/there"])
def test_a_refused_run_leaves_no_folder_and_takes_none_away(capsys, tmp_path, data, words, place):
    (tmp_path / "there").mkdir()
    before = tree(tmp_path)
    words = [word.replace("DATA", data) for word in words]
    assert run(capsys, "train", *words, "-o", tmp_path / place)[0] == 2
    assert tree(tmp_path) == before


@pytest.mark.parametrize("words", [["DATA"], ["DATA", "--resume", "--width", "8"], ["DATA", "--resume", "--ema", "2"]])
def test_a_refused_command_leaves_a_run_as_it_was(capsys, tmp_path, data, words):
    assert run(capsys, "train", data, "-o", tmp_path / "run", *SMALL, "--updates", 2)[0] == 0
    before = tree(tmp_path)
    assert run(capsys, "train", *(word.replace("DATA", data) for word in words), "-o", tmp_path / "run")[0] == 2
    assert tree(tmp_path) == before


@pytest.mark.parametrize("place", ["pics", "pics/run", "pics/../pics/new/run"])
def test_a_run_never_lies_within_its_own_pictures(capsys, tmp_path, data, place):
    pictures = tmp_path / "pics"
    with zipfile.ZipFile(data) as archive:
        archive.extractall(pictures)
    before = tree(tmp_path)
    code, _, err = run(capsys, "train", pictures, "-o", tmp_path / place, *SMALL, "--updates", 1)
    assert (code, err.count("\n")) == (2, 1)
    assert tree(tmp_path) == before


def test_only_what_a_killed_process_left_half_written_is_tidied_away(capsys, tmp_path, data):
    folder = tmp_path / "run"
    words = ["train", "-o", folder, "--json"]
    assert run(capsys, *words, data, *SMALL, "--updates", 1)[0] == 0
    mine = [folder / ".git-credentials", folder / ".notes-password", folder / "healthy-diet.safetensors"]
    parts = [folder / ".state-next.part-ab_12xyz.safetensors", folder / "samples" / ".000001.part-ab_12xyz.png"]
    for path in (*mine, *parts):
        path.write_text("x")
    assert run(capsys, *words, "--resume", "--updates", 2)[0] == 0
    assert [path.exists() for path in (*mine, *parts)] == [True] * 3 + [False] * 2


def test_a_process_that_was_killed_before_it_began_does_not_block_its_folder(capsys, tmp_path, data):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").touch()
    assert run(capsys, "train", data, "-o", tmp_path / "run", *SMALL, "--updates", 1)[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["sample"],
        ["nonsense"],
        ["sample", "x", "-o", "a.png", "--device", "tpu"],
        *(["train", "x", "-o", "y", "--time-limit", text] for text in ("soon", "", "0", "0s", "0h0m", "1h30", "1m30")),
        ["train", "x", "-o", "y", "--save-every", "0"],
    ],
)
def test_bad_usage_is_one_line_and_exit_2(capsys, words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_durations():
    texts = {"90": 90, "90s": 90, "0.5": 0.5, "30m": 1800, "1.5h": 5400, "1h30m": 5400, "1h5s": 3605, " 2m1s ": 121}
    assert {text: duration(text) for text in texts} == texts


def test_training_by_command_then_more_of_it(capsys, tmp_path, data):
    words = ["train", data, "-o", tmp_path / "run", *SMALL, "--json"]
    code, out, _ = run(capsys, *words, "--updates", 2, "--hold-out", 3)
    result = json.loads(out)
    assert (code, result["updates"], result["stopped"]) == (0, 2, False)
    assert result["card"]["data"]["count"] == 9

    code, out, _ = run(capsys, "train", data, "-o", tmp_path / "run", "--resume", "--updates", 4, "--json")
    result = json.loads(out)
    assert (code, result["updates"], result["card"]["data"]["count"]) == (0, 4, 9)
    assert run(capsys, "sample", result["model"], "-o", tmp_path / "a.png")[0] == 0

    code, _, err = run(capsys, *words, "--resume", "--hold-out", 4)
    assert code == 2
    assert "--hold-out" in err
    code, _, err = run(capsys, *words, "--resume", "--width", 8)
    assert code == 2
    assert "keeps its network" in err


def test_runs_are_listed(capsys, tmp_path, data):
    assert run(capsys, "runs", "--json")[1].strip() == "[]"
    run(capsys, "train", data, "-o", tmp_path / "runs" / "one", *SMALL, "--updates", 2)
    (found,) = json.loads(run(capsys, "runs", tmp_path / "runs", "--json")[1])
    assert (found["name"], found["status"]["state"], found["status"]["updates"]) == ("one", "done", 2)
    assert [event["kind"] for event in found["events"]] == ["start", "done"]
    _, out, _ = run(capsys, "runs", tmp_path / "runs")
    assert re.fullmatch(r"one +done +2 updates 100%  Done after 2 updates.\n", out)


def train_process(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "ebm_studio", "train", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for_updates(process, folder, count):
    while process.poll() is None and len(read_metrics(folder)) < count:
        time.sleep(0.01)


def test_a_killed_run_ends_with_the_weights_of_an_unbroken_one(tmp_path, data):
    words = [*SMALL, "--updates", 20, "--save-every", "0.001s"]
    assert train_process(data, "-o", tmp_path / "whole", *words).wait() == 0

    process = train_process(data, "-o", tmp_path / "broken", *words)
    for count in (4, 11):
        wait_for_updates(process, tmp_path / "broken", count)
        process.kill()
        process.communicate()
        process = train_process(data, "-o", tmp_path / "broken", *words, "--resume")
    _, err = process.communicate()
    assert process.returncode == 0, err

    whole, broken = (load_state(tmp_path / name) for name in ("whole", "broken"))
    assert whole.keys() == broken.keys()
    assert all(np.array_equal(whole[key], broken[key]) for key in whole)


def load_state(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "state.safetensors")


def test_ctrl_c_stops_cleanly_and_keeps_all(tmp_path, data):
    process = train_process(
        data, "-o", tmp_path / "run", *SMALL, "--updates", 100000, "--save-every", "0.001s", "--json"
    )
    wait_for_updates(process, tmp_path / "run", 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    result = json.loads(out)
    assert result["stopped"]
    assert result["updates"] == len(read_metrics(tmp_path / "run")) >= 2
    assert (tmp_path / "run" / "model.safetensors").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such devices and signals")
@pytest.mark.parametrize(
    ("where", "code"),
    [(">/dev/full", 2), (">&-", 0), ("2>&- >&-", 0), ("| true", 0), ("2>/dev/full", 0), (">out.txt", 0)],
)
def test_a_run_is_done_whatever_becomes_of_what_it_prints(tmp_path, data, where, code):
    words = [sys.executable, "-m", "ebm_studio", "train", data, "-o", "ру́н", *SMALL, "--updates", "2"]
    env = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONPATH": str(Path(__file__).parents[2])}
    line = f"set -o pipefail; {shlex.join(words)} {where}"
    ended = subprocess.run(["bash", "-c", line], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ("No space left" in ended.stderr) == (code == 2)
    assert read_status(tmp_path / "ру́н").state == "done"
    assert [event.kind for event in read_events(tmp_path / "ру́н")] == ["start", "done"]
    if where == ">out.txt":
        assert "2 updates" in (tmp_path / "out.txt").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_terminal_that_is_closed_stops_the_run_and_keeps_all(tmp_path, data):
    process = train_process(data, "-o", tmp_path / "run", *SMALL, "--updates", 100000, "--save-every", "1h")
    wait_for_updates(process, tmp_path / "run", 2)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 130
    status = read_status(tmp_path / "run")
    assert (status.state, status.updates) == ("stopped", len(read_metrics(tmp_path / "run")))


@pytest.mark.parametrize("reason", ["no data", "other data"])
def test_a_refused_resume_leaves_a_done_run_done(capsys, tmp_path, data, reason):
    assert run(capsys, "train", data, "-o", tmp_path / "run", *SMALL, "--updates", 2)[0] == 0
    before = read_status(tmp_path / "run")
    other = tmp_path / "none.zip" if reason == "no data" else make_data(tmp_path / "other.zip", count=5)
    code, _, err = run(capsys, "train", other, "-o", tmp_path / "run", "--resume")
    assert (code, err.count("\n")) == (2, 1)
    after = read_status(tmp_path / "run")
    assert (after.state, after.text, after.updates) == ("done", before.text, 2)
    assert [event.kind for event in read_events(tmp_path / "run")] == ["start", "done", "data_lost"]


def test_learning_begins_with_another_models_weights(capsys, tmp_path, tiny):
    data = make_data(tmp_path / "data.zip")
    few = ["--batch", 4, "--data-batch", 4, "--channels", 1, "--updates", 1, "--learning-rate", "1e-8"]
    code, out, _ = run(capsys, "train", data, "-o", tmp_path / "run", "--from", tiny, *few, "--json")
    assert code == 0
    card = json.loads(out)["card"]
    assert card["short_run"] == read_card(Path(tiny)).short_run.to_dict()
    assert "tiny" in card["note"]
    before, after = (load_file(path) for path in (tiny, tmp_path / "run" / "model.safetensors"))
    for name, weight in before.items():
        np.testing.assert_allclose(weight, after[name], atol=1e-6)


@pytest.mark.parametrize(("size", "width"), [(16, 32), (32, 8), (32, 16)])
def test_learning_begins_with_a_larger_copy_of_a_model(capsys, tmp_path, size, width):
    path = make_model(tmp_path / "small.safetensors", NetSpec(size=16, channels=1, width=16))
    data = make_data(tmp_path / "data.zip")
    words = ["--size", size, "--width", width, "--batch", 4, "--data-batch", 4, "--channels", 1]
    few = [*words, "--updates", 1, "--learning-rate", "1e-8"]
    assert run(capsys, "train", data, "-o", tmp_path / "run", "--from", path, *few)[0] == 0
    small, large = (load_model(str(each), "cpu", "fp32") for each in (path, tmp_path / "run" / "model.safetensors"))
    assert large.card.net == replace(small.card.net, size=size, width=width)
    assert large.card.short_run.start_range == size / 16
    expected = fitted(small.net, large.card.net, torch.Generator().manual_seed(seed_from("grown", 0)))
    images = torch.rand(3, 1, size, size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(large.net(images), expected(images), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "words",
    [
        ["--width", "12"],
        ["--width", "2"],
        ["--size", "32", "--width", "4"],  # too narrow to grow
        ["--size", "64"],
        ["--channels", "3"],
        ["--activation", "silu"],
        ["--from", "nothing"],
    ],
)
def test_a_model_that_learning_cannot_begin_with(capsys, tmp_path, tiny, words):
    data = make_data(tmp_path / "data.zip")
    grey = ["--channels", "1"]
    code, out, err = run(capsys, "train", data, "-o", tmp_path / "run", "--from", tiny, *grey, *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert not (tmp_path / "run").exists()


def test_learning_cannot_begin_with_a_landscape(capsys, tmp_path):
    land, data = tmp_path / "rings.safetensors", make_data(tmp_path / "data.zip")
    few = ["--updates", 1, "--steps", 2, "--batch", 8, "--data-batch", 8, "--width", 8]
    assert run(capsys, "landscape", "rings", "-o", land, *few)[0] == 0
    code, out, err = run(capsys, "train", data, "-o", tmp_path / "run", "--from", land)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "is a landscape" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_run_in_a_folder_whose_name_is_not_utf8_goes_on(capsys, tmp_path, data):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    assert run(capsys, "train", data, "-o", folder, *SMALL, "--updates", 2)[0] == 0
    code, _, err = run(capsys, "train", "-o", folder, "--resume", "--updates", 4)
    assert (code, "damaged" in err) == (0, False)
    assert read_card(Path(folder) / "model.safetensors").updates == 4
