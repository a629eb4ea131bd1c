"""A long time is told in words, once, to whoever sits at a terminal."""

from __future__ import annotations

import io

import pytest
from tqdm import tqdm

from ebm_studio.cli import options
from ebm_studio.cli.options import long_time


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(options.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("seconds", "told"), [(5.0, "This will take about 8 min 20 s.\n"), (1.0, ""), (0.05, "")]
)  # for a hundredth
def test_only_a_long_time_is_told(monkeypatch, capsys, clock, seconds, told):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with tqdm(total=1.0, disable=None, file=terminal) as bar:
        tell = long_time(bar)
        for _ in range(4):
            clock[0] += seconds
            bar.update(0.01)
            tell()
    said = [line for line in terminal.getvalue().replace("\r", "\n").splitlines(keepends=True) if "take" in line]
    assert said == ([told] if told else [])


def test_a_pipe_is_told_nothing(monkeypatch, clock):
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    with tqdm(total=1.0, disable=None, file=pipe) as bar:
        tell = long_time(bar)
        clock[0] += 60
        bar.update(0.01)
        tell()
    assert pipe.getvalue() == ""


def test_sampling_tells_how_far_it_is_within_a_batch(tiny_model):
    from ebm_studio.data.models.model import load_model

    told = []
    model = load_model(tiny_model, "cpu")
    model.sample(4, progress=told.append)
    steps = model.card.short_run.steps
    done = [share * steps / 4 for share in told]
    assert done == pytest.approx([round(step) for step in done])  # whole steps, several at a time
    assert done == sorted(done)
    assert len(set(told)) > 1
    assert told[-1] == 4
