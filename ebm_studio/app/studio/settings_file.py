"""What the window remembers between launches."""

from __future__ import annotations

from PySide6.QtCore import QSettings


def open_settings() -> QSettings:
    """The program's settings, a readable file in the user's own configuration folder."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "EBM Studio", "ebm-studio")
