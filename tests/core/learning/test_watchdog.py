import math
from pathlib import Path

import pytest

from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.learning.watchdog import MEMORY, Watchdog, easier, way
from ebm_studio.core.specs import Learning, NetSpec, ShortRun

NET = NetSpec(size=16, channels=1, width=8)
RUN = ShortRun(steps=20)
USUAL_V = way(NET, RUN) / RUN.steps
RECORDED = Path(__file__).parent / "run_away.csv"
"""Of a real run: Fashion-MNIST at 16 x 16, n_f 8, K 20, rate 0.001. It ran away of itself after some 680 updates."""


def recorded():
    lines = RECORDED.read_text().splitlines()[1:]
    return [metrics(n, *map(float, line.split(","))) for n, line in enumerate(lines, 1)]


def metrics(update, energy_data=0.0, energy_samples=0.0, v=USUAL_V):
    return Metrics(update, energy_data, energy_samples, v, 1e-3, 0.03)


def healthy(count, spread=0.5):
    return [metrics(n, spread * math.sin(n), 0.0) for n in range(1, count + 1)]


def shown(past, dog=None):
    dog = dog or Watchdog(NET, RUN)
    return [dog.look(m) for m in past]


def test_a_real_run_is_left_alone_while_it_is_well_then_warned_then_called_back():
    verdicts = shown(recorded())
    assert {verdict.sign for verdict in verdicts[:650]} == {"healthy"}
    assert not any(verdict.text for verdict in verdicts[:650])

    signs = [verdict.sign for verdict in verdicts]
    warned, ended = signs.index("unsteady"), signs.index("run_away")
    assert 650 < warned < ended < 700
    assert "smaller learning rate" in verdicts[warned].text
    assert [bool(verdict.text) for verdict in verdicts[warned:ended]].count(True) == 1
    assert "diverged" in verdicts[ended].text


@pytest.mark.parametrize("update", [30, 200, 640, 675])
def test_a_watchdog_that_is_shown_the_past_judges_like_the_one_that_saw_it(update):
    run = recorded()
    unbroken = [verdict.sign for verdict in shown(run)][update:]
    resumed = Watchdog(NET, RUN, run[:update][-MEMORY:])
    assert [verdict.sign for verdict in shown(run[update:], resumed)] == unbroken


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_has_run_away(bad):
    assert shown([metrics(1, bad)])[0].sign == "run_away"
    assert shown([metrics(1, v=bad)])[0].sign == "run_away"


def test_one_odd_update_is_no_reason_to_bark():
    past = healthy(300)
    past[250] = metrics(251, 1000.0, 0.0, 50 * USUAL_V)
    assert {verdict.sign for verdict in shown(past)} == {"healthy"}
    assert not any(verdict.text for verdict in shown(past))


@pytest.mark.parametrize(("usual", "now", "sign"), [(1, 3, "unsteady"), (1, 6, "run_away"), (2, 6, "unsteady")])
def test_how_long_is_too_long_depends_on_what_is_usual(usual, now, sign):
    past = [metrics(n, math.sin(n), v=usual * USUAL_V) for n in range(1, 101)]
    assert shown([*past, *(metrics(n, v=now * USUAL_V) for n in range(101, 111))])[-1].sign == sign


def test_energies_that_part_are_seen_though_the_short_runs_stay_as_they_are():
    far = USUAL_V**2 * RUN.steps
    verdicts = shown([*healthy(100), *(metrics(n, 8 * far, 0.0) for n in range(101, 120))])
    assert verdicts[-1].sign == "unsteady"
    verdicts = shown([*healthy(100), *(metrics(n, 30 * far, 0.0) for n in range(101, 120))])
    assert verdicts[-1].sign == "run_away"


def test_a_run_that_comes_to_life_is_left_alone():
    # As seen: v still about 0, and d growing many times over.
    born = [metrics(n, 0.0, 0.001 * 1.1**n, v=USUAL_V / 100) for n in range(1, 70)]
    assert not any(verdict.text for verdict in shown(born))


def test_short_runs_that_stop_moving_are_told():
    texts = [v.text for v in shown([*healthy(100), *(metrics(n, v=USUAL_V / 50) for n in range(101, 120))])]
    assert sum("hardly move" in text for text in texts) == 1


@pytest.mark.parametrize(("sign", "side"), [(-1, "below"), (1, "above")])
def test_a_difference_that_keeps_its_sign_is_told_once_in_a_while(sign, side):
    leaning = [metrics(n, sign * USUAL_V**2 * RUN.steps) for n in range(1, 2 * MEMORY + 1)]
    verdicts = shown(leaning)
    assert {verdict.sign for verdict in verdicts} == {"healthy"}
    said = [n for n, verdict in enumerate(verdicts, 1) if f"stayed {side} 0" in verdict.text]
    assert said == [MEMORY, 2 * MEMORY]


def test_the_way_is_from_noise_to_pictures_and_back_what_noise_adds():
    assert way(NET, ShortRun(noise_scale=0)) == pytest.approx(math.sqrt(256 * 2 / 3))
    assert way(NET, ShortRun(noise_scale=0, start="gaussian")) == pytest.approx(math.sqrt(256 * 4 / 3))
    few, many = (way(NET, ShortRun(steps=100, noise_steps=n)) for n in (10, None))
    assert many - few == pytest.approx(16 * 90 * 0.01)
    assert many - way(NET, ShortRun(steps=100, settle=3)) == pytest.approx(16 * (1 / 4 + 2 / 4 + 3 / 4) * 0.01)


def test_easier_settings_stay_settings():
    learning = Learning(learning_rate=1e-3, data_noise=0.1)
    assert easier(learning).learning_rate == pytest.approx(3e-4)
    assert easier(learning).data_noise == pytest.approx(0.12)
    easier(easier(Learning(learning_rate=1e-8, data_noise=2.0)))
