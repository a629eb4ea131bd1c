"""Good settings to start training with. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from ebm_studio.core.specs import Learning, NetSpec, ShortRun


@dataclass(frozen=True, slots=True)
class Preset:
    """Training settings for pictures of any kind; size and channels are set to fit later."""

    name: str
    text: str
    """What to expect of it."""
    net: NetSpec
    short_run: ShortRun
    learning: Learning


PRESETS = (
    Preset(
        "Quick look",
        "A small network: recognisable shapes and colours.",
        NetSpec(width=16),
        ShortRun(steps=40),
        Learning(updates=1500, chains=16, images=64, learning_rate=2e-4, ema=0.99),
    ),
    Preset(
        "Good",
        "A larger network: clear pictures on most data sets.",
        NetSpec(width=32),
        ShortRun(steps=50),
        Learning(updates=14_000, chains=16, images=64),  # docs/training.md, "What settings are worth"
    ),
    Preset(
        "Paper-exact",
        "As Nijkamp et al. (2019) and their code: width 64, K 100, 64 pictures.",
        NetSpec(width=64),
        ShortRun(steps=100),
        # The paper: 200,000 updates, then rate and sigma "gradually decreased"; how far is our choice.
        Learning(updates=220_000, chains=64, images=64, ema=0.0, decay_share=1 / 11, final_rate=0.1, final_noise=0.5),
    ),
)
