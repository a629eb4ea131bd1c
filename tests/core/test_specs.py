import pytest

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import PHOTO_STEP, Learning, NetSpec, ShortRun, check_count, check_seed


@pytest.mark.parametrize("spec", [NetSpec(size=64, channels=1, activation="silu"), ShortRun(steps=7), Learning(ema=0)])
def test_a_spec_survives_plain_data(spec):
    assert type(spec).from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (NetSpec, {"size": 48}),
        (NetSpec, {"channels": 2}),
        (NetSpec, {"width": 0}),
        (NetSpec, {"width": True}),
        (NetSpec, {"activation": "tanh"}),
        (NetSpec, {"leak": -0.1}),
        (NetSpec, {"leak": 2}),
        (ShortRun, {"steps": 0}),
        (ShortRun, {"steps": 2.0}),
        (ShortRun, {"step_size": float("nan")}),
        (ShortRun, {"noise_scale": -1.0}),
        (ShortRun, {"start": "zeros"}),
        (ShortRun, {"settle": -1}),
        (Learning, {"updates": 0}),
        (Learning, {"learning_rate": 0.0}),
        (Learning, {"ema": 1.0}),
        (Learning, {"seed": -1}),
    ],
)
def test_what_is_out_of_range_is_refused(kind, wrong):
    with pytest.raises(SettingsError):
        kind(**wrong)


@pytest.mark.parametrize("data", [None, [], {"steps": 5, "extra": 1}, {"steps": "5"}])
def test_foreign_data_is_refused(data):
    with pytest.raises(SettingsError):
        ShortRun.from_dict(data)


def test_the_paper_net_doubles_its_width_at_each_halving():
    assert NetSpec(size=32, width=32).widths == (32, 64, 128, 256)
    assert NetSpec(size=128, width=8).widths == (8, 16, 32, 64, 64, 64)


def test_the_last_steps_become_shorter_evenly():
    run = ShortRun(steps=6, settle=3)
    assert [run.pace(index) for index in range(7)] == pytest.approx([1, 1, 1, 0.75, 0.5, 0.25, 0.25])
    assert {ShortRun(steps=6).pace(index) for index in range(7)} == {1.0}
    assert ShortRun(steps=2, settle=3).pace(0) == 0.5


def test_temperature_of_the_authors_step():
    assert ShortRun(step_size=1.0, noise_scale=0.01).temperature == pytest.approx(5e-5)


def test_photos_are_searched_for_with_shorter_steps_unless_something_is_masked():
    run = ShortRun(step_size=1.25)
    assert run.for_photos().step_size == PHOTO_STEP * 1.25 < run.step_size
    assert run.for_photos(masked=True) == run
    assert ShortRun(step_size=1e-6).for_photos().step_size == 1e-6


def test_rate_and_sigma_fall_only_in_the_last_share():
    learning = Learning(learning_rate=1e-3, data_noise=0.1, decay_share=0.5, final_rate=0.01, final_noise=0.25)
    assert learning.decay(0.4) == (1e-3, 0.1)
    assert learning.decay(0.75) == pytest.approx((1e-4, 0.05))
    assert learning.decay(1.0) == pytest.approx((1e-5, 0.025))


@pytest.mark.parametrize("value", [-1, 2**63, 1.5, True])
def test_seeds_are_whole_and_bounded(value):
    with pytest.raises(SettingsError):
        check_seed(value)


@pytest.mark.parametrize("value", [0, 4097])
def test_counts_are_bounded(value):
    with pytest.raises(SettingsError):
        check_count(value)
