"""What a person is typing into a field stays when the page shows the same value again meanwhile."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from ebm_studio.app.widgets.fields import RealField, SeedField, WholeField
from tests.app.conftest import PATIENCE


@pytest.mark.parametrize(
    ("field", "show"),
    [
        (lambda: WholeField(0, 99, "n", "n"), lambda field, value: field.setValue(value)),
        (lambda: RealField(0, 99, "s", "s"), lambda field, value: field.setValue(value)),
        (lambda: SeedField(99, "seed", "seed"), lambda field, value: field.set_value(value)),
    ],
    ids=["whole", "real", "seed"],
)
def test_the_same_value_leaves_what_is_typed_alone(qtbot, theme, field, show):
    field = field()
    qtbot.addWidget(field)
    field.show()
    qtbot.waitExposed(field)
    show(field, 7)
    line = field.findChild(QLineEdit)
    line.setFocus()
    qtbot.waitUntil(line.hasFocus, timeout=PATIENCE)
    line.selectAll()
    QTest.keyClicks(line, "42")
    show(field, 7)
    assert line.text() == "42"
    show(field, 8)  # another value is news
    assert line.text() == "8"


def test_a_name_that_is_being_typed_stays_when_the_data_has_been_looked_at(qtbot, running):
    running.show_page(running.train)
    field = running.train.setup_inspector.data.name
    field.setFocus()
    qtbot.waitUntil(field.hasFocus, timeout=PATIENCE)
    field.selectAll()
    QTest.keyClicks(field, "cats?")
    running.train.setup.preview_changed.emit()
    assert field.text() == "cats?"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert running.train.setup.plan.name == "cats?"
