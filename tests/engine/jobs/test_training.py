from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from ebm_studio.core.energy.devices import tune_cuda
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs.training import MOST, EstimateRun, PreviewData
from tests.engine.test_engine import heard, is_end_of
from tests.making import make_data


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("cpu")
    yield engine
    engine.close()


def estimate(steps: int = 5, chains: int = 4, images: int = 4) -> EstimateRun:
    """Of ten updates of a tiny network."""
    return EstimateRun(
        net=NetSpec(size=16, channels=1, width=4),
        short_run=ShortRun(steps=steps),
        learning=Learning(updates=10, chains=chains, images=images),
    )


def test_the_time_to_learn_is_measured(engine: Engine):
    request = estimate(steps=50)
    posted, end = heard(engine, is_end_of(engine.submit(request)))
    assert end.fault is None
    assert posted.value.seconds_per_update > 0
    assert posted.value.seconds == pytest.approx(10 * posted.value.seconds_per_update)


def test_a_huge_update_is_timed_on_a_part_of_it(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    timed: list[Learning] = []
    learner = Learner.__init__

    def noted(self: Learner, spec: NetSpec, run: ShortRun, learning: Learning, *rest: Any) -> None:
        timed.append(learning)
        learner(self, spec, run, learning, *rest)

    monkeypatch.setattr(Learner, "__init__", noted)
    request = estimate(chains=8, images=65536)
    posted, end = heard(engine, is_end_of(engine.submit(request)))
    assert end.fault is None
    assert {(each.images, each.chains) for each in timed} == {(MOST, 8)}
    assert posted.value.seconds == pytest.approx(10 * posted.value.seconds_per_update)


def test_a_measurement_leaves_the_libraries_tuned_for_pictures(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    """On a GPU a learner tunes them for training, by which pictures would depend on times."""
    learner = Learner.__init__

    def as_on_a_gpu(*args: Any, **settings: Any) -> None:
        learner(*args, **settings)
        tune_cuda(training=True)

    monkeypatch.setattr(Learner, "__init__", as_on_a_gpu)
    for flag in ("benchmark", "deterministic"):  # put back afterwards
        monkeypatch.setattr(torch.backends.cudnn, flag, getattr(torch.backends.cudnn, flag))
    request = estimate()
    heard(engine, is_end_of(engine.submit(request)))
    assert not torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.deterministic


def test_data_are_looked_at(engine: Engine, tmp_path: Path):
    path = str(make_data(tmp_path / "data.zip", 5))
    posted, _ = heard(engine, is_end_of(engine.submit(PreviewData(source=path, size=16))))
    assert posted.value.source == path
    assert posted.value.preview.pixels.shape == (5, 3, 16, 16)
    (end,) = heard(engine, is_end_of(engine.submit(PreviewData(source="nowhere", size=16))))
    assert "nowhere" in end.fault.text
