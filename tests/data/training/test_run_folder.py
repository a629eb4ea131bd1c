"""Run folders from outside, with the real process at work in them."""

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import asdict, replace

import numpy as np
import pytest

from ebm_studio.app.pages.train.setup.plan_fields import LEARNING, NET, SHORT_RUN
from ebm_studio.cli.main import build_parser
from ebm_studio.cli.train import _plan
from ebm_studio.core.errors import StudioError
from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.models.card import read_card
from ebm_studio.data.training.plan import Plan, command_of, read_plan
from ebm_studio.data.training.run_folder import (
    RunFolder,
    default_root,
    empty_trash,
    list_runs,
    look_into_trash,
    new_run,
)
from ebm_studio.data.training.run_log import (
    LOCK,
    METRICS,
    Event,
    Status,
    append,
    append_metrics,
    cut_metrics,
    is_locked,
    locked,
    metrics_of,
    metrics_row,
    read_status,
    write_status,
)
from tests.making import TINY, make_data, make_model

PATIENCE = 120


@pytest.fixture
def plan(tmp_path):
    return Plan(
        net=TINY,
        short_run=ShortRun(steps=3),
        learning=Learning(updates=1_000_000, chains=4, images=4, learning_rate=1e-4),
        source=str(make_data(tmp_path / "data.zip")),
        name="my birds",
        backend="fp32",
    )


def wait_for(condition, process_of=None):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, process_of and (process_of.path / "train.log").read_text()
        time.sleep(0.02)


def kinds(run):
    return [event.kind for event in run.events()]


def test_a_run_is_started_watched_paused_ended_and_found_again(tmp_path, plan):
    run = new_run(tmp_path / "runs", plan)
    assert (run.name, run.alive, run.status().state) == ("my-birds", False, "stopped")
    with pytest.raises(StudioError, match="not training"):
        run.order("pause")
    with pytest.raises(StudioError, match="no model"):
        run.export_model(tmp_path / "model.safetensors")

    run.launch()
    assert run.alive
    assert run.status().state == "reading"
    with pytest.raises(StudioError, match="already"):
        run.launch()
    wait_for(lambda: len(run.metrics()) > 3, run)
    found = list_runs(tmp_path / "runs")
    assert found == [run]
    assert found[0].alive  # by its lock alone
    wait_for(lambda: found[0].status().updates_per_second > 0, run)
    assert found[0].status().state == "learning"
    assert found[0].status().seconds_left > 0
    with pytest.raises(StudioError, match="stop it first"):
        run.trash()

    found[0].order("pause")
    wait_for(lambda: run.status().state == "paused", run)
    updates = run.status().updates
    assert [update for update, _ in run.grids()] == [0, updates]
    assert len(run.metrics()) == updates
    run.order("go")
    wait_for(lambda: len(run.metrics()) > updates, run)
    run.order("stop")
    wait_for(lambda: not run.alive, run)

    assert run.status().state == "stopped"
    assert kinds(run) == ["start", "pause", "go", "stop"]
    run.export_model(tmp_path / "mine.safetensors")
    assert read_card(tmp_path / "mine.safetensors").updates == run.status().updates == len(run.metrics())

    run.launch()
    run.order("pause")  # the process has yet to begin
    wait_for(lambda: run.status().state == "paused", run)
    run.order("stop")
    wait_for(lambda: not run.alive, run)
    assert kinds(run)[-3:] == ["resume", "pause", "stop"]


def test_a_plan_is_the_command_that_repeats_it(tmp_path, plan):
    learning = replace(plan.learning, updates=6, ema=0.5)
    plan = replace(plan, learning=learning, held_out=2, time_limit=90.0, licence="mine only")
    run = new_run(tmp_path / "runs", plan)
    command = run.plan().command
    assert command.startswith("ebm-studio train data.zip -o 'my birds' --size 16 ")

    words = [sys.executable, "-m", *shlex.split(command.replace("ebm-studio", "ebm_studio", 1)), "--backend", "fp32"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    again = read_plan(tmp_path / "my birds")
    assert replace(again, command="", source=plan.source, images=0, fingerprint="") == plan


def planned(command, place, monkeypatch):
    """The plan of an `ebm-studio train`, run in a place."""
    monkeypatch.chdir(place)
    return _plan(build_parser().parse_args(shlex.split(command)[1:]))


@pytest.mark.parametrize("knob", [*NET, *SHORT_RUN, *LEARNING], ids=lambda knob: knob.name)
@pytest.mark.parametrize("origin", ["", "tiny.safetensors"])
def test_whatever_is_set_in_the_window_its_command_repeats(tmp_path, monkeypatch, knob, origin):
    make_model(tmp_path / "tiny.safetensors", NetSpec(size=16, channels=1, width=8), steps=7)
    grown = NetSpec(size=32, channels=1, width=8), ShortRun(steps=7, start_range=2.0)
    net, short_run = grown if origin else (NetSpec(), ShortRun())
    plan = Plan(net=net, short_run=short_run, learning=Learning(), source="pics", name="birds", origin=origin)
    if not (origin and knob.part == "net"):
        value = knob.number.high - 1 if knob.name == "time_limit" else knob.value(plan) / 3
        plan = knob.turned(plan, max(1, value) if knob.number.whole else value)
    assert replace(planned(command_of(plan), tmp_path, monkeypatch), command="") == plan


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"source": "fashion-mnist"}, "--channels 3"),
        ({"origin": "tiny.safetensors"}, "--steps 50"),
        ({"time_limit": 1800.0}, "--updates 5000"),
    ],
)
def test_a_command_names_what_has_another_default_there(tmp_path, monkeypatch, changes, options):
    make_model(tmp_path / "tiny.safetensors", NetSpec(), steps=7)
    plan = Plan(net=NetSpec(), short_run=ShortRun(), learning=Learning(), source="pics", name="birds")
    plan = replace(plan, **changes)
    assert options in command_of(plan)
    assert replace(planned(command_of(plan), tmp_path, monkeypatch), command="") == plan


