"""The Help page: every key, what the program has logged, what it is."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ebm_studio import __version__
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.glossary import GLOSSARY
from ebm_studio.app.studio.keys import KeyGroups, Line
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import HelpView, ShowHelp, TakeTour
from ebm_studio.app.widgets.fields import Choice, label
from ebm_studio.app.widgets.page_header import TitledHeader
from ebm_studio.data.storage.logs import Ring, log_folder

PAPER = (
    "Erik Nijkamp, Mitch Hill, Song-Chun Zhu, Ying Nian Wu: Learning Non-Convergent Non-Persistent "
    "Short-Run MCMC Toward Energy-Based Model. NeurIPS 2019."
)
PAPER_AT = "https://arxiv.org/abs/1904.09770"
LOOK_AGAIN = 500  # milliseconds between looks at the log
COLUMN = 42 * UNIT
"""The narrowest column of keys."""
BETWEEN = 5 * UNIT


class Shortcuts(QWidget):
    """What all keys do, by page, in as many columns as fit; built again each time it is shown."""

    def __init__(self, groups: KeyGroups) -> None:
        super().__init__()
        self.setObjectName("body")
        self._groups = groups
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, 3 * UNIT)
        self._row.setSpacing(BETWEEN)
        self._columns = 0
        self.setMinimumWidth(COLUMN + 6 * UNIT)  # fewer columns fit when the window becomes narrower

    def showEvent(self, event: QShowEvent) -> None:
        self._columns = 0
        self._arrange()
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isVisible():
            self._arrange()

    def _arrange(self) -> None:
        fit = max(1, (self.contentsRect().width() - 6 * UNIT + BETWEEN) // (COLUMN + BETWEEN))
        if fit == self._columns:
            return
        self._columns = fit
        while (item := self._row.takeAt(0)) and (widget := item.widget()):
            widget.hide()
            widget.deleteLater()
        columns: list[list[QWidget]] = [[] for _ in range(fit)]
        heights = [0] * len(columns)
        for title, lines in self._groups():
            lowest = heights.index(min(heights))
            heights[lowest] += len(lines) + 2
            columns[lowest].append(_group(title, lines))
        for groups in columns:
            self._row.addWidget(_column(groups), 1, Qt.AlignmentFlag.AlignTop)


def _column(groups: Sequence[QWidget]) -> QWidget:
    column = QWidget()
    stack = QVBoxLayout(column)
    stack.setContentsMargins(0, 0, 0, 0)
    stack.setSpacing(4 * UNIT)
    for group in groups:
        stack.addWidget(group)
    return column


def _group(title: str, lines: Sequence[Line]) -> QWidget:
    group = QWidget()
    grid = QGridLayout(group)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(UNIT // 2)
    grid.addWidget(label(title.upper(), "section"), 0, 0)
    for row, line in enumerate(lines, 1):
        grid.addWidget(label(line.text), row, 0)
        keys = QHBoxLayout()
        keys.setSpacing(UNIT // 2)
        for sign in line.signs:
            keys.addWidget(label(sign, "key"))
        grid.addLayout(keys, row, 0, Qt.AlignmentFlag.AlignRight)  # beside the text, whatever the other rows are
    return group


class LogView(QWidget):
    """The newest lines of the log."""

    def __init__(self, ring: Ring) -> None:
        super().__init__()
        self.setObjectName("body")
        self._ring = ring
        self._seen = -1
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setAccessibleName("Log")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy these lines and the versions for a bug report.")
        self.copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(f"{versions_text()}\n\n{self._ring.text}")
        )
        self.folder = QPushButton("Open the log folder")
        self.folder.setObjectName("quiet")
        self.folder.setToolTip(str(log_folder()))
        self.folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder()))))
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.folder)
        row.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 3 * UNIT)
        column.setSpacing(UNIT)
        column.addLayout(row)
        column.addWidget(self.text, 1)
        self._timer = QTimer(self, interval=LOOK_AGAIN)
        self._timer.timeout.connect(self._load)

    def showEvent(self, event: QShowEvent) -> None:
        self._load()
        self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def _load(self) -> None:
        if self._ring.written != self._seen:
            self._seen = self._ring.written
            self.text.setPlainText(self._ring.text or "Nothing to report.")
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.maximum())


class About(QWidget):
    """What this is, on what it runs, whose idea it is."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("body")
        what = _paragraph("An explorer of short-run MCMC energy-based models, on your own machine.")
        what.setProperty("role", "muted")
        paper = _paragraph(f"{PAPER}<br><a href='{PAPER_AT}'>{PAPER_AT.removeprefix('https://')}</a>")
        paper.setAccessibleName("The paper")
        paper.setOpenExternalLinks(True)
        paper.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        paper.setToolTip("The paper behind these experiments.")
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * UNIT)
        grid.setVerticalSpacing(UNIT // 2)
        grid.setColumnStretch(1, 1)
        for row, (name, text) in enumerate(versions()):
            grid.addWidget(label(name, "muted"), row, 0)
            grid.addWidget(label(text), row, 1)
        self.copy = QPushButton("Copy versions")
        self.copy.setToolTip("Copy this list for a bug report.")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(versions_text()))
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, 3 * UNIT)
        column.setSpacing(UNIT)
        column.addWidget(label("EBM Studio", "title"))
        column.addWidget(what)
        for title, content in (("The paper", paper), ("Versions", grid)):
            column.addSpacing(2 * UNIT)
            column.addWidget(label(title.upper(), "section"))
            if isinstance(content, QWidget):
                column.addWidget(content)
            else:
                column.addLayout(content)
        column.addSpacing(UNIT)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)


