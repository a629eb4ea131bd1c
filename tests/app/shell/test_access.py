"""Everything can be reached by keyboard, shows where the focus is, and has a name and a word of explanation."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)

from tests.app.conftest import PATIENCE

KINDS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QPlainTextEdit)
PAGES = (
    "generate", "reconstruct", "interpolate", "compare", "landscape", "diagnose", "train", "models", "settings", "help",
)  # fmt: skip
MOST = 200  # tabs until the focus must have come round


def controls(window) -> list[QWidget]:
    """What can be operated on the page that is shown, and around it."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, KINDS)
        and not isinstance(widget, QScrollBar)
        and widget.isVisible()
        and widget.isEnabled()
    ]


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.accessibleName()!r} in {type(widget.parentWidget()).__name__}"


@pytest.fixture
def shown(qtbot, running, request):
    page = getattr(running, request.param)
    running.show_page(page)
    qtbot.waitUntil(lambda: not running.link.engine.busy and not running.state.playback.playing, timeout=PATIENCE)
    if request.param == "compare":
        qtbot.waitUntil(lambda: running.compare_state.group is not None, timeout=PATIENCE)
        running.compare_state.playback.pause()
        qtbot.waitUntil(lambda: not running.link.engine.busy, timeout=PATIENCE)
    return running


@pytest.mark.parametrize("shown", PAGES, indirect=True)
def test_names_and_tips(shown):
    unnamed = [
        described(w)
        for w in controls(shown)
        if not (w.accessibleName() or (isinstance(w, QAbstractButton) and w.text()))
    ]
    untold = [described(w) for w in controls(shown) if not w.toolTip() and not isinstance(w, QPlainTextEdit)]
    assert unnamed == []
    assert untold == []


@pytest.mark.parametrize("shown", PAGES, indirect=True)
def test_tab_comes_everywhere_and_is_seen(shown):
    shown.activateWindow()
    reached: list[QWidget] = []
    unseen: list[str] = []
    shown.explain.setFocus()
    seen: QImage | None = None  # the last one with the focus
    for _ in range(MOST):
        QTest.keyClick(shown.windowHandle(), Qt.Key.Key_Tab)
        here = QApplication.focusWidget()
        assert here is not None, f"the focus is lost after {described(reached[-1])}"
        if reached and reached[-1].grab().toImage() == seen:
            unseen.append(described(reached[-1]))
        if here in reached:
            break
        reached.append(here)
        seen = here.grab().toImage()
    # Of buttons that exclude each other Tab finds the one that is chosen; arrows lead to the others.
    alone = [
        w for w in controls(shown) if not (isinstance(w, QAbstractButton) and w.autoExclusive() and not w.isChecked())
    ]
    inner = {w.parentWidget() for w in reached if isinstance(w, QLineEdit)}
    missed = [described(w) for w in alone if w not in reached and w not in inner]
    assert missed == []
    assert unseen == []
