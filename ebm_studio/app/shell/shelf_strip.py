"""The strip below every page: slots A and B, and the latents that a person has kept."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.shell.shelf_tiles import NAME, PICTURE, KeptTile, SlotTile
from ebm_studio.app.studio.openers import local_files
from ebm_studio.app.studio.shelf import SLOTS, Kept, Shelf
from ebm_studio.app.widgets.fields import button, label
from ebm_studio.app.widgets.images import subject_of
from ebm_studio.app.widgets.names import NameLabel
from ebm_studio.data.models.latent import SUFFIX, is_latent_file

HINT = "Press K on a picture, or drag it here, to keep its start noise."
HEIGHT = PICTURE + NAME + 4 + 2 * UNIT
FOLDED = 4 * UNIT


class ShelfStrip(QWidget):
    """Slots at the left, then the kept latents, then the buttons. When folded, it is one line of text. An empty shelf
    folds itself, so that the page has more room.
    """

    def __init__(self, theme: Theme, shelf: Shelf) -> None:
        super().__init__()
        self.setObjectName("shelf")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Shelf")
        self.setAcceptDrops(True)
        self._theme = theme
        self._shelf = shelf
        self._tiles: dict[str, KeptTile] = {}
        self._mark: int | None = None  # where a drop would land
        self.slots = {slot: SlotTile(theme, shelf, slot) for slot in SLOTS}
        self.swap = button(theme, "swap", "Swap A and B", "Swap slots A and B.", shelf.swap_slots)
        self.starred = button(theme, "star", "Favourites only", "Show only favourites.")
        self.starred.setCheckable(True)
        self.starred.toggled.connect(self._show)
        self.open = button(theme, "open", "Open latents", "Open latent files on the shelf.", self.open_files)
        self.hint = label(HINT, "muted")
        self.summary = NameLabel("small")
        self.summary.setAccessibleName("What is on the shelf")
        self.fold = button(theme, "down", "Fold the shelf", "", self._toggle)
        self.folded_by_hand = False
        self._opened_by_hand = False  # though it is empty
        self._lay_out()
        shelf.changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        self._row = QWidget()
        self._row.setObjectName("shelf_row")
        line = QHBoxLayout(self._row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(UNIT)
        line.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # the wheel turns it
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self._row)
        self.area.viewport().installEventFilter(self)
        divider = QFrame()
        divider.setObjectName("divider")
        divider.setFixedWidth(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, UNIT, UNIT)
        row.setSpacing(UNIT)
        row.addWidget(self.summary, 1)
        row.addWidget(self.slots["A"])
        row.addWidget(self.swap)
        row.addWidget(self.slots["B"])
        row.addSpacing(UNIT)
        row.addWidget(divider)
        row.addSpacing(UNIT)
        row.addWidget(self.hint)
        row.addWidget(self.area, 1)
        row.addWidget(self.starred)
        row.addWidget(self.open)
        row.addWidget(self.fold)
        self._unfolded = [*self.slots.values(), self.swap, divider, self.starred, self.open]

    @property
    def folded(self) -> bool:
        """Whether it leaves its room to the page."""
        return self.folded_by_hand or (self._empty and not self._opened_by_hand)

    @property
    def _empty(self) -> bool:
        return not self._shelf.items  # A and B alone have room in the line

    def set_folded(self, folded: bool) -> None:
        """Fold, so that the page has more room; or unfold, if something is on it."""
        self.folded_by_hand = folded
        self._show()

    def _toggle(self) -> None:
        fold = not self.folded
        self._opened_by_hand = not fold
        self.set_folded(fold and not self._empty)

    def tile(self, kept: Kept) -> KeptTile:
        """The tile of something on the shelf."""
        return self._tiles[kept.key]

    def open_files(self) -> None:
        """Ask for latent files and keep what is in them."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open latents", "", f"Latents (*{SUFFIX});;All files (*)")
        self._shelf.open_files([Path(name) for name in names])

    def _show(self) -> None:
        items = self._shelf.items
        line = self._row.layout()
        assert isinstance(line, QHBoxLayout)
        for key in set(self._tiles) - {kept.key for kept in items}:
            tile = self._tiles.pop(key)
            if tile.hasFocus():
                tile.focusNextPrevChild(True)
            tile.hide()
            line.removeWidget(tile)
            tile.deleteLater()
        for place, kept in enumerate(items):
            if kept.key not in self._tiles:
                self._tiles[kept.key] = KeptTile(self._theme, self._shelf, kept)
            tile = self._tiles[kept.key]
            if tile.kept is not kept:
                tile.show_kept(kept)
            if line.indexOf(tile) != place:
                line.removeWidget(tile)
                line.insertWidget(place, tile)
            tile.setVisible(kept.favourite or not self.starred.isChecked())
        self.hint.setVisible(not items and not self.folded)
        self.area.setVisible(bool(items) and not self.folded)
        self.starred.setEnabled(bool(items))
        self.swap.setEnabled(any(self._shelf.slot(slot) for slot in SLOTS))
        self._show_fold()

    def _show_fold(self) -> None:
        row = self.layout()
        assert row is not None
        space = 0 if self.folded else UNIT
        row.setContentsMargins(2 * UNIT, space, UNIT, space)
        self.setFixedHeight(FOLDED if self.folded else HEIGHT)
        for widget in self._unfolded:
            widget.setVisible(not self.folded)
        slots = [f"{slot}  {kept.name}" for slot in SLOTS if (kept := self._shelf.slot(slot))]
        self.summary.setText("   ·   ".join([f"Shelf  {len(self._shelf.items)}", *(slots or [HINT] * self._empty)]))
        self.summary.setVisible(self.folded)
        self.fold.setIcon(self._theme.icon("up" if self.folded else "down"))
        text = "Unfold" if self.folded else "Fold"
        self.fold.setAccessibleName(f"{text} the shelf")
        self.fold.setToolTip(f"{text} the shelf (Ctrl+J).")

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent):
            turned = event.angleDelta()
            bar = self.area.horizontalScrollBar()
            bar.setValue(bar.value() - (turned.y() or turned.x()))
            return True
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._takes(event.mimeData()):
            event.acceptProposedAction()
            self._opened_by_hand = True  # the slots and the places between show where it can go
            self.set_folded(False)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._set_mark(self._place_at(event.position().toPoint()))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_mark(None)

    def dropEvent(self, event: QDropEvent) -> None:
        place = self._place_at(event.position().toPoint())
        self._set_mark(None)
        subject = subject_of(event.mimeData())
        if subject is None:
            self._shelf.open_files(local_files(event.mimeData()))
        elif (kept := subject.on(self._shelf)) is not None:
            if kept in self._shelf.items and self._shelf.items.index(kept) < place:
                place -= 1  # its own place falls away
            self._shelf.put_back(kept, place)
        event.acceptProposedAction()

    def _takes(self, mime: QMimeData) -> bool:
        subject = subject_of(mime)
        if subject is not None:
            return subject.latent is not None
        paths = local_files(mime)
        return bool(paths) and all(is_latent_file(path) for path in paths)

    def _place_at(self, point: QPoint) -> int:
        """Before which of the items a drop lands."""
        x = self._row.mapFrom(self, point).x()
        tiles = [self._tiles[kept.key] for kept in self._shelf.items]
        return next(
            (i for i, tile in enumerate(tiles) if tile.isVisible() and x < tile.geometry().center().x()), len(tiles)
        )

    def _set_mark(self, place: int | None) -> None:
        if place != self._mark:
            self._mark = place
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._mark is None or not self._tiles:
            return
        items = self._shelf.items
        after = self._mark >= len(items)
        tile = self._tiles[items[-1 if after else self._mark].key]
        x = tile.mapTo(self, QPoint(tile.width() + UNIT // 2 if after else -UNIT // 2, 0)).x()
        QPainter(self).fillRect(QRect(x - 1, UNIT, 2, PICTURE), QColor(self._theme.tokens.accent))

    def sizeHint(self) -> QSize:
        return QSize(400, self.height())