def _paragraph(text: str) -> QLabel:
    paragraph = QLabel(text)
    paragraph.setWordWrap(True)
    paragraph.setMaximumWidth(80 * UNIT)
    return paragraph


def versions() -> list[tuple[str, str]]:
    """The parts that a report should name. Nothing is imported for it."""

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "–"

    return [
        ("EBM Studio", __version__),
        ("Python", platform.python_version()),
        ("torch", of("torch")),
        ("PySide6", of("PySide6-Essentials")),
        ("pyqtgraph", of("pyqtgraph")),
        ("NumPy", of("numpy")),
        ("System", platform.platform(terse=True)),
    ]


def versions_text() -> str:
    """The same as lines."""
    return "\n".join(f"{name} {text}" for name, text in versions())


class Words(QWidget):
    """The glossary."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("body")
        self.entries: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 3 * UNIT)
        grid.setHorizontalSpacing(3 * UNIT)
        grid.setVerticalSpacing(UNIT + UNIT // 2)
        grid.setColumnMinimumWidth(1, 70 * UNIT)
        grid.setColumnStretch(2, 1)
        for row, (key, entry) in enumerate(GLOSSARY.items()):
            equation = f"<br><i>{escape(entry.equation)}</i>" if entry.equation else ""
            text = _paragraph(f"<b>{escape(entry.name)}</b>. {escape(entry.text)}{equation}")
            text.setAccessibleName(entry.name)
            grid.addWidget(label(entry.symbol, "large"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, row, 1)
            self.entries[key] = text
        grid.setRowStretch(len(GLOSSARY), 1)

    def mark(self, key: str) -> QLabel:
        """Let all other entries stand back; returns this one."""
        for other, text in self.entries.items():
            text.setProperty("role", "" if other == key else "muted")
            text.style().polish(text)
        return self.entries[key]


class HelpPage(Page):
    """Keys, log and About behind one choice."""

    key = "help"
    title = "Help"
    tip = "Help: all keys, the log, and about this program."
    low = True
    wishes = (ShowHelp,)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.shortcuts = Shortcuts(lambda: studio.key_groups())  # which the window sets after its pages
        self.log, self.about = LogView(studio.log), About()
        self.words = Words()
        self._views: dict[HelpView, QWidget] = {
            "keys": self.shortcuts,
            "words": self.words,
            "log": self.log,
            "about": self.about,
        }
        self.choice = Choice(
            [
                ("keys", "Keys", "All keyboard shortcuts."),
                ("words", "Words", "The words and symbols of the paper, with their equations."),
                ("log", "Log", "The program's log, for a bug report."),
                ("about", "About", "Versions and the paper."),
            ],
            "Help",
        )
        self.choice.setFixedWidth(32 * UNIT)
        self.choice.set_value("keys")
        self.choice.chosen.connect(self.choose)
        self.tour = QPushButton("Take the tour")
        self.tour.setToolTip("A tour of eight stops, from noise to how a model is trained.")
        self.tour.clicked.connect(lambda: studio.wish(TakeTour()))
        header = TitledHeader(self.title, self.tour)
        header.row.insertSpacing(1, 2 * UNIT)
        header.row.insertWidget(2, self.choice)
        self.stack = QStackedWidget()
        for view in self._views.values():
            self.stack.addWidget(view if view is self.log else _scrolled(view))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header)
        column.addWidget(self.stack, 1)

    def choose(self, view: HelpView) -> None:
        """Show the `keys`, the `words`, the `log` or `about`."""
        self.choice.set_value(view)
        self.stack.setCurrentIndex(list(self._views).index(view))

    def receive(self, wish: object) -> None:
        if isinstance(wish, ShowHelp):
            self.choose(wish.view)
            if wish.entry:
                entry, area = self.words.mark(wish.entry), self.stack.currentWidget()
                assert isinstance(area, QScrollArea)
                area.ensureWidgetVisible(entry)

    def focus_first(self) -> None:
        self.choice.focus_chosen()


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setObjectName("help")  # it can have the focus, for the keys that scroll
    area.setAccessibleName("Help text")
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
