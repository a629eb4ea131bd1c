"""An exception while painting is told, and never reaches Qt."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QListWidget, QStyledItemDelegate, QWidget

import ebm_studio.app
from ebm_studio.app.look.guard import guarded

ROOT = Path(ebm_studio.app.__file__).parent


def paints() -> list[tuple[str, ast.FunctionDef]]:
    """Every method by which Qt has something painted."""
    found = []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                arguments = [argument.arg for argument in node.args.args]
                if node.name == "paintEvent" or (node.name == "paint" and "painter" in arguments):
                    found.append((f"{path.relative_to(ROOT)}:{node.lineno}", node))
    return found


def test_all_painting_is_behind_the_guard():
    assert len(paints()) > 20
    for place, node in paints():
        assert [ast.unparse(each) for each in node.decorator_list] == ["guarded"], place


class Broken(QWidget):
    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)  # noqa: F841 - it must be ended
        raise ZeroDivisionError("by a bug")


class BrokenRow(QStyledItemDelegate):
    @guarded
    def paint(self, painter, option, index) -> None:
        painter.setOpacity(0.0)
        raise ZeroDivisionError("by a bug")


@pytest.mark.parametrize("kind", ["widget", "delegate"])
def test_a_broken_painting_is_told_once_and_the_window_goes_on(qtbot, kind):
    if kind == "widget":
        widget = Broken()
    else:
        widget = QListWidget()
        widget.setItemDelegate(BrokenRow(widget))
        widget.addItems(["one", "two"])
    qtbot.addWidget(widget)
    with qtbot.captureExceptions() as errors:
        widget.show()
        qtbot.waitExposed(widget)
        for _ in range(3):
            widget.grab()
    assert [error for _, error, _ in errors if not isinstance(error, ZeroDivisionError)] == []
    assert len(errors) == 1
