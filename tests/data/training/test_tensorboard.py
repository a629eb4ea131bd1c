"""A run copied for TensorBoard, read back with TensorBoard's own reader."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ebm_studio.cli import tensorboard as command
from ebm_studio.cli.main import main
from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import Learning, ShortRun
from ebm_studio.data.training.plan import Plan, read_plan
from ebm_studio.data.training.run_folder import RunFolder
from ebm_studio.data.training.run_log import cut_metrics
from ebm_studio.data.training.tensorboard import BoardCopy
from ebm_studio.data.training.training_run import TrainingRun
from tests.making import TINY, make_data

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run that is done."""
    folder = tmp_path_factory.mktemp("runs") / "birds"
    plan = Plan(
        net=TINY,
        short_run=ShortRun(steps=3),
        learning=Learning(updates=6, chains=4, images=4),
        source=str(make_data(folder.parent / "birds.zip")),
        name="birds",
        backend="fp32",
    )
    TrainingRun.start(folder, plan, torch.device("cpu")).learn()
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(shutil.copytree(made, tmp_path / "birds"))


def read(folder: Path):
    found = accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    found.Reload()
    return found


def test_metrics_samples_settings_and_events_are_copied(run, tmp_path, capsys):
    assert main(["tensorboard", str(run.path), "-o", str(tmp_path / "logs")]) == 0
    assert "until update 6" in capsys.readouterr().out
    found = read(tmp_path / "logs" / "birds")
    rows = run.metrics()
    told = found.Scalars("metrics/d")
    assert [event.step for event in told] == rows[:, 0].astype(int).tolist()
    assert np.allclose([event.value for event in told], rows[:, 4], rtol=1e-5)
    assert np.allclose(np.diff([event.wall_time for event in told]), np.diff(rows[:, 1]), atol=0.02)
    assert [event.step for event in found.Images("samples")] == [update for update, _ in run.grids()]
    assert found.Images("samples")[0].encoded_image_string.startswith(b"\x89PNG")
    settings = found.Tensors("settings/text_summary")[0].tensor_proto.string_val[0].decode()
    assert f"| learning.updates | {read_plan(run.path).learning.updates} |" in settings
    assert len(found.Tensors("events/text_summary")) == len(run.events())


def test_a_run_is_followed_until_it_ends(tmp_path, made, monkeypatch):
    monkeypatch.setattr(command, "PAUSE", 0.01)
    plan = replace(read_plan(made), learning=Learning(updates=30, chains=4, images=4))
    folder = tmp_path / "more"
    begun, copied = threading.Event(), threading.Event()
    update = command.RunFolder.metrics

    def seen(self, after_update=-1):
        copied.set()
        return update(self, after_update)

    def train():
        from ebm_studio.data.training.run_diary import session

        with session(folder) as diary:
            run = TrainingRun.start(folder, plan, torch.device("cpu"), diary=diary)
            begun.set()
            assert copied.wait(60)
            run.learn()

    monkeypatch.setattr(command.RunFolder, "metrics", seen)
    thread = threading.Thread(target=train)
    thread.start()
    assert begun.wait(60)
    assert main(["tensorboard", str(folder), "-o", str(tmp_path / "logs"), "--follow"]) == 0
    thread.join()
    assert read(tmp_path / "logs" / "more").Scalars("metrics/d")[-1].step == 30


def test_what_a_run_that_steps_back_told_beyond_is_void(run, tmp_path):
    from ebm_studio.data.training.tensorboard import BoardCopy

    copy = BoardCopy(run, tmp_path / "logs")
    assert copy.update() == 6
    cut_metrics(run.path, 3)
    assert copy.update() == 3
    copy.close()
    assert [event.step for event in read(copy.folder).Scalars("metrics/v")] == [1, 2, 3]
    with pytest.raises(StudioError, match="already contains a copy of a run"):
        BoardCopy(run, tmp_path / "logs")


def test_what_is_no_run_is_one_line(tmp_path, capsys):
    assert main(["tensorboard", str(tmp_path), "-o", str(tmp_path / "logs")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("place", ["a-file", "a-file/deeper", "a" * 300])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_copied(run, tmp_path, capsys, monkeypatch, place):
    monkeypatch.setattr(BoardCopy, "update", None)
    (tmp_path / "a-file").write_text("not a folder")
    assert main(["tensorboard", str(run.path), "-o", str(tmp_path / place)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
