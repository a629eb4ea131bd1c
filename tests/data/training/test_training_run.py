import csv
from dataclasses import replace

import pytest
import torch

from ebm_studio.core.errors import CheckpointError, DataError, StudioError
from ebm_studio.core.specs import Learning, ShortRun
from ebm_studio.data.models.card import read_card
from ebm_studio.data.models.model import load_model
from ebm_studio.data.storage.machine import machine
from ebm_studio.data.training import training_run
from ebm_studio.data.training.plan import Plan, read_plan
from ebm_studio.data.training.run_log import METRICS, read_events, read_metrics
from ebm_studio.data.training.training_run import TrainingRun, grid_pause
from tests.making import TINY, make_data

CPU = torch.device("cpu")


@pytest.fixture
def plan(tmp_path):
    return Plan(
        net=TINY,
        short_run=ShortRun(steps=3),
        learning=Learning(updates=6, chains=4, images=4, learning_rate=1e-3),
        source=str(make_data(tmp_path / "data.zip")),
        held_out=2,
        licence="none",
        name="tiny",
        command="ebm-studio train data.zip",
    )


def learn(run, until=None):
    return run.learn(lambda _: None, lambda: until is not None and run.learner.updates >= until)


def weights(folder):
    return load_model(folder / "model.safetensors", "cpu").net.state_dict()


