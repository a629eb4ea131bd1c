from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox

from ebm_studio.app.studio.parameters import NOISE_SCALE, STEP_SIZE, STEPS, Parameters, difference


def numbers_called(window, name: str) -> list[QSpinBox | QDoubleSpinBox]:
    fields = [*window.findChildren(QSpinBox), *window.findChildren(QDoubleSpinBox)]
    return [field for field in fields if field.accessibleName().removeprefix("Left ").removeprefix("Right ") == name]


@pytest.mark.parametrize("number", [STEPS, STEP_SIZE, NOISE_SCALE], ids=lambda number: number.name)
def test_every_page_shows_a_number_as_it_is_declared(opened, number):
    fields = numbers_called(opened(None), number.label)
    assert len(fields) >= 5  # Generate, Interpolate, both sides of Compare, Train
    assert {(field.minimum(), field.maximum()) for field in fields} == {(number.low, number.high)}
    assert all(field.toolTip().startswith(number.tip) for field in fields)


def test_what_an_edit_changed_is_named_as_on_the_pages():
    before = Parameters()
    after = replace(before, run=replace(before.run, noise_scale=0.5))
    assert difference(before, after) == "Noise scale τ 0.5"
