from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from ebm_studio.app.pages.train.close_prompt import question


@dataclass
class View:
    name: str
    state: str

    @property
    def status(self) -> SimpleNamespace:
        return SimpleNamespace(state=self.state)


@pytest.mark.parametrize(
    ("views", "said", "keep"),
    [
        ([View("a", "paused")], "a is paused. It stays so", "Keep paused"),
        (
            [View("a", "paused"), View("b", "learning")],
            "a (paused), b are still training. They continue ",
            "Keep training",
        ),
        ([View("a", "learning")], "a is still training. It continues ", "Keep training"),
    ],
)
def test_a_paused_run_is_called_paused(views, said, keep):
    text, answer = question(views)
    assert text.startswith(said)
    assert answer == keep
