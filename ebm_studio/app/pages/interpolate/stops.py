"""The stops of a path: slots A and B, and those after them, each a picture to drop something on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QMenu, QToolTip, QVBoxLayout, QWidget, QWidgetAction

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.pages.interpolate.plan import random_seed
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.studio.openers import local_files
from ebm_studio.app.studio.shelf import SLOTS, Kept
from ebm_studio.app.widgets.actions import Use, line, press_own, use
from ebm_studio.app.widgets.fields import button
from ebm_studio.app.widgets.images import subject_of, to_image
from ebm_studio.app.widgets.names import in_tip, on_button
from ebm_studio.app.widgets.pixel_snapping import draw_picture
from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import MAX_STOPS
from ebm_studio.data.exports.frames import letter
from ebm_studio.data.models.latent import FromSeed, is_latent_file
from ebm_studio.data.pictures.pictures import READ_SUFFIXES, is_picture

PICTURE = 8 * UNIT
NAME = 2 * UNIT
ARROW = UNIT + UNIT // 2
FILTER = "Photos and latents ({});;All files (*)"


def opens(path: Path) -> bool:
    """Whether a file can be a stop: a photo or a latent."""
    return is_picture(path) or is_latent_file(path)


class StopTile(QWidget):
    """One stop. A click opens what can be put there."""

    def __init__(self, theme: Theme, state: PathState, index: int) -> None:
        super().__init__()
        self._theme = theme
        self._state = state
        self.index = index
        self._kept: Kept | None = None
        self._is_target = False
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedSize(PICTURE + 4, PICTURE + NAME + 4)
        self.setAccessibleName(f"Stop {letter(index)}")
        theme.changed.connect(self.update)

    def show_stop(self, kept: Kept | None) -> None:
        """Show what is there."""
        self._kept = kept
        waits = " It is being reconstructed." if self.index in self._state.making else ""
        name = kept.name if kept else "empty"
        self.setToolTip(
            in_tip(
                f"{letter(self.index)}: {name}.{waits} Click to choose a seed, a photo or a latent from the shelf, "
                "or drop one here."
            )
        )
        self.update()

    @property
    def picture_box(self) -> QRectF:
        """Where the picture is."""
        return QRectF(2, 2, PICTURE, PICTURE)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        t, box = self._theme.tokens, self.picture_box
        if self._kept is not None:
            draw_picture(painter, box, to_image(self._kept.picture))
        else:
            painter.setPen(QPen(QColor(t.faint), 1, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        self._paint_making(painter)
        is_lit = self._is_target or self.hasFocus()
        if is_lit or (self.underMouse() and self._kept is not None):
            painter.setPen(QPen(QColor(t.accent if is_lit else t.muted), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(-1, -1, 1, 1))
        self._paint_name(painter)

    def _paint_making(self, painter: QPainter) -> None:
        """How far the latent is, as a bar on the picture."""
        request, t = self._state.making.get(self.index), self._theme.tokens
        if request is None:
            return
        progress = self._state.link.progress
        share = progress.done / progress.total if progress and progress.request == request and progress.total else 0.0
        box = self.picture_box
        bar = QRectF(box.left() + UNIT, box.center().y() - 2, box.width() - 2 * UNIT, 4)
        veil = QColor(t.canvas)
        veil.setAlpha(180)
        painter.fillRect(box, veil)
        painter.fillRect(bar, QColor(t.line))
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), QColor(t.accent))

    def _paint_name(self, painter: QPainter) -> None:
        t = self._theme.tokens
        font = QFont(self.font())
        font.setPixelSize(SMALL)
        painter.setFont(font)
        text = f"{letter(self.index)}  {self._kept.name}" if self._kept else letter(self.index)
        painter.setPen(QColor(t.text if self._kept else t.muted))
        box = QRect(0, PICTURE + 4, self.width(), NAME)
        text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideMiddle, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.popup()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_own(self, USES, event):
            super().keyPressEvent(event)

    def take_away(self) -> None:
        """Empty the slot, or remove the stop."""
        self._state.remove_stop(self.index)

    def popup(self) -> None:
        """Show what can be put here."""
        self.menu = StopMenu(self, self._theme, self._state, self.index)
        self.menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        subject = subject_of(event.mimeData())
        files = local_files(event.mimeData())
        if (subject and subject.latent) or (files and all(map(opens, files))):
            self._is_target = True
            self.update()
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._is_target = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._is_target = False
        self.update()
        subject = subject_of(event.mimeData())
        kept = subject.on(self._state.shelf) if subject else None
        if kept is not None:
            self._state.set_stop(self.index, kept)
        else:
            for offset, file in enumerate(local_files(event.mimeData())):
                self._state.make_stop(self.index + offset, file)
        event.acceptProposedAction()


USES: Sequence[Use[StopTile]] = (
    use("Fill the stop", StopTile.popup, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Menu),
    use("Remove the stop", StopTile.take_away, Qt.Key.Key_Delete, Qt.Key.Key_Backspace),
)
HELP = tuple(map(line, USES))


class StopMenu(QMenu):
    """What can be put at a stop. Built again for each click."""

    def __init__(self, parent: QWidget, theme: Theme, state: PathState, index: int) -> None:
        super().__init__(parent)
        self.aboutToHide.connect(self.deleteLater)
        self._state = state
        self._index = index
        self.seed = QLineEdit()
        self.seed.setPlaceholderText("Seed, or seed:chain")
        self.seed.setAccessibleName("Seed of the stop")
        self.seed.setMaximumWidth(22 * UNIT)
        self.seed.returnPressed.connect(self._take_seed)
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(UNIT, UNIT // 2, UNIT, UNIT // 2)
        row.addWidget(self.seed)
        entry = QWidgetAction(self)
        entry.setDefaultWidget(line)
        self.addAction(entry)
        self.addAction(theme.icon("dice"), "Random seed", lambda: state.make_stop(index, random_seed()))
        self.addAction(theme.icon("open"), "Photo or latent file…", self._ask)
        self._add_shelf()
        stops = state.stops
        if index < len(stops) and stops[index] is not None:
            self.addSeparator()
            self.addAction("Empty the slot" if index < len(SLOTS) else "Remove", lambda: state.remove_stop(index))

    def _add_shelf(self) -> None:
        shelf = self._state.shelf.items
        if shelf:
            menu = self.addMenu("From the shelf")
            for kept in reversed(shelf):
                menu.addAction(on_button(kept.name)).triggered.connect(lambda _=False, kept=kept: self._put(kept))

    def _put(self, kept: Kept) -> None:
        self._state.set_stop(self._index, kept)

    def _take_seed(self) -> None:
        match = re.fullmatch(r"\s*(\d{1,19})(?::(\d{1,4}))?\s*", self.seed.text())
        try:
            source = FromSeed(int(match[1]), int(match[2] or 0)) if match else None
        except StudioError:
            source = None
        if source is None:
            self.seed.selectAll()
            below = self.seed.mapToGlobal(self.seed.rect().bottomLeft())
            QToolTip.showText(below, "A seed is a whole number such as 7, or 7:3 for chain 3 of that seed.", self.seed)
            return
        self.close()
        self._state.make_stop(self._index, source)

    def _ask(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(READ_SUFFIXES | {".safetensors"}))
        name, _ = QFileDialog.getOpenFileName(self.parentWidget(), "Open a photo or a latent", "", FILTER.format(kinds))
        if name:
            self._state.make_stop(self._index, Path(name))


class Stops(QWidget):
    """The tiles in order from top to bottom, with arrows between them, and + below."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__()
        self.setObjectName("stops")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Stops")
        self._theme = theme
        self._state = state
        self.tiles: list[StopTile] = []
        self.more = button(theme, "plus", "Add a stop", "Add a stop after the last one.", self._add)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2 * UNIT, UNIT, UNIT, 0)
        self._column.setSpacing(ARROW)
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(1)
        state.stops_changed.connect(self._show)
        state.model_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        stops = self._state.stops
        count = max([len(stops), *(index + 1 for index in self._state.making)])
        while len(self.tiles) < count:
            tile = StopTile(self._theme, self._state, len(self.tiles))
            self._column.insertWidget(len(self.tiles), tile)
            self.tiles.append(tile)
        while len(self.tiles) > count:
            self.tiles.pop().deleteLater()
        for index, tile in enumerate(self.tiles):
            tile.show_stop(stops[index] if index < len(stops) else None)
        self.more.setEnabled(count < MAX_STOPS and self._state.model is not None)
        self.update()

    def _add(self) -> None:
        self.menu = StopMenu(self.more, self._theme, self._state, len(self.tiles))
        self.menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.tokens.faint), 1.5))
        for tile in self.tiles[:-1]:
            x, y = round(tile.x() + tile.width() / 2), round(tile.geometry().bottom() + 1 + ARROW / 2)
            painter.drawLine(x, y - 5, x, y + 5)
            painter.drawLine(x - 4, y + 1, x, y + 5)
            painter.drawLine(x + 4, y + 1, x, y + 5)
