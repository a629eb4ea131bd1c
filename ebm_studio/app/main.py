"""Start of the window."""

from __future__ import annotations

import sys

from PySide6.QtGui import QGuiApplication

from ebm_studio import __version__


def run_window(model: str | None = None) -> int:
    """Open the window with a model, by name or file; returns the exit code when it is closed."""
    if sys.platform == "win32":
        import torch  # noqa: F401 - there, torch's libraries must be loaded before Qt's

    from PySide6.QtWidgets import QApplication

    from ebm_studio.app.settings import open_settings
    from ebm_studio.app.theme import Theme
    from ebm_studio.app.window import MainWindow

    QGuiApplication.setApplicationDisplayName("EBM Studio")
    app = QApplication(sys.argv[:1])
    app.setApplicationName("ebm-studio")
    app.setApplicationVersion(__version__)
    app.setStyle("Fusion")  # the same on every system, and it obeys the style sheet
    settings = open_settings()
    theme = Theme(app, settings)
    window = MainWindow(theme, settings, model)
    try:
        window.show()
        return app.exec()
    finally:
        window.link.close()  # also when the loop ended without a closed window
        theme.close()
