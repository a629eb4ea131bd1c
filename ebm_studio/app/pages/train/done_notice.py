"""Says that a run has ended: over whatever page is shown, and through the system when nobody looks at the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.train.runs.run_reader import RunView
from ebm_studio.app.studio.wishes import ShowModel, ShowRun
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.app.widgets.notice import Notice
from ebm_studio.core.durations import duration


class DoneNotice(Notice):
    """Hidden until a run is done, or has failed."""

    def __init__(self, theme: Theme, wish: Callable[[object], object]) -> None:
        super().__init__(theme)
        self.setAccessibleName("A run has ended")
        self._wish = wish
        self._tray: QSystemTrayIcon | None = None

    def tell(self, view: RunView) -> None:
        """Say how a run has ended, with the ways to look at it."""
        text = ended_text(view)
        answers = [("Show the run", lambda: self._wish(ShowRun(view.name)))]
        if view.folder.model.exists():
            answers.append(("Try its model", lambda: self._wish(ShowModel(str(view.folder.model)))))
        self.say(text, *answers)
        if not self.window().isActiveWindow():
            self._tell_the_system(text)

    def _tell_the_system(self, text: str) -> None:
        QApplication.alert(self.window())
        if not (QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages()):
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._tray.setToolTip("EBM Studio")
            self._tray.messageClicked.connect(self._come)
            self._tray.activated.connect(self._come)
        self._tray.show()
        self._tray.showMessage("EBM Studio", text)

    def _come(self) -> None:
        if self._tray is not None:
            self._tray.hide()
        self.window().raise_()
        self.window().activateWindow()


def ended_text(view: RunView) -> str:
    """How a run has ended, in a sentence."""
    status = view.status
    if status.state == "done":
        return f"{view.name} is done: {thousands(status.updates)} updates in {duration(status.seconds)}."
    return f"{view.name} has failed: {status.text}"
