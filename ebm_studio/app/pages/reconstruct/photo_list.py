"""The photos on the page, each with what the model sees of it and how it comes back."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QMenu,
)

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.pages.reconstruct.mask_view import draw_mask
from ebm_studio.app.pages.reconstruct.photo import Photo, seen
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.widgets.formatting import figure
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.list_row import ListRow
from ebm_studio.app.widgets.names import in_tip, printable
from ebm_studio.app.widgets.pixel_snapping import draw_picture, snapped

TILE = 64
GAP = UNIT // 2
PAD = UNIT
LINE = 2 * UNIT
WIDTH = 2 * (PAD + TILE) + GAP
HEIGHT = 2 * PAD + TILE + LINE


class PhotoList(QListWidget):
    """A click looks at a photo, Delete removes it."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__()
        self.setObjectName("photos")
        self.setAccessibleName("Photos")
        self.setFixedWidth(WIDTH + UNIT)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setItemDelegate(_Row(theme, state, self))
        self._state = state
        self._keys: list[int] = []
        self.customContextMenuRequested.connect(self._ask)
        self.currentRowChanged.connect(self._choose)
        state.photos_changed.connect(self._load)
        state.selection_changed.connect(self._select)
        state.search_changed.connect(self.viewport().update)
        theme.changed.connect(self.viewport().update)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # All but the way through the list is the page's.
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _load(self) -> None:
        keys = [photo.key for photo in self._state.photos]
        if keys != self._keys:
            self._keys = keys
            self.blockSignals(True)
            self.clear()
            for photo in self._state.photos:
                item = QListWidgetItem(printable(photo.path.name))
                item.setToolTip(in_tip(str(photo.path)))
                item.setSizeHint(QSize(WIDTH, HEIGHT))
                self.addItem(item)
            self.blockSignals(False)
            self._select()
        self.viewport().update()

    def _select(self) -> None:
        photo = self._state.current
        row = self._keys.index(photo.key) if photo is not None and photo.key in self._keys else -1
        self.blockSignals(True)
        self.setCurrentRow(row)
        self.blockSignals(False)
        if (item := self.currentItem()) is not None:
            self.scrollToItem(item)
        self.viewport().update()

    def _choose(self, row: int) -> None:
        if row >= 0:
            self._state.look_at(self._state.photos[row])

    def _ask(self, point: QPoint) -> None:
        item = self.itemAt(point)
        if item is not None:
            photo = self._state.photos[self.row(item)]
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            if photo in self._state.missing and not self._state.searching:
                menu.addAction("Reconstruct only this photo", lambda: self._state.start(photo))
            if self._state.outcome_of(photo) is not None:
                menu.addAction("Delete its reconstruction", lambda: self._state.delete_result(photo))
            menu.addAction("Remove", lambda: self._state.remove(photo))
            menu.addAction("Remove all", self._state.clear)
            menu.popup(self.viewport().mapToGlobal(point))


class _Row(ListRow):
    """Draws one photo: what the model sees, what came back, its name and its error."""

    def __init__(self, theme: Theme, state: ReconstructState, parent: QListWidget) -> None:
        super().__init__(theme, parent)
        self._state = state

    def draw(self, painter: QPainter, rect: QRectF, row: int) -> None:
        if row >= len(self._state.photos):
            return
        t, photo, net = self._theme.tokens, self._state.photos[row], self._state.net
        left = snapped(self._list, QRectF(rect.x() + PAD, rect.y() + PAD, TILE, TILE))
        right = left.translated(TILE + GAP, 0)
        painter.fillRect(left, QColor(t.canvas))
        painter.fillRect(right, QColor(t.canvas))
        if net is not None:
            draw_picture(painter, left, to_image(seen(photo, net)))
            if (mask := photo.mask(net.size)) is not None:
                draw_mask(painter, left, mask, QColor(t.accent))
        place, look = self._state.live(photo), self._state.search.look if self._state.search else None
        if place is not None and look is not None:
            draw_picture(painter, right, to_image(look.best[place]))
        elif (outcome := self._state.outcome_of(photo)) is not None:
            draw_picture(painter, right, to_image(outcome.result.picture))
        self._write(painter, QRectF(left.x(), left.bottom(), right.right() - left.x(), LINE), photo)

    def _write(self, painter: QPainter, line: QRectF, photo: Photo) -> None:
        t, note = self._theme.tokens, self._note(photo)
        font = painter.font()
        font.setPixelSize(SMALL)
        painter.setFont(font)
        painter.setPen(QColor(t.muted))
        metrics = painter.fontMetrics()
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
        room = line.width() - (metrics.horizontalAdvance(note) + UNIT if note else 0)
        name = metrics.elidedText(printable(photo.path.stem), Qt.TextElideMode.ElideMiddle, int(room))
        painter.setPen(QColor(t.text))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)

    def _note(self, photo: Photo) -> str:
        """The error so far, or what was changed since."""
        course = self._state.course_of(photo)
        if self._state.live(photo) is None and (note := self._state.note_of(photo)):
            return note
        return figure(float(course.least[-1])) if course is not None and len(course.least) else ""
