"""Errors as a person sees them: one sentence that stays until it is dismissed."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ebm_studio.engine.requests import Fault


class Faults(QObject):
    """Observable: the newest error that nobody has dismissed, of the whole window or, as a base, of a page."""

    fault_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fault: Fault | None = None

    def show(self, fault: Fault) -> None:
        """Show an error in the banner."""
        self.fault = fault
        self.fault_changed.emit()

    def dismiss(self) -> None:
        """Remove it."""
        if self.fault is not None:
            self.fault = None
            self.fault_changed.emit()