def test_a_killed_process_is_told_from_a_living_one(tmp_path, plan):
    run = new_run(tmp_path / "runs", plan)
    run.launch()
    wait_for(lambda: run.metrics().size, run)
    run._process.kill()
    wait_for(lambda: not run.alive, run)
    assert run.status().state == "stopped"
    assert "unexpectedly" in run.status().text


def test_an_order_for_a_killed_process_is_not_for_the_next(tmp_path, plan):
    run = new_run(tmp_path / "runs", replace(plan, learning=replace(plan.learning, updates=2)))
    (run.path / "control").write_text("stop")
    words = [sys.executable, "-m", "ebm_studio", "train", "--resume", "-o", str(run.path)]
    assert subprocess.run(words, capture_output=True).returncode == 0
    assert kinds(run) == ["start", "done"]
    assert run.status().progress == 1


def test_a_run_can_be_stopped_before_it_learns(tmp_path, plan):
    run = new_run(tmp_path / "runs", plan)
    run.launch()
    run.order("stop")
    wait_for(lambda: not run.alive, run)
    assert kinds(run) == ["stop"]
    assert (run.status().state, len(run.metrics())) == ("stopped", 0)


def test_two_processes_never_learn_in_one_folder(tmp_path, plan):
    run = new_run(tmp_path / "runs", plan)
    words = [sys.executable, "-m", "ebm_studio", "train", "--resume", "-o", str(run.path)]
    with locked(run.path):
        assert is_locked(run.path)
        second = subprocess.run(words, capture_output=True, text=True)
    assert second.returncode == 2
    assert second.stderr.count("\n") == 1
    assert "Another process" in second.stderr
    assert not is_locked(run.path)
    assert run.events() == []


def test_what_cannot_be_read_is_a_failed_run_that_says_why(tmp_path, plan):
    run = new_run(tmp_path / "runs", replace(plan, source=str(tmp_path / "gone.zip")))
    run.launch()
    wait_for(lambda: not run.alive, run)
    assert run.status().state == "failed"
    assert "gone.zip" in run.status().text
    assert kinds(run) == ["failed"]
    assert "gone.zip" in (run.path / "train.log").read_text()


def test_a_run_goes_to_the_trash_and_back(tmp_path, plan):
    root = tmp_path / "runs"
    one, two = new_run(root, plan), new_run(root, plan)
    assert {one.name, two.name} == {"my-birds", "my-birds-2"}
    trashed = one.trash()
    assert list_runs(root) == [two]
    assert trashed.restore() == one
    assert set(list_runs(root)) == {one, two}
    assert one.plan().name == "my birds"

    trashed = one.trash()
    again = new_run(root, plan)
    assert again == one
    with pytest.raises(StudioError, match="new"):
        trashed.restore()

    again.trash()
    count, size = look_into_trash(root)
    assert count == 2
    assert size >= 2 * (trashed.place / "run.json").stat().st_size > 0
    empty_trash(root)
    assert look_into_trash(root) == (0, 0)
    assert list_runs(root) == [two]
    with pytest.raises(StudioError, match="the trash was emptied"):
        trashed.restore()


def rows(folder, *updates, v=1 / 3):
    for update in updates:
        append_metrics(folder, metrics_row(Metrics(update, 0.1 * update, 0.2, v, 1e-4, 0.03), update / 7))


