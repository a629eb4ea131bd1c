from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from ebm_studio.core.specs import ShortRun
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from ebm_studio.engine.chain_store import ChainStore
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs.chains import LoadModel, ModelReady, RunChain
from ebm_studio.engine.requests import Ended, Posted, Request
from ebm_studio.engine.worker import Worker
from tests.app.soak import resident


@dataclass(frozen=True, kw_only=True)
class Loop(Request):
    """Works until it is cancelled."""

    started: Event = field(default_factory=Event)

    def work(self, worker: Worker) -> None:
        self.started.set()
        while True:
            worker.check()
            time.sleep(0.001)


@dataclass(frozen=True, kw_only=True)
class Count(Request):
    """Writes down each of its steps, until it is cancelled."""

    steps: list[int] = field(default_factory=list)

    def work(self, worker: Worker) -> None:
        while True:
            self.steps.append(len(self.steps))
            time.sleep(0.001)
            worker.check()


@dataclass(frozen=True, kw_only=True)
class Say(Request):
    text: str

    def work(self, worker: Worker) -> None:
        worker.post(self.text)


@dataclass(frozen=True, kw_only=True)
class Crash(Request):
    def work(self, worker: Worker) -> None:
        raise ZeroDivisionError("by a bug")


@dataclass(frozen=True, kw_only=True)
class Fill(Request):
    """Takes memory in small pieces, and gives back all but the last: it stays with the C library."""

    kept: list[bytes] = field(default_factory=list)

    def work(self, worker: Worker) -> None:
        pieces = [bytes(4096) for _ in range(40_000)]
        self.kept.append(pieces[-1])
        worker.post(resident())


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("cpu")
    yield engine
    engine.close()
    assert not any(thread.name == "engine-cpu" for thread in threading.enumerate())


def heard(engine: Engine, until: Callable[[Posted | Ended], bool]) -> list[Posted | Ended]:
    """The news up to the first that `until` accepts."""
    items: list[Posted | Ended] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for item in engine.news():
            items.append(item)
            if until(item):
                return items
        time.sleep(0.001)
    raise AssertionError(f"not heard in time: {items}")


def until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def wait_for_rest(engine: Engine) -> None:
    """Until all is done, whether anybody has heard of it or not."""
    deadline = time.monotonic() + 60
    while engine._running or engine._queue:
        assert time.monotonic() < deadline


def is_end_of(request: Request) -> Callable[[Posted | Ended], bool]:
    return lambda item: isinstance(item, Ended) and item.request == request


def chain(engine: Engine, request: RunChain) -> ChainStore:
    """The whole chain of a request."""
    items = heard(engine, is_end_of(engine.submit(request)))
    [store] = [item.value for item in items if isinstance(item, Posted)]
    assert store.whole
    return store


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_a_window_at_rest_gives_back_memory_that_was_kept(engine: Engine):
    request = engine.submit(Fill())
    [full] = [item.value for item in heard(engine, is_end_of(request)) if isinstance(item, Posted)]
    deadline = time.monotonic() + 60
    while resident() > full - 100 * 2**20:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert request.kept


def test_a_chain_is_that_of_the_command_line(engine: Engine, tiny_model: Path):
    model = load_model(tiny_model, "cpu")
    engine.submit(LoadModel(name=str(tiny_model)))
    request = engine.submit(RunChain(model=str(tiny_model), count=5, seed=7, run=model.card.short_run))
    items = heard(engine, is_end_of(request))

    values = [item.value for item in items if isinstance(item, Posted)]
    ready = next(value for value in values if isinstance(value, ModelReady))
    store = next(value for value in values if isinstance(value, ChainStore))
    assert ready.card == model.card
    assert store.whole
    assert store.finished
    for step in model.chain(5, 7):
        assert np.array_equal(store.pixels(step.index), to_pixels(step.images.numpy()))
        assert np.array_equal(store.pixels(step.index, "mean"), to_pixels(step.mean.numpy()))
    assert np.array_equal(store.pixels(model.card.short_run.steps), to_pixels(model.sample(5, 7).numpy()))


