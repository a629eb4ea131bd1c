"""Small controls that several panels use: number fields, choices, buttons, labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self, TypeVar

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import ICON, UNIT
from ebm_studio.app.studio.parameters import Number

B = TypeVar("B", bound=QBoxLayout)

DETENTS = 1000  # positions of a parameter's slider


def label(text: str, role: str = "") -> QLabel:
    """A plain text in one of the style sheet's roles."""
    widget = QLabel(text)
    widget.setTextFormat(Qt.TextFormat.PlainText)
    widget.setProperty("role", role)
    return widget


def is_typed_in(line: QLineEdit) -> bool:
    """Whether a person is typing a text that nobody has taken yet."""
    return line.hasFocus() and line.isModified()


def elided(widget: QWidget, text: str, width: int) -> str:
    """A text cut to a width in pixels, in the widget's type."""
    widget.ensurePolished()
    return widget.fontMetrics().elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, width)


def close_packed(box: B) -> B:
    """The box layout itself, now without room around or between what is in it."""
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(0)
    return box


def button(theme: Theme, icon: str, name: str, tip: str, action: Callable[[], object] | None = None) -> QToolButton:
    """A quiet icon button; `name` is what a screen reader says."""
    widget = QToolButton()
    widget.setIcon(theme.icon(icon))
    widget.setIconSize(QSize(ICON, ICON))
    widget.setAccessibleName(name)
    widget.setToolTip(tip)
    theme.changed.connect(widget.update)
    if action is not None:
        widget.clicked.connect(lambda: action())
    return widget


def reset_button(theme: Theme, name: str, whose: str = "model") -> QToolButton:
    """The way back to the model's own value, hidden until there is one."""
    reset = button(theme, "reset", name, f"Reset to the {whose}'s value.")
    policy = reset.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    reset.setSizePolicy(policy)
    reset.hide()
    return reset


class WholeField(QSpinBox):
    """A whole number to type; arrows and wheel step it."""

    def __init__(self, low: int, high: int, name: str, tip: str) -> None:
        super().__init__()
        self.setRange(low, high)
        _prepare(self, name, tip)

    def setValue(self, value: int) -> None:
        """Show a value. The one that it has already leaves alone what a person is typing."""
        if value != self.value():
            super().setValue(value)


class RealField(QDoubleSpinBox):
    """A number to type, in plain or e-notation, shown with the digits it needs."""

    def __init__(self, low: float, high: float, name: str, tip: str) -> None:
        super().__init__()
        self.setDecimals(9)
        self.setRange(low, high)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        _prepare(self, name, tip)

    def setValue(self, value: float) -> None:
        """Show a value. The one that it has already leaves alone what a person is typing."""
        if value != self.value():
            super().setValue(value)

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e+")

    def valueFromText(self, text: str) -> float:
        return float(text.replace(",", "."))

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        try:
            ok = self.minimum() <= float(text.replace(",", ".")) <= self.maximum()
        except ValueError:
            ok = False
        return (QValidator.State.Acceptable if ok else QValidator.State.Intermediate, text, position)


class SeedField(QAbstractSpinBox):
    """A seed, which may need more bits than Qt's own spin box has."""

    edited = Signal(object)

    def __init__(self, high: int, name: str, tip: str) -> None:
        super().__init__()
        self._high = high
        self._value = 0
        self.lineEdit().editingFinished.connect(self._take)
        self.setFixedWidth(12 * UNIT)
        _prepare(self, name, tip)

    @property
    def value(self) -> int:
        """The seed."""
        return self._value

    def set_value(self, value: int) -> None:
        """Show a seed. The one that it has already leaves alone what a person is typing."""
        if value != self._value or not is_typed_in(self.lineEdit()):
            self.lineEdit().setText(str(value))
        self._value = value

    def stepBy(self, steps: int) -> None:
        self.edited.emit(min(max(self._value + steps, 0), self._high))

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        if text == "":
            return (QValidator.State.Intermediate, text, position)
        ok = text.isascii() and text.isdigit() and int(text) <= self._high
        return (QValidator.State.Acceptable if ok else QValidator.State.Invalid, text, position)

    def _take(self) -> None:
        text = self.lineEdit().text()
        if text.isdigit():
            self.edited.emit(int(text))
        else:
            self.set_value(self._value)


class _NumberKeys(QObject):
    """Leaves to the window's shortcuts the keys that its field has no use for."""

    def __init__(self, field: QAbstractSpinBox) -> None:
        super().__init__(field)
        self._line = field.lineEdit()
        field.installEventFilter(self)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        is_for_window = (
            event.key() == Qt.Key.Key_Question
            or (event.matches(QKeySequence.StandardKey.Undo) and not self._line.isUndoAvailable())
            or (event.matches(QKeySequence.StandardKey.Redo) and not self._line.isRedoAvailable())
        )
        if is_for_window:
            event.ignore()
        return is_for_window


