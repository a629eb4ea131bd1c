from ebm_studio.app.widgets.formatting import short_run_text
from ebm_studio.core.specs import ShortRun


def test_a_short_run_is_told_with_what_is_unusual():
    assert short_run_text(ShortRun(steps=30, step_size=3.06, noise_scale=0.006)) == "K 30, s 3.06, τ 0.006"
    assert short_run_text(ShortRun(settle=9, start_range=2.0)) == "K 50, s 1, τ 0.01, m 9, p₀ × 2"