def test_chains_go_on_as_if_they_had_run_at_once(engine: Engine, tiny_model: Path):
    name, run = str(tiny_model), ShortRun(steps=7, noise_steps=9)
    short = chain(engine, RunChain(model=name, count=5, seed=3, run=run))
    longer = replace(run, steps=12)
    store = chain(engine, RunChain(model=name, count=5, seed=3, run=longer, after=short))
    whole = chain(engine, RunChain(model=name, count=5, seed=3, run=longer))
    assert (store.begins, whole.begins) == (7, 0)
    for row in range(13):
        assert np.array_equal(store.pixels(row), whole.pixels(row))
        assert np.array_equal(store.pixels(row, "mean"), whole.pixels(row, "mean"))
    assert np.array_equal(store.end(), whole.end())
    assert np.array_equal(store.energy(), whole.energy())
    assert np.array_equal(store.path_length(), whole.path_length())
    other = chain(engine, RunChain(model=name, count=5, seed=3, run=replace(longer, step_size=0.5), after=short))
    assert other.begins == 0  # another run begins with its noise


def test_cancel_stops_a_chain_between_steps(engine: Engine, tiny_model: Path):
    request = engine.submit(RunChain(model=str(tiny_model), count=2, run=ShortRun(steps=100_000)))
    store = heard(engine, lambda item: isinstance(item, Posted))[-1].value
    engine.cancel()
    end = heard(engine, is_end_of(request))[-1]
    assert end.cancelled
    assert store.finished
    assert 0 < store.rows < 100_001
    assert not engine.busy


def test_cancel_empties_the_queue(engine: Engine):
    loop = engine.submit(Loop())
    said = engine.submit(Say(text="never"))
    loop.started.wait(60)
    engine.cancel()
    items = heard(engine, is_end_of(loop))
    assert Ended(said, cancelled=True) in items
    assert not any(isinstance(item, Posted) for item in items)


def test_the_newest_of_a_kind_wins(engine: Engine):
    blocker = engine.submit(Loop())
    blocker.started.wait(60)
    for text in ("first", "second"):
        engine.submit(Say(text=text))
    last = engine.submit(Say(text="third"))
    newer = engine.submit(Loop())  # takes the place of the running one
    items = heard(engine, is_end_of(last))
    assert [item.value for item in items if isinstance(item, Posted)] == ["third"]
    newer.started.wait(60)
    engine.cancel()
    heard(engine, is_end_of(newer))


def test_a_background_job_lets_others_in_and_goes_on(engine: Engine):
    loop = engine.submit(Loop(background=True))
    loop.started.wait(60)
    waiting = engine.submit(Say(text="later", lane="b", background=True))
    said = engine.submit(Say(text="now"))
    items = heard(engine, is_end_of(said))
    assert [item.value for item in items if isinstance(item, Posted)] == ["now"]
    engine.cancel()  # not meant for what is in the background
    after = engine.submit(Say(text="again"))
    heard(engine, is_end_of(after))
    engine.cancel(loop)
    items = heard(engine, is_end_of(waiting))
    assert Ended(loop, cancelled=True) in items
    assert [item.value for item in items if isinstance(item, Posted)] == ["later"]


def test_the_page_in_front_goes_before_hidden_ones_and_these_go_on_after_it(engine: Engine):
    engine.front = "compare"
    hidden = engine.submit(Loop(page="compare"))
    hidden.started.wait(60)
    engine.front = "generate"
    other = engine.submit(Say(text="hidden too", lane="r", page="reconstruct"))
    said = engine.submit(Say(text="seen", lane="g", page="generate"))
    assert [item.value for item in heard(engine, is_end_of(said)) if isinstance(item, Posted)] == ["seen"]
    engine.cancel(hidden)
    items = heard(engine, is_end_of(other))
    assert Ended(hidden, cancelled=True) in items  # it ran on until now
    assert [item.value for item in items if isinstance(item, Posted)] == ["hidden too"]


def test_a_hidden_page_that_was_let_in_gives_the_turn_back_when_its_page_is_left(engine: Engine):
    engine.front = "generate"
    seen = engine.submit(Loop(lane="g", page="generate"))
    seen.started.wait(60)
    engine.front = "compare"
    let_in = engine.submit(Loop(lane="c", page="compare"))
    let_in.started.wait(60)
    engine.front = "generate"
    engine.cancel(seen)  # it waits below the other, and stops at its next turn
    heard(engine, is_end_of(seen))
    assert [job.request for job in engine._running] == [let_in]
    engine.cancel(let_in)
    heard(engine, is_end_of(let_in))