def test_a_run_leaves_a_model_its_card_and_its_traces(tmp_path, plan):
    told = []
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    assert run.learn(told.append)

    assert [report.metrics.update for report in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1].progress == 1
    card = read_card(tmp_path / "run" / "model.safetensors")
    assert (card.name, card.updates, card.learning, card.command) == ("tiny", 6, plan.learning, plan.command)
    assert (card.data.count, card.data.held_out, card.data.licence) == (10, 2, "none")
    assert card.data.held_out_rows == "10-11"
    assert card.machine == machine(CPU, run.plan.backend)
    assert card.health is not None
    assert card.health.path_length == pytest.approx(3 * card.health.v)
    assert (tmp_path / "run" / "samples" / "000006.png").exists()
    with (tmp_path / "run" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == METRICS
    assert len(rows) == 6
    assert read_plan(tmp_path / "run") == run.plan
    assert run.plan.backend != "auto"
    assert replace(run.plan, backend="auto", images=0, fingerprint="") == plan


def test_a_stopped_run_goes_on_as_if_unbroken(tmp_path, plan):
    assert learn(TrainingRun.start(tmp_path / "one", plan, CPU))
    assert not learn(TrainingRun.start(tmp_path / "two", plan, CPU), until=2)
    assert learn(TrainingRun.resume(tmp_path / "two", plan, CPU))

    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert all(torch.equal(one[name], two[name]) for name in one)
    rows = [read_metrics(tmp_path / name) for name in ("one", "two")]
    assert rows[1][:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    d = METRICS.index("d")
    assert rows[0][:, d].tolist() == rows[1][:, d].tolist()
    health = [read_card(tmp_path / name / "model.safetensors").health for name in ("one", "two")]
    assert health[0].v == pytest.approx(health[1].v, rel=1e-4)


def test_a_resumed_run_keeps_its_backend_and_says_no_reason_for_it(tmp_path, plan):
    folder = tmp_path / "run"
    learn(TrainingRun.start(folder, plan, CPU), until=2)
    kept = read_plan(folder)
    learn(TrainingRun.resume(folder, kept, CPU))
    started, resumed = (event.text for event in read_events(folder) if event.kind in ("start", "resume"))
    assert f"Backend {kept.backend}: " in started
    assert f"Backend {kept.backend}." in resumed


def test_rows_past_the_last_save_and_half_rows_are_dropped(tmp_path, plan):
    learn(TrainingRun.start(tmp_path / "run", plan, CPU), until=3)
    with (tmp_path / "run" / "metrics.csv").open("a") as file:
        file.write("4,1.0,1,1,0,1,0.001,0.03\n5,2.")
    learn(TrainingRun.resume(tmp_path / "run", plan, CPU))
    assert read_metrics(tmp_path / "run")[:, 0].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_damaged_state_falls_back_to_the_one_before(tmp_path, plan):
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    learn(run, until=2)
    learn(run, until=4)
    state = tmp_path / "run" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    resumed = TrainingRun.resume(tmp_path / "run", plan, CPU)
    assert resumed.learner.updates == 2


@pytest.mark.parametrize("damaged", [(), ("state.safetensors",), ("state-previous.safetensors",)])
def test_without_a_whole_save_it_goes_on_from_its_newest_healthy_state(tmp_path, plan, monkeypatch, damaged):
    monkeypatch.setattr(training_run, "HEALTHY_EVERY", 2)
    folder = tmp_path / "run"
    learn(TrainingRun.start(folder, plan, CPU), until=5)
    for name in ("state.safetensors", "state-previous.safetensors"):
        (folder / name).unlink()
    for name in damaged:
        (folder / name).write_bytes(b"cut")
    resumed = TrainingRun.resume(folder, plan, CPU)
    assert resumed.learner.updates == 4
    assert [state.updates for state in resumed._healthy] == [2, 4]
    assert "healthy" in read_events(folder)[-1].text
    assert learn(resumed)
    assert read_metrics(folder)[:, 0].tolist() == [1, 2, 3, 4, 5, 6]

    (newest,) = folder.glob("healthy-000006-*")
    newest.write_bytes(b"cut")
    for name in ("state.safetensors", "state-previous.safetensors"):
        (folder / name).unlink(missing_ok=True)
    assert TrainingRun.resume(folder, plan, CPU).learner.updates == 4


def test_a_run_that_has_lost_what_it_learned_does_not_begin_anew_unasked(tmp_path, plan):
    folder = tmp_path / "run"
    learn(TrainingRun.start(folder, plan, CPU), until=3)
    for path in (*folder.glob("state*"), *folder.glob("healthy*")):
        path.unlink()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(CheckpointError, match=r"3 updates.*new run"):
        TrainingRun.resume(folder, plan, CPU)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before

    (folder / "state.safetensors").write_bytes(b"cut")
    (folder / "metrics.csv").unlink()
    with pytest.raises(CheckpointError, match=r"damaged.*new run"):
        TrainingRun.resume(folder, plan, CPU)


def test_a_run_that_is_cut_off_before_its_first_regular_save_begins_anew(tmp_path, plan):
    def cut_off(report):
        if report.metrics.update == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TrainingRun.start(tmp_path / "run", plan, CPU).learn(cut_off)
    resumed = TrainingRun.resume(tmp_path / "run", plan, CPU)
    assert resumed.learner.updates == 0
    assert learn(resumed)
    assert read_metrics(tmp_path / "run")[:, 0].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_folder_with_a_run_is_not_started_over(tmp_path, plan):
    learn(TrainingRun.start(tmp_path / "run", plan, CPU), until=1)
    with pytest.raises(StudioError, match="--resume"):
        TrainingRun.start(tmp_path / "run", plan, CPU)


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path):
    with pytest.raises(StudioError, match="no run"):
        read_plan(tmp_path)
    (tmp_path / "run.json").write_text('{"net": 3}')
    with pytest.raises(StudioError, match=r"settings .* are damaged"):
        read_plan(tmp_path)


def test_a_time_limit_ends_a_run(tmp_path, plan):
    run = TrainingRun.start(tmp_path / "run", replace(plan, time_limit=1e-9), CPU)
    assert learn(run)
    assert run.learner.updates == 1


def test_more_held_out_than_there_is(tmp_path, plan):
    with pytest.raises(DataError, match="hold out"):
        TrainingRun.start(tmp_path / "run", replace(plan, held_out=12), CPU)


def test_young_runs_are_drawn_more_often_and_drawing_takes_little_of_the_time():
    assert [grid_pause(age) for age in (0, 300, 36_000)] == [10, 30, 120]
    assert grid_pause(0, cost=10) == 200


def test_a_model_that_has_run_away_is_not_drawn(tmp_path, plan):
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    with torch.no_grad():
        run.learner.average.f[-1].weight.fill_(float("nan"))
    run.draw()
    assert not (tmp_path / "run" / "samples").exists()
