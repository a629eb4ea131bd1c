from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs.training import EstimateRun, PreviewData
from tests.engine.test_engine import heard, is_end_of
from tests.making import make_data


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("cpu")
    yield engine
    engine.close()


def test_the_time_to_learn_is_measured(engine: Engine):
    request = EstimateRun(
        net=NetSpec(size=16, channels=1, width=4),
        short_run=ShortRun(steps=50),
        learning=Learning(updates=10, chains=4, images=4),
    )
    posted, end = heard(engine, is_end_of(engine.submit(request)))
    assert end.fault is None
    assert posted.value.seconds_per_update > 0
    assert posted.value.seconds == pytest.approx(10 * posted.value.seconds_per_update)


def test_data_are_looked_at(engine: Engine, tmp_path: Path):
    path = str(make_data(tmp_path / "data.zip", 5))
    posted, _ = heard(engine, is_end_of(engine.submit(PreviewData(source=path, size=16))))
    assert posted.value.source == path
    assert posted.value.preview.pixels.shape == (5, 3, 16, 16)
    (end,) = heard(engine, is_end_of(engine.submit(PreviewData(source="nowhere", size=16))))
    assert "nowhere" in end.fault.text