def test_jobs_take_turns_as_pages_come_to_the_front(engine: Engine):
    names = ("generate", "compare", "reconstruct")
    counts = []
    for name in names:
        engine.front = name
        counts.append(engine.submit(Count(lane=name, page=name)))
        until(lambda: counts[-1].steps)
    for name, request in zip(names, counts, strict=True):
        engine.front = name
        others = [other for other in counts if other is not request]
        before = len(request.steps)
        until(lambda: len(request.steps) > before + 2)  # noqa: B023
        still = [len(other.steps) for other in others]
        until(lambda: len(request.steps) > before + 20)  # noqa: B023
        assert [len(other.steps) for other in others] == still
    engine.close()


def test_the_background_of_the_page_in_front_goes_before_hidden_pages(engine: Engine):
    engine.front = "diagnose"
    hidden = engine.submit(Loop(page="generate"))
    hidden.started.wait(60)
    said = engine.submit(Say(text="measured", page="diagnose", background=True))
    assert [item.value for item in heard(engine, is_end_of(said)) if isinstance(item, Posted)] == ["measured"]
    engine.cancel(hidden)
    heard(engine, is_end_of(hidden))


def test_the_engine_is_busy_from_the_request_to_the_news_of_its_end(engine: Engine):
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that there are many moments to look at
    try:
        for number in range(1000):
            said = engine.submit(Say(text=str(number)))
            while len(engine._news) < 2:
                assert engine.busy
            assert [item.request for item in engine.news()] == [said, said]
            assert not engine.busy
    finally:
        sys.setswitchinterval(interval)


def test_lanes_leave_each_other_alone(engine: Engine):
    blocker = engine.submit(Loop())
    blocker.started.wait(60)
    left = engine.submit(Say(text="left", lane="A"))
    right = engine.submit(Say(text="right", lane="B"))
    engine.cancel(blocker)
    items = heard(engine, is_end_of(right))
    assert Ended(left) in items
    assert [item.value for item in items if isinstance(item, Posted)] == ["left", "right"]


def test_stale_news_is_dropped(engine: Engine):
    first = engine.submit(Say(text="old"))
    wait_for_rest(engine)
    second = engine.submit(Say(text="new"))
    items = heard(engine, is_end_of(second))
    assert all(item.request != first for item in items)


def test_what_becomes_stale_while_the_news_is_heard_is_dropped(engine: Engine):
    engine.submit(Say(text="first", lane="A"))
    engine.submit(Say(text="old", lane="B"))
    wait_for_rest(engine)
    news = engine.news()
    assert next(news).value == "first"
    newer = engine.submit(Say(text="new", lane="B"))
    items = list(news)
    if not any(map(is_end_of(newer), items)):
        items += heard(engine, is_end_of(newer))
    assert [item.value for item in items if isinstance(item, Posted)] == ["new"]


def test_a_persons_fault_comes_back_as_one_sentence(engine: Engine, tmp_path: Path):
    request = engine.submit(LoadModel(name=str(tmp_path / "none.safetensors")))
    end = heard(engine, is_end_of(request))[-1]
    assert "There is no model" in end.fault.text
    assert end.fault.details == ""


def test_a_bug_comes_back_with_its_traceback_and_the_engine_lives(engine: Engine):
    request = engine.submit(Crash())
    end = heard(engine, is_end_of(request))[-1]
    assert "ZeroDivisionError" in end.fault.text
    assert "Traceback" in end.fault.details
    after = engine.submit(Say(text="alive"))
    assert heard(engine, is_end_of(after))[0].value == "alive"


def test_too_much_to_keep_is_a_fault(engine: Engine, tiny_model: Path):
    request = engine.submit(RunChain(model=str(tiny_model), count=4, run=ShortRun(steps=5), bound=1000))
    assert "lower the number of chains" in heard(engine, is_end_of(request))[-1].fault.text


def test_close_in_the_middle_of_work_leaves_no_thread(tiny_model: Path):
    before = set(threading.enumerate())
    engine = Engine("cpu")
    engine.submit(RunChain(model=str(tiny_model), count=2, run=ShortRun(steps=100_000)))
    heard(engine, lambda item: isinstance(item, Posted))
    engine.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(Say(text="too late"))


def test_threads_that_help_the_engine_end_with_it_and_torch_has_none(tiny_model: Path):
    engine = Engine("cpu", threads=3)
    before = set(threading.enumerate())
    try:
        chain(engine, engine.submit(RunChain(model=str(tiny_model), count=16, run=ShortRun(steps=2))))
        helpers = [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("crew-")]
        assert len(helpers) == 1  # two blocks of eight: one is the engine's own
    finally:
        engine.close()
    assert not [thread.name for thread in set(threading.enumerate()) - before]
