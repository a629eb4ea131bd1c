"""All runs, each with its newest samples and how it stands."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.pages.train.runs.run_reader import RunView, read_grid
from ebm_studio.app.pages.train.runs.run_text import line_of
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.list_row import ListRow
from ebm_studio.app.widgets.pixel_snapping import draw_picture, snapped

WIDTH = 24 * UNIT
TILE = 3 * UNIT - 2
PAD = UNIT
HEIGHT = 2 * TILE + 2 * PAD + UNIT
SIDE = 2  # tiles of a thumbnail, across and down


class RunList(QListWidget):
    """A click looks at a run; with Ctrl or Shift at several, to compare them."""

    menu_wanted = Signal(QPoint)

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__()
        self.setObjectName("runs")
        self.setAccessibleName("Runs")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setItemDelegate(_Row(theme, runs, self))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # while it is empty
        self._runs = runs
        self._names: list[str] = []
        self.customContextMenuRequested.connect(self._ask)
        self.itemSelectionChanged.connect(self._choose)
        runs.changed.connect(self._load)
        runs.looked.connect(self._update)
        theme.changed.connect(self.viewport().update)
        self._load()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # All but the way through the list is the page's.
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _load(self) -> None:
        names = [view.name for view in self._runs.views]
        self.blockSignals(True)
        if names != self._names:
            self._names = names
            self.clear()
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if names else Qt.FocusPolicy.NoFocus)
            for view in self._runs.views:
                item = QListWidgetItem(view.name)
                item.setSizeHint(QSize(WIDTH, HEIGHT))
                self.addItem(item)
        for row, name in enumerate(names):
            self.item(row).setSelected(name in self._runs.selected)
            if self._runs.selected == (name,):
                self.setCurrentRow(row, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.blockSignals(False)
        self._update()

    def _update(self) -> None:
        for row, view in enumerate(self._runs.views):
            if row < self.count():
                text = f"{view.name}, {line_of(view, self._runs.asked(view))}"
                self.item(row).setToolTip(f"{text}. Select several with Ctrl or Shift to compare them.")
                self.item(row).setData(Qt.ItemDataRole.AccessibleTextRole, text)
        self.viewport().update()

    def _choose(self) -> None:
        rows = sorted(self.row(item) for item in self.selectedItems())
        self._runs.select(*(self._names[row] for row in rows))

    def _ask(self, point: QPoint) -> None:
        if self.itemAt(point) is not None:
            self.menu_wanted.emit(self.viewport().mapToGlobal(point))


class RunColumn(QWidget):
    """The list, and above it the way to a new run."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__()
        self.setObjectName("runs_column")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._runs = runs
        self.new = QPushButton(theme.icon("plus"), "New run")
        self.new.setCheckable(True)
        self.new.setToolTip("Choose pictures and settings, and start training (N).")
        self.new.clicked.connect(lambda: self._new())
        self.list = RunList(theme, runs)
        self.empty = label("Your training runs will appear here, with their progress and newest samples.", "small")
        self.empty.setWordWrap(True)
        head = QVBoxLayout()
        head.setContentsMargins(PAD, PAD, PAD, 0)
        head.addWidget(self.new)
        head.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(UNIT)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        theme.changed.connect(self.new.update)
        runs.changed.connect(self._show)
        self._show()

    def _new(self) -> None:
        self._runs.select()
        self._show()

    def _show(self) -> None:
        self.new.setChecked(not self._runs.selected)
        self.empty.setVisible(not self._runs.views)


class _Row(ListRow):
    """Draws one run: some of its newest samples, its name, how it stands, how far it is."""

    def __init__(self, theme: Theme, runs: Runs, parent: QListWidget) -> None:
        super().__init__(theme, parent, UNIT / 2)
        self._runs = runs

    def draw(self, painter: QPainter, rect: QRectF, row: int) -> None:
        if row >= len(self._runs.views):
            return
        view = self._runs.views[row]
        side = SIDE * TILE + 1
        corner = snapped(self._list, QRectF(rect.x() + PAD + UNIT / 2, rect.y() + (HEIGHT - side) / 2, side, side))
        self._draw_samples(painter, corner, view)
        left = corner.right() + UNIT + UNIT / 2
        self._write(painter, QRectF(left, corner.y(), rect.right() - PAD - UNIT / 2 - left, side), view)

    def _draw_samples(self, painter: QPainter, box: QRectF, view: RunView) -> None:
        painter.fillRect(box, QColor(self._theme.tokens.canvas))
        pixels = read_grid(view.grids[-1][1], view.plan.net) if view.grids else None
        for number, picture in enumerate(pixels[: SIDE * SIDE] if pixels is not None else ()):
            at = QRectF(box.x() + number % SIDE * (TILE + 1), box.y() + number // SIDE * (TILE + 1), TILE, TILE)
            draw_picture(painter, at, to_image(picture))

    def _write(self, painter: QPainter, room: QRectF, view: RunView) -> None:
        t = self._theme.tokens
        font = painter.font()
        painter.setPen(QColor(t.text))
        name = painter.fontMetrics().elidedText(view.name, Qt.TextElideMode.ElideMiddle, int(room.width()))
        painter.drawText(room.adjusted(0, 1, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)
        font.setPixelSize(SMALL)
        painter.setFont(font)
        warned = self._runs.warning(view) is not None or view.status.state == "failed"
        painter.setPen(QColor(t.warning if warned else t.muted))
        line = line_of(view, self._runs.asked(view), short=True)
        line = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room.adjusted(0, 19, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, line)
        bar = QRectF(room.x(), room.bottom() - 4, room.width(), 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.line))
        painter.drawRoundedRect(bar, 1.5, 1.5)
        painter.setBrush(QColor(t.accent if view.alive else t.faint))
        painter.drawRoundedRect(QRectF(bar.x(), bar.y(), bar.width() * view.status.progress, 3), 1.5, 1.5)