def _prepare(field: QAbstractSpinBox, name: str, tip: str) -> None:
    _NumberKeys(field)
    line = field.lineEdit()
    field.editingFinished.connect(lambda: line.setText(line.text()))  # what was taken is the window's to undo
    field.lineEdit().setTextMargins(UNIT // 2, 0, UNIT // 2, 0)
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    field.setKeyboardTracking(False)
    field.setAccessibleName(name)
    field.setToolTip(tip)


PADDED = 4  # letters that the room around a word is worth


class Choice(QWidget):
    """A few words, one of them chosen: side by side, or `stacked` where they are many."""

    chosen = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str, str]], name: str, stacked: bool = False) -> None:
        """`options` are (value, text, tip)."""
        super().__init__()
        self.setAccessibleName(name)
        way = QBoxLayout.Direction.TopToBottom if stacked else QBoxLayout.Direction.LeftToRight
        row = QBoxLayout(way, self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT // 2)
        self._buttons: dict[str, QToolButton] = {}
        for value, text, tip in options:
            option = QToolButton()
            option.setText(text)
            option.setToolTip(tip)
            option.setCheckable(True)
            option.setAutoExclusive(True)
            option.setProperty("role", "choice")
            option.setAccessibleName(f"{name}: {text}")
            option.clicked.connect(lambda _=False, value=value: self.chosen.emit(value))
            option.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab comes to what is chosen; arrows lead on from there
            option.toggled.connect(partial(_let_tab_come, option))
            row.addWidget(option, 0 if stacked else len(text) + PADDED)  # long words need more room
            self._buttons[value] = option
        for option in self._buttons.values():
            option.setSizePolicy(option.sizePolicy().Policy.Expanding, option.sizePolicy().Policy.Fixed)

    def set_value(self, value: str) -> None:
        """Show another choice."""
        self._buttons[value].setChecked(True)

    def set_offered(self, value: str, offered: bool) -> None:
        """Show or hide one of the words."""
        self._buttons[value].setVisible(offered)

    def focus_chosen(self) -> None:
        """Give the focus to what is chosen."""
        next(button for button in self._buttons.values() if button.isChecked()).setFocus()


def _let_tab_come(option: QToolButton, is_chosen: bool) -> None:
    option.setFocusPolicy(Qt.FocusPolicy.TabFocus if is_chosen else Qt.FocusPolicy.NoFocus)


class Scale:
    """How a slider's way maps to numbers: evenly, or by ratio; 0 is the left end of a ratio scale with `zero`."""

    def __init__(self, low: float, high: float, *, ratio: bool = False, zero: bool = False) -> None:
        self.low, self.high, self._ratio, self._zero = low, high, ratio, zero

    def value(self, detent: int) -> float:
        """The number at a slider position, to three digits."""
        share = detent / DETENTS
        if not self._ratio:
            return self.low + share * (self.high - self.low)
        if self._zero and detent == 0:
            return 0.0
        return float(f"{self.low * (self.high / self.low) ** share:.3g}")

    def detent(self, value: float) -> int:
        """The slider position of a number, at an end when it is beyond."""
        value = min(max(value, self.low), self.high)
        if self._ratio:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(share * DETENTS)


def number_field(number: Number, name: str = "") -> WholeField | RealField:
    """A field for a declared number; `name` is what a screen reader says, by default its label."""
    name = name or number.label
    if number.whole:
        return WholeField(int(number.low), int(number.high), name, number.tip)
    return RealField(number.low, number.high, name, number.tip)


class Parameter(QWidget):
    """A number with its label, a field to type in, a slider to play with, and a way back to the model's own."""

    edited = Signal(float)

    def __init__(
        self, theme: Theme, text: str, field: WholeField | RealField, scale: Scale, whose: str = "model"
    ) -> None:
        super().__init__()
        self._scale = scale
        self._own: float | None = None
        self.field = field
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setMaximum(DETENTS)
        self.slider.setToolTip(field.toolTip())
        self.slider.setAccessibleName(f"{field.accessibleName()} slider")
        self.reset = reset_button(theme, f"Reset {field.accessibleName()}", whose)
        field.setFixedWidth(9 * UNIT)
        name = label(text, "muted")
        name.setWordWrap(True)  # a long name takes a second line, not a wider column

        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(UNIT // 2)
        grid.setVerticalSpacing(UNIT // 2)
        grid.addWidget(name, 0, 0)
        grid.addWidget(self.reset, 0, 1)
        grid.addWidget(field, 0, 2)
        grid.addWidget(self.slider, 1, 0, 1, 3)
        grid.setColumnStretch(0, 1)

        field.valueChanged.connect(lambda value: self.edited.emit(value))
        self.slider.valueChanged.connect(lambda detent: self.edited.emit(scale.value(detent)))
        self.reset.clicked.connect(lambda: self.edited.emit(self._own))

    @classmethod
    def of(cls, theme: Theme, number: Number, whose: str = "model") -> Self:
        """A declared number."""
        scale = Scale(*number.slider, ratio=number.ratio, zero=number.zero)
        return cls(theme, number.label, number_field(number), scale, whose)

    def set_range(self, low: int, high: int) -> None:
        """Change the range of a whole number and of its slider."""
        self._scale.low, self._scale.high = low, high
        self.field.blockSignals(True)
        self.field.setRange(low, high)
        self.field.blockSignals(False)

    def set_value(self, value: float, own: float | None) -> None:
        """Show a value, and what the model's own is."""
        self._own = own
        self.reset.setVisible(own is not None and value != own)
        for widget, shown in ((self.field, value), (self.slider, self._scale.detent(value))):
            widget.blockSignals(True)
            widget.setValue(shown)  # type: ignore[arg-type]  # whole in the field of a whole number
            widget.blockSignals(False)
