"""The main window: rail, pages, status line."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSettings, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from ebm_studio.app.generate import GeneratePage
from ebm_studio.app.link import EngineLink
from ebm_studio.app.rail import Rail
from ebm_studio.app.state import GenerateState
from ebm_studio.app.status import Status
from ebm_studio.app.theme import Theme


class MainWindow(QMainWindow):
    """Paints itself first, then starts the engine on the model."""

    painted = Signal()
    """After the first paint."""

    def __init__(self, theme: Theme, settings: QSettings, model: str | None = None, device: str = "auto") -> None:
        super().__init__()
        self.setWindowTitle("EBM Studio")
        self._settings = settings
        self._model = model
        self._is_painted = False
        self.link = EngineLink(device, self)
        self.state = GenerateState(self.link, settings, self)
        self.generate = GeneratePage(theme, self.state)
        self.rail = Rail(theme)
        self.rail.add_page("generate", "Generate", "Generate: chains from noise to image.")
        self.pages = QStackedWidget()
        self.pages.addWidget(self.generate)
        self.rail.chosen.connect(self.pages.setCurrentIndex)
        self.status = Status(self.state)
        self._lay_out()
        self._restore()
        self.generate.canvas.setFocus()

    def _lay_out(self) -> None:
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.pages, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(middle, 1)
        column.addWidget(self.status)
        self.setCentralWidget(whole)

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and not self._is_painted:
            self._is_painted = True
            # The screen gets the empty window before torch and pyqtgraph take the interpreter.
            QTimer.singleShot(0, self._start)
        return handled

    def _start(self) -> None:
        self.painted.emit()
        # One after the other: two imports at once would only wait for each other's turns.
        self.generate.timeline.add_plots()
        self.state.open_first(self._model)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.hide()  # at once; the engine may need to finish a step
        self._settings.setValue("window/geometry", self.saveGeometry())
        self.generate.remember(self._settings)
        self.state.close()
        super().closeEvent(event)

    def _restore(self) -> None:
        self.resize(1280, 800)
        if geometry := self._settings.value("window/geometry"):
            self.restoreGeometry(geometry)
        self.generate.restore(self._settings)
