"""The Settings page, made from the declaration of the settings."""

from __future__ import annotations

from dataclasses import fields

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.preferences import About, Preferences, about
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.page_header import TitledHeader

WIDTH = 90 * UNIT


class SettingsPage(Page):
    """One line for each setting; a change is applied at once."""

    key = "settings"
    title = "Settings"
    tip = "Settings: look, computing, playback."
    low = True

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self._store = store = studio.preferences
        self.boxes: dict[str, QComboBox] = {}
        body = QWidget()
        body.setObjectName("body")
        body.setMaximumWidth(WIDTH)  # not the groups: they would be given the height that they need when wider
        column = QVBoxLayout(body)
        column.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, 3 * UNIT)
        column.setSpacing(4 * UNIT)
        for group in dict.fromkeys(about(setting).group for setting in fields(Preferences)):
            column.addWidget(self._group(group))
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(TitledHeader(self.title))
        whole.addWidget(area, 1)
        store.changed.connect(self._show)
        for name in self.boxes:
            self._show(name)

    def _group(self, title: str) -> QWidget:
        group = QWidget()
        grid = QGridLayout(group)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(3 * UNIT)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(0, 1)
        grid.addWidget(label(title.upper(), "section"), 0, 0)
        for setting in fields(Preferences):
            if (of := about(setting)).group == title:
                row = grid.rowCount()
                grid.setRowMinimumHeight(row, UNIT + UNIT // 2)
                grid.addWidget(label(of.title), row + 1, 0)
                tip = label(of.tip, "small")
                tip.setWordWrap(True)
                grid.addWidget(tip, row + 2, 0)
                grid.addWidget(self._box(setting.name, of), row + 1, 1, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        return group

    def _box(self, name: str, of: About) -> QComboBox:
        box = QComboBox()
        box.setFixedWidth(24 * UNIT)
        box.setAccessibleName(of.title)
        box.setToolTip(of.tip)
        for value, text in of.options:
            box.addItem(text, value)
        box.activated.connect(lambda _: self._store.set(name, box.currentData()))
        self.boxes[name] = box
        return box

    def _show(self, name: str) -> None:
        self.boxes[name].setCurrentIndex(self.boxes[name].findData(getattr(self._store.values, name)))

    def findables(self) -> list[tuple[str, QWidget]]:
        return [(box.accessibleName(), box) for box in self.boxes.values()]

    def focus_first(self) -> None:
        next(iter(self.boxes.values())).setFocus()
