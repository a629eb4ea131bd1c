"""Explain mode: the button on the rail, and the captions of the page that is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QToolButton, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import ICON
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import ShowHelp
from ebm_studio.app.widgets.captions import Captions


class ExplainButton(QToolButton):
    """Turns the mode on and off, which is remembered."""

    def __init__(
        self, theme: Theme, studio: Studio, area: QWidget, pages: Sequence[Page], page: Callable[[], Page]
    ) -> None:
        """`page` is the one of the `pages` that is shown in the area."""
        super().__init__()
        self._settings = studio.settings
        self._page = page
        self.captions = Captions(area)
        self.captions.wanted.connect(lambda entry: studio.wish(ShowHelp("words", entry)))
        self.setIcon(theme.icon("explain"))
        self.setIconSize(QSize(ICON, ICON))
        self.setAccessibleName("Explain")
        self.setToolTip("Explain what is shown, next to the things themselves (E).")
        theme.changed.connect(self.update)
        self.setCheckable(True)
        self.setChecked(studio.settings.text("explain") == "on")
        self.toggled.connect(self._remember)
        for each in pages:
            each.captions_changed.connect(self.show_captions)

    def show_captions(self) -> None:
        """Draw the captions of the page that is shown, in explain mode."""
        if self.isChecked():
            self.captions.show(self._page().captions())
        else:
            self.captions.clear()

    def _remember(self, on: bool) -> None:
        self._settings.set("explain", "on" if on else "off")
        self.show_captions()
