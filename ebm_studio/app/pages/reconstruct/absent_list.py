"""The photos that are not there, grey below the others."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QMenu

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.reconstruct.absent import AbsentPhotos
from ebm_studio.app.pages.reconstruct.photo_list import WIDTH
from ebm_studio.app.widgets.names import in_tip, printable

ROWS = 6


class AbsentList(QListWidget):
    """Hidden while all photos are there. A tip says why one is not; its menu forgets it."""

    def __init__(self, absent: AbsentPhotos) -> None:
        super().__init__()
        self.setObjectName("absent")
        self.setAccessibleName("Missing photos")
        self.setFixedWidth(WIDTH + UNIT)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._absent = absent
        self.customContextMenuRequested.connect(self._ask)
        absent.changed.connect(self._load)
        self._load()

    def _load(self) -> None:
        self.clear()
        for absent in self._absent.items:
            item = QListWidgetItem(printable(absent.remembered.name.name))
            item.setToolTip(in_tip(absent.why))
            item.setFlags(Qt.ItemFlag.NoItemFlags)  # grey, and never chosen
            self.addItem(item)
        self.setVisible(bool(self._absent.items))
        self.setFixedHeight(min(self.count(), ROWS) * self.sizeHintForRow(0) + UNIT)

    def _ask(self, point: QPoint) -> None:
        row = self.indexAt(point).row()
        if row >= 0:
            absent = self._absent.items[row]
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction("Forget", lambda: self._absent.forget(absent))
            menu.popup(self.viewport().mapToGlobal(point))
