"""What goes wrong in long training_run, one by one: each recovers or explains, and the newest save opens."""

import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch

from ebm_studio.core.errors import DataError, DiskFullError, DivergedError
from ebm_studio.core.specs import Learning, ShortRun
from ebm_studio.data.models.model import load_model
from ebm_studio.data.training import run_diary, training_run
from ebm_studio.data.training.checkpoints import read_state
from ebm_studio.data.training.plan import Plan, read_plan
from ebm_studio.data.training.run_diary import session
from ebm_studio.data.training.run_log import read_events, read_metrics, read_status
from ebm_studio.data.training.training_run import TrainingRun
from tests.making import TINY, make_data, make_picture

CPU = torch.device("cpu")
PATIENCE = 120


@pytest.fixture(autouse=True)
def _one_thread():
    # Nets this small are slower with more, above all on a machine that has other things to do.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def plan(tmp_path):
    return Plan(
        net=TINY,
        short_run=ShortRun(steps=5),
        learning=Learning(updates=8, chains=8, images=8, learning_rate=1e-3),
        source=str(make_data(tmp_path / "data.zip")),
        backend="fp32",
    )


def kinds(folder):
    return [event.kind for event in read_events(folder)]


def updates(folder):
    return read_metrics(folder)[:, 0].tolist()


def same_states(one, two):
    ours, theirs = read_state(one).now, read_state(two).now
    return ours.updates == theirs.updates and all(
        torch.equal(ours.tensors[name], theirs.tensors[name]) for name in ours.tensors
    )


def spoil(run, monkeypatch, when):
    """Have the gradient be NaN where `when(update)` says so."""
    real = run.learner._pass.of_parameters

    def spoilt(images, factors):
        energy, gradients = real(images, factors)
        if when(run.learner.updates + 1):
            gradients[0][0] = float("nan")
        return energy, gradients

    monkeypatch.setattr(run.learner._pass, "of_parameters", spoilt)


def test_one_bad_gradient_costs_some_updates_and_no_more(tmp_path, plan, monkeypatch):
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    bad = iter([True])
    spoil(run, monkeypatch, lambda update: update == 5 and next(bad, False))
    assert run.learn()

    start, back, done = read_events(tmp_path / "run")
    assert (start.kind, back.kind, done.kind) == ("start", "rollback", "done")
    assert back.update == 0
    assert "update 5" in back.text
    assert "0.0003 instead of 0.001" in back.text
    assert updates(tmp_path / "run") == [*range(1, 9)]
    kept = read_plan(tmp_path / "run")
    assert kept.steps_back == 1
    assert kept.learning.learning_rate == pytest.approx(3e-4)
    assert kept.learning.data_noise > plan.learning.data_noise


def test_a_run_steps_back_to_the_older_of_two_healthy_states(tmp_path, plan, monkeypatch):
    monkeypatch.setattr(training_run, "HEALTHY_EVERY", 2)
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    monkeypatch.setattr(training_run, "grid_pause", lambda age, cost=0.0: 0.0)
    bad = iter([True])
    spoil(run, monkeypatch, lambda update: update == 7 and next(bad, False))

    def look(report):
        if report.metrics.update == 5 and run.plan.steps_back:  # what was seen after it is gone
            assert sorted(path.stem for path in (tmp_path / "run" / "samples").iterdir())[-1] == "000004"

    assert run.learn(look)
    assert [event.update for event in read_events(tmp_path / "run")] == [0, 4, 8]
    assert updates(tmp_path / "run") == [*range(1, 9)]
    kept = {path.name[:14] for path in (tmp_path / "run").glob("healthy-*")}
    assert {"healthy-000006", "healthy-000008"} <= kept


def test_a_person_can_have_a_run_step_back_before_it_runs_away(tmp_path, plan, monkeypatch):
    monkeypatch.setattr(training_run, "HEALTHY_EVERY", 2)
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    assert not run.learn(stopped=lambda: run.learner.updates == 7)
    healthy = read_state(tmp_path / "run").healthy[0]
    assert healthy.updates == 4

    run = TrainingRun.resume(tmp_path / "run", replace(read_plan(tmp_path / "run"), steps_back=4), CPU)
    run.step_back()
    assert run.plan.steps_back == 1  # those of the watchdog count no more
    now = read_state(tmp_path / "run").now
    assert now.updates == 4
    assert all(torch.equal(now.tensors[name], healthy.tensors[name]) for name in healthy.tensors)
    assert updates(tmp_path / "run") == [*range(1, 5)]
    assert run.learn()
    assert kinds(tmp_path / "run") == ["start", "stop", "resume", "rollback", "done"]
    assert read_plan(tmp_path / "run").learning.learning_rate == pytest.approx(3e-4)
    assert updates(tmp_path / "run") == [*range(1, 9)]


