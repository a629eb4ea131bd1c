"""An error, in one sentence, above a picture that stays."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import ICON, UNIT
from ebm_studio.app.widgets.fields import button, label
from ebm_studio.app.widgets.lying_strip import LyingStrip
from ebm_studio.app.widgets.names import in_tip, printable_lines, without_folders
from ebm_studio.engine.requests import Fault


class HasFault(Protocol):
    """An observable that has an error to show."""

    @property
    def fault(self) -> Fault | None: ...
    @property
    def fault_changed(self) -> SignalInstance: ...
    def dismiss(self) -> None: ...


class Banner(LyingStrip):
    """Shows the state's error, with the whole paths in its tip; a bug's traceback can be copied."""

    def __init__(self, theme: Theme, state: HasFault) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._theme = theme
        self._state = state
        self._sign = QLabel()
        self.text = label("")
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(1)  # a path has no place to break, and is not to widen the window
        self.text.setAccessibleName("Error")
        self.copy = QPushButton("Copy details")
        self.copy.setObjectName("quiet")
        self.copy.setToolTip("Copy the details for a bug report.")
        self.copy.clicked.connect(self._copy)
        self.dismiss = button(theme, "close", "Dismiss", "Close this message.", state.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT // 2, UNIT, UNIT // 2)
        row.setSpacing(UNIT)
        row.addWidget(self._sign)
        row.addWidget(self.text, 1)
        row.addWidget(self.copy)
        row.addWidget(self.dismiss)
        state.fault_changed.connect(self._show)
        theme.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        fault = self._state.fault
        self.setVisible(fault is not None)
        self._sign.setPixmap(self._theme.icon("warning").pixmap(ICON, ICON))
        if fault is not None:
            text = without_folders(fault.text)
            self.text.setText(printable_lines(text))
            self.text.setToolTip(in_tip(fault.text) if text != fault.text else "")
            self.copy.setVisible(bool(fault.details))
            self.place()

    def _copy(self) -> None:
        if self._state.fault is not None:
            QGuiApplication.clipboard().setText(f"{self._state.fault.text}\n\n{self._state.fault.details}")
