"""Ctrl+E: the export dialog on what the page shows, now or as soon as it is finished."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.export.dialog import ExportDialog
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.widgets.notice import Notice
from ebm_studio.app.widgets.waiting import progress_text
from ebm_studio.engine.requests import Fault, Progress

REST = 500
"""Milliseconds without work after which nothing more will come: a page may follow up one job with another."""


class Exporting(QObject):
    """Offers to wait for a page that still computes what it would export."""

    def __init__(self, theme: Theme, studio: Studio, dialog: ExportDialog, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._dialog = dialog
        self._awaited: Page | None = None
        self._rest = QTimer(self, interval=REST, singleShot=True)
        self._rest.timeout.connect(self._give_up)
        self.notice = Notice(theme)
        studio.link.progress_changed.connect(self._look)

    def start(self, page: Page) -> None:
        """Open the dialog on a page, or ask whether to wait for it, or say that there is nothing."""
        if things := page.exportables():
            self._stop()
            self._dialog.offer(things)
        elif (progress := self._progress_of(page)) is not None:
            self.notice.say(
                f"{page.title} is not finished yet ({progress_text(progress)}). Export when it is?",
                ("Wait, then export", partial(self._wait, page)),
                ("Cancel", self._stop),
            )
        else:
            self._say_nothing(page)

    def _progress_of(self, page: Page) -> Progress | None:
        """How far the page's work is; None when it does none."""
        progress = self._studio.link.progress
        is_its = progress is not None and not progress.request.background and progress.request.page in ("", page.key)
        return progress if is_its else None

    def _wait(self, page: Page) -> None:
        self._awaited = page
        self.notice.say(f"The export opens as soon as {page.title} is finished.", ("Cancel", self._stop))
        self._look()

    def _look(self) -> None:
        """See whether what is waited for is there."""
        page = self._awaited
        if page is None or self._progress_of(page) is not None:
            self._rest.stop()
        elif page.exportables():
            self.start(page)
        elif not self._rest.isActive():
            self._rest.start()

    def _give_up(self) -> None:
        """Say that nothing will come, unless there is still work."""
        page = self._awaited
        if page is None or page.exportables() or self._studio.link.engine.busy:
            self._look()
        else:
            self._stop()
            self._say_nothing(page)

    def _stop(self) -> None:
        self._awaited = None
        self._rest.stop()
        self.notice.hide()

    def _say_nothing(self, page: Page) -> None:
        self._studio.faults.show(Fault(f"There is nothing to export on {page.title} yet."))