def test_a_run_that_cannot_be_helped_ends_healthy_and_can_be_resumed(tmp_path, plan, monkeypatch):
    monkeypatch.setattr(training_run, "HEALTHY_EVERY", 2)
    with session(tmp_path / "run") as diary:
        run = TrainingRun.start(tmp_path / "run", plan, CPU, diary=diary)
        spoil(run, monkeypatch, lambda update: update >= 6)
        with pytest.raises(DivergedError, match="5 times did not help"):
            run.learn()
    assert kinds(tmp_path / "run") == ["start", *["rollback"] * 5, "gave_up"]
    status = read_status(tmp_path / "run")
    assert status.state == "failed"
    assert "smaller learning rate" in status.text
    assert read_state(tmp_path / "run").now.updates == 2
    assert load_model(tmp_path / "run" / "model.safetensors", "cpu").sample(1).isfinite().all()

    assert TrainingRun.resume(tmp_path / "run", read_plan(tmp_path / "run"), CPU).learn()
    assert updates(tmp_path / "run") == [*range(1, 9)]


def test_a_rate_far_too_high_is_brought_down(tmp_path, plan):
    # So high that it diverges however a processor rounds: at a third of it, some runs do not.
    wild = replace(plan.learning, updates=60, learning_rate=300 * plan.learning.learning_rate, decay_share=0.0)
    run = TrainingRun.start(tmp_path / "run", replace(plan, learning=wild), CPU)
    assert run.learn()
    assert "rollback" in kinds(tmp_path / "run")
    assert run.plan.learning.learning_rate < wild.learning_rate / 3
    assert updates(tmp_path / "run") == [*range(1, 61)]
    v = read_metrics(tmp_path / "run")[:, 5]
    assert v.max() < 20  # it went into the thousands and more
    assert load_model(tmp_path / "run" / "model.safetensors", "cpu").sample(1).isfinite().all()


def test_cut_off_right_after_a_step_back_it_goes_on_from_there(tmp_path, plan, monkeypatch):
    monkeypatch.setattr(training_run, "HEALTHY_EVERY", 10)
    wild = replace(plan, learning=replace(plan.learning, updates=70, learning_rate=0.3, decay_share=0.0))
    assert TrainingRun.start(tmp_path / "whole", wild, CPU).learn()
    assert max(event.update for event in read_events(tmp_path / "whole") if event.kind == "rollback") > 0

    run = TrainingRun.start(tmp_path / "broken", wild, CPU)

    def cut_off(report):
        if run.plan.steps_back:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.learn(cut_off)
    assert TrainingRun.resume(tmp_path / "broken", read_plan(tmp_path / "broken"), CPU).learn()
    assert same_states(tmp_path / "whole", tmp_path / "broken")


def learn_to_the_end(folder, source):
    """In a process of its own."""
    torch.set_num_threads(1)
    training_run.HEALTHY_EVERY = 10
    wild = Learning(updates=40, chains=8, images=8, learning_rate=0.3, decay_share=0.0)
    plan = Plan(net=TINY, short_run=ShortRun(steps=5), learning=wild, source=source, backend="fp32")
    if (folder / "run.json").exists():
        plan = read_plan(folder)
    with session(folder) as diary:
        TrainingRun.resume(folder, plan, CPU, diary=diary).learn(save_every=0.02)
    # Torch's compiler, which its own Adam imports, takes as long as all the rest that a process has to import.
    assert "torch._dynamo" not in sys.modules


@pytest.mark.skipif(os.name != "posix", reason="only there can a process with torch loaded be forked")
def test_killed_at_twenty_random_moments_it_ends_as_an_unbroken_run(tmp_path):
    # Its learning rate is so high that it steps back several times on its way.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["ebm_studio.data.training.training_run"])
    source = str(make_data(tmp_path / "data.zip"))

    def launched(name):
        process = processes.Process(target=learn_to_the_end, args=(tmp_path / name, source))
        process.start()
        return process

    whole = launched("whole")
    whole.join(PATIENCE)
    assert whole.exitcode == 0
    assert "rollback" in kinds(tmp_path / "whole")

    moments = random.Random(0)
    for _ in range(20):
        process = launched("broken")
        beginning = len(kinds(tmp_path / "broken"))
        end = time.monotonic() + PATIENCE
        while process.is_alive() and len(kinds(tmp_path / "broken")) == beginning and time.monotonic() < end:
            time.sleep(0.001)
        process.join(moments.uniform(0, 0.15))
        process.kill()
        process.join()
        if (tmp_path / "broken" / "state.safetensors").exists():
            assert read_state(tmp_path / "broken") is not None
    last = launched("broken")
    last.join(PATIENCE)
    assert last.exitcode == 0

    assert same_states(tmp_path / "whole", tmp_path / "broken")
    assert read_plan(tmp_path / "whole") == read_plan(tmp_path / "broken")
    columns = [0, 2, 3, 4, 5, 6, 7]  # all but the seconds
    assert np.array_equal(*(read_metrics(tmp_path / name)[:, columns] for name in ("whole", "broken")))
    assert not list((tmp_path / "broken").glob(".*"))