def test_metrics_are_read_as_they_grow_and_after_a_step_back(tmp_path):
    run = RunFolder(tmp_path)
    assert run.metrics().shape == (0, len(METRICS))
    rows(tmp_path, 1, 2, 3)
    assert run.metrics()[:, 0].tolist() == [1, 2, 3]
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("4,1.0,1,")
    assert run.metrics()[:, 0].tolist() == [1, 2, 3]
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("1,0,1,0.001,0.03\n")
    assert run.metrics(after_update=2)[:, 0].tolist() == [3, 4]
    assert cut_metrics(tmp_path, 2)[:, 0].tolist() == [1, 2]
    rows(tmp_path, 3, 4, 5, v=0.5)
    assert run.metrics()[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert run.metrics(after_update=2)[:, METRICS.index("v")].tolist() == [0.5, 0.5, 0.5]


def test_metrics_are_cut_without_changing_what_stays(tmp_path):
    rows(tmp_path, 1, 2, 3)
    before = (tmp_path / "metrics.csv").read_text()
    past = cut_metrics(tmp_path, 3)
    assert (tmp_path / "metrics.csv").read_text() == before
    assert metrics_of(past[2]).v == float(f"{1 / 3:.6g}")
    assert np.array_equal(RunFolder(tmp_path).metrics(), past)


DAMAGED = ("", "[]", '{"state": "flying"}', '{"state": "done", "more": 1}')


def test_a_damaged_status_is_no_status(tmp_path, plan):
    run = new_run(tmp_path, replace(plan, learning=Learning(updates=12)))
    write_status(run.path, Status(state="done", text="Done."))
    assert run.status().state == "done"
    for text in DAMAGED:
        (run.path / "status.json").write_text(text)
        assert run.status() == Status(state="stopped", text="Not started yet.")

    rows(run.path, 1, 2, 3)
    status = run.status()
    assert (status.state, status.updates, status.progress) == ("stopped", 3, 0.25)
    assert status.seconds == pytest.approx(3 / 7, abs=0.01)
    assert "3 updates" in status.text


def test_damaged_settings_are_told(tmp_path, plan):
    run = new_run(tmp_path, plan)
    for status in (None, Status(state="stopped", text="Stopped.", updates=7)):
        if status:
            write_status(run.path, status)
        for text in DAMAGED:
            (run.path / "run.json").write_text(text)
            assert run.status().state == "failed"
            assert "settings" in run.status().text
    assert run.status().updates == 7


DEEP = "[" * 10_000
WRONG = ("x", None, True, [], {}, -1, 10**401, float("nan"), float("inf"), 1e308)


def test_values_of_any_wrong_kind_are_a_damaged_status_event_or_plan(tmp_path, plan):
    run = new_run(tmp_path, plan)
    good = asdict(Status(state="done", text="Done."))
    for name in good:
        for value in WRONG:
            if [name, value] not in (["text", "x"], ["seconds_left", None]):
                (run.path / "status.json").write_text(json.dumps({**good, name: value}))
                assert read_status(run.path) is None, (name, value)
    event = asdict(Event(1.0, 2, "start", "Begun."))
    wrong = [{**event, name: value} for name in event for value in WRONG if (name, value) != ("text", "x")]
    lines = [*(json.dumps(entry) for entry in wrong), DEEP, json.dumps(event)]
    (run.path / "events.jsonl").write_text("\n".join(lines))
    assert run.events() == [Event(1.0, 2, "start", "Begun.")]
    data = plan.to_dict()
    texts = {name for name, value in data.items() if isinstance(value, str)}
    for name in data:
        for value in WRONG:
            is_right = (name in texts and value == "x") or (name in ("time_limit", "fidelity_every") and value is None)
            if not is_right and value != {}:  # a table of settings that are all left out is one of defaults
                (run.path / "run.json").write_text(json.dumps({**data, name: value}))
                with pytest.raises(StudioError, match="damaged"):
                    run.plan()


def test_files_that_are_nested_too_deep_or_are_folders_are_damaged(tmp_path, plan):
    run = new_run(tmp_path, plan)
    for name in ("status.json", "run.json"):
        (run.path / name).write_text(DEEP)
    assert read_status(run.path) is None
    assert run.status().state == "failed"
    for name in ("status.json", "run.json", "metrics.csv", "events.jsonl", "samples/7.png"):
        (run.path / name).unlink(missing_ok=True)
        (run.path / name).mkdir(parents=True)
    assert run.status().state == "failed"
    assert (len(run.metrics()), run.events()) == (0, [])


def test_metrics_that_no_plot_can_show_are_not_numbers(tmp_path):
    heading = ",".join(METRICS)
    rest = "1,0.5,inf,nan,1e308,-1e308,0.1,0.01"
    bad = [f"{update},{seconds}" + ",1" * 6 for update, seconds in (("nan", 1), ("inf", 1), (1e308, 1), (2, "-inf"))]
    (tmp_path / "metrics.csv").write_text("\n".join((heading, rest, *bad, "")))
    found = RunFolder(tmp_path).metrics()
    assert found[:, :2].tolist() == [[1, 0.5]]
    assert np.isnan(found[0, 2:6]).all()


def test_the_default_root_is_the_users_own(tmp_path):
    assert tmp_path in default_root().parents
    assert list_runs(default_root()) == []


def test_reading_runs_needs_no_torch():
    code = (
        "import sys, ebm_studio.data.training.run_folder, ebm_studio.data.training.presets;"
        "import ebm_studio.data.pictures.preview;"
        "assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_place_of_a_file_that_is_written_is_not_waited_for(tmp_path):
    for name, write in (
        ("train.log", lambda: RunFolder(tmp_path).launch()),
        ("events.jsonl", lambda: append(tmp_path / "events.jsonl", "{}\n")),
        (LOCK, lambda: locked(tmp_path).__enter__()),
    ):
        os.mkfifo(tmp_path / name)
        with pytest.raises(StudioError, match="not a plain file"):
            write()
        (tmp_path / name).unlink()
