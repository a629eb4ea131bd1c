"""Files that are dropped on the window, passed to the pages that open them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.shell.drop_overlay import Veil
from ebm_studio.app.studio.openers import Drops, Opener, local_files, nobody_opens
from ebm_studio.app.studio.wishes import ShowModel
from ebm_studio.data.exports.recipe_files import holds_recipe
from ebm_studio.data.models.card import is_model_file
from ebm_studio.data.models.latent import is_latent_file
from ebm_studio.engine.requests import Fault

if TYPE_CHECKING:
    from ebm_studio.app.shell.window import MainWindow


class FileDrops(QObject):
    """Handles drags over a window, and says what a drop would do."""

    def __init__(self, theme: Theme, window: MainWindow, restore: Callable[[list[Path]], object]) -> None:
        """`restore` takes files that were exported here."""
        super().__init__(window)
        self.veil = Veil(theme, window)
        self._window = window
        studio = window.studio
        self._drops = Drops()
        self._drops.add(Opener(holds_recipe, restore, "Restore the settings that made this file", first=True))
        self._drops.add(Opener(is_latent_file, studio.shelf.open_files, "Keep the latents"))
        self._drops.add(Opener(is_model_file, lambda files: studio.wish(ShowModel(str(files[0]))), "Open the model"))
        for page in window.pages:
            for opener in page.openers():
                self._drops.add(opener)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    @guarded
    def eventFilter(self, window: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            if paths := local_files(event.mimeData()):
                taken, left = self._drops.share_out(paths, self._window.page.key)
                self.veil.cover(" · ".join(opener.hint for opener in taken) or nobody_opens(left))
                event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.DragLeave:
            self.veil.hide()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self.veil.hide()
            self.open(local_files(event.mimeData()))
            event.acceptProposedAction()
            return True
        return False

    def open(self, paths: list[Path]) -> None:
        """Pass files to the pages that open them, and show those pages."""
        taken, left = self._drops.share_out(paths, self._window.page.key)
        for opener, files in taken.items():
            if opener.page:
                self._window.show_key(opener.page)
            opener.open(files)
        if left:
            self._window.studio.faults.show(Fault(nobody_opens(left)))