@contextmanager
def small_disk(path, size):
    path.mkdir()
    if (
        os.name != "posix"
        or os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True
        ).returncode
    ):
        pytest.skip("a small disk can only be made by root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(run_diary, "ROOM_SECONDS", 0.05)
    monkeypatch.setattr(run_diary, "LOOK", 0.01)


@contextmanager
def learning_aside(run, **options):
    """Learn in a thread while something happens; yields what comes out of it."""
    result = {}

    def work():
        try:
            result["done"] = run.learn(save_every=0, **options)
        except Exception as error:
            result["error"] = error

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield result
    finally:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def is_paused(folder):
    status = read_status(folder)
    return status is not None and status.state == "paused"


def fill(path):
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def test_a_full_disk_pauses_the_run_and_costs_nothing(tmp_path, plan, impatient):
    assert TrainingRun.start(tmp_path / "whole", plan, CPU).learn()
    disk = tmp_path / "disk"
    with small_disk(disk, "4m"):
        run = TrainingRun.start(disk / "run", plan, CPU)
        with learning_aside(run, tell=lambda report: report.metrics.update == 3 and fill(disk / "ballast")) as result:
            wait_for(lambda: is_paused(disk / "run"))
            assert "space on the disk" in read_status(disk / "run").text
            assert kinds(disk / "run") == ["start", "disk_full"]
            assert read_state(disk / "run") is not None
            (disk / "ballast").unlink()
        assert result == {"done": True}
        assert kinds(disk / "run") == ["start", "disk_full", "go", "done"]
        assert updates(disk / "run") == [*range(1, 9)]
        assert same_states(tmp_path / "whole", disk / "run")
        assert not list((disk / "run").glob(".*"))


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes are POSIX")
def test_a_run_on_a_full_disk_can_be_stopped_and_its_last_save_opens(tmp_path, plan, impatient):
    import resource

    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(report):
        if report.metrics.update == 3:  # states no longer fit, short texts do
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))

    try:
        with learning_aside(run, tell=limit) as result:
            wait_for(lambda: is_paused(tmp_path / "run"))
            run.diary.folder.joinpath("control").write_text("stop")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(result["error"], DiskFullError)
    assert read_state(tmp_path / "run").now.updates == 2
    assert load_model(tmp_path / "run" / "model.safetensors", "cpu").card.updates == 2
    (tmp_path / "run" / "control").unlink()
    assert TrainingRun.resume(tmp_path / "run", run.plan, CPU).learn()
    assert updates(tmp_path / "run") == [*range(1, 9)]


@pytest.mark.parametrize("change", ["one more", "another", "none"])
@pytest.mark.parametrize("held_out", [0, 3])
def test_a_run_never_goes_on_with_other_pictures(tmp_path, plan, change, held_out):
    plan = replace(plan, source=str(make_folder(tmp_path / "pics")), held_out=held_out)
    folder = tmp_path / "run"
    run = TrainingRun.start(folder, plan, CPU)
    assert not run.learn(stopped=lambda: run.learner.updates > 3)
    kept = read_plan(folder)
    assert (kept.images, len(kept.fingerprint)) == (12 - held_out, 16)

    moved = (tmp_path / "pics").rename(tmp_path / "moved")
    kept = replace(kept, source=str(moved))
    if change == "none":
        assert TrainingRun.resume(folder, kept, CPU).learn()
        return
    make_picture((20, 20), 99).save(moved / ("a00.png" if change == "one more" else "000.png"))
    before = files(folder)
    count = 12 - held_out + (change == "one more")
    with pytest.raises(DataError, match=rf"on {12 - held_out} images.* {count} that.*--from .*run/model.safetensors"):
        TrainingRun.resume(folder, kept, CPU)
    told = {folder / "status.json", folder / "events.jsonl"}
    assert {path: content for path, content in files(folder).items() if path not in told} == {
        path: content for path, content in before.items() if path not in told
    }
    assert kinds(folder) == ["start", "stop", "data_lost"]
    assert read_status(folder).state == "failed"


def test_a_run_that_has_learned_nothing_yet_takes_the_pictures_as_they_are(tmp_path, plan):
    plan = replace(plan, source=str(make_folder(tmp_path / "pics")))
    assert not TrainingRun.start(tmp_path / "run", plan, CPU).learn(stopped=lambda: True)
    make_picture((20, 20), 99).save(tmp_path / "pics" / "a00.png")
    assert TrainingRun.resume(tmp_path / "run", read_plan(tmp_path / "run"), CPU).learn()
    assert read_plan(tmp_path / "run").images == 13


def make_folder(folder):
    with zipfile.ZipFile(make_data(folder.with_suffix(".zip"))) as archive:
        archive.extractall(folder)
    return folder


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_data_that_vanish_are_missed_only_at_the_next_start(tmp_path, plan):
    data = tmp_path / "data.zip"
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    moved = tmp_path / "moved.zip"
    assert not run.learn(
        lambda report: report.metrics.update == 2 and data.rename(moved), lambda: run.learner.updates > 3
    )

    with pytest.raises(DataError, match="up to update 4 is saved"):
        TrainingRun.resume(tmp_path / "run", plan, CPU)
    assert kinds(tmp_path / "run") == ["start", "stop", "data_lost"]
    assert TrainingRun.resume(tmp_path / "run", replace(plan, source=str(moved)), CPU).learn()
    assert updates(tmp_path / "run") == [*range(1, 9)]
