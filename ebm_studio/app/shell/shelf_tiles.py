"""The pictures of the shelf, one widget each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme, svg
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.studio.keys import Line
from ebm_studio.app.studio.shelf import Kept, Shelf, Slot, Subject
from ebm_studio.app.widgets.actions import Use, line, press_own, use
from ebm_studio.app.widgets.images import carry, subject_of, to_image
from ebm_studio.app.widgets.names import in_tip
from ebm_studio.app.widgets.picture_menu import PictureMenu, copy_image
from ebm_studio.app.widgets.pixel_snapping import draw_picture

PICTURE = 8 * UNIT
NAME = 2 * UNIT


def subject_of_kept(kept: Kept, shelf: Shelf) -> Subject:
    """What menus and drags know of something kept."""
    return Subject(
        name=kept.name,
        picture=kept.picture,
        latent=kept.latent,
        kept=kept,
        open=lambda: shelf.opened.emit(kept),
    )


class Tile(QWidget):
    """A picture with a name below it, that can be focused and dragged."""

    def __init__(self, theme: Theme, shelf: Shelf) -> None:
        super().__init__()
        self._theme = theme
        self._shelf = shelf
        self._kept: Kept | None = None
        self._image: QImage | None = None
        self._pressed: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedSize(PICTURE + 4, PICTURE + NAME + 4)
        theme.changed.connect(self.update)

    @property
    def kept(self) -> Kept | None:
        """What it shows."""
        return self._kept

    def show_kept(self, kept: Kept | None) -> None:
        """Show something else."""
        self._kept = kept
        self._image = to_image(kept.picture) if kept else None
        self.update()

    @property
    def picture_box(self) -> QRectF:
        """Where the picture is."""
        return QRectF(2, 2, PICTURE, PICTURE)

    def paint_picture(self, painter: QPainter) -> None:
        """The picture and its frame."""
        t = self._theme.tokens
        if self._image is not None:
            draw_picture(painter, self.picture_box, self._image)
        color = t.accent if self.hasFocus() else t.muted if self.underMouse() and self._kept else None
        if color:
            painter.setPen(QPen(QColor(color), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.picture_box.adjusted(-1, -1, 1, 1))

    def paint_name(self, painter: QPainter, name: str, color: str) -> None:
        """The name below."""
        font = QFont(self.font())
        font.setPixelSize(SMALL)
        painter.setFont(font)
        painter.setPen(QColor(color))
        box = QRect(0, PICTURE + 4, self.width(), NAME)
        text = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideMiddle, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or self._kept is None:
            return
        if (event.position() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            carry(self, subject_of_kept(self._kept, self._shelf))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.open()

    @guarded
    def event(self, event: QEvent) -> bool:
        """Claim Ctrl+C before the page does, which has a picture of its own to copy."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._kept:
            event.setAccepted(event.matches(QKeySequence.StandardKey.Copy))
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self._kept:
            copy_image(subject_of_kept(self._kept, self._shelf))
        elif self._kept is None or not press_own(self, TILE_USES, event):
            super().keyPressEvent(event)

    def open(self) -> None:
        """Show the chain of what is kept."""
        if self._kept is not None:
            self._shelf.opened.emit(self._kept)

    def use_as(self, slot: Slot) -> None:
        """Put what is kept in a slot."""
        self._shelf.set_slot(slot, self._kept)

    def take_away(self) -> None:
        """Take what is kept away from where it is shown."""
        raise NotImplementedError

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._kept is not None:
            self.menu(self._kept).popup(event.globalPos())

    def menu(self, kept: Kept) -> PictureMenu:
        """What can be done with it."""
        return PictureMenu(self, self._theme, self._shelf, subject_of_kept(kept, self._shelf))


TILE_USES: Sequence[Use[Tile]] = (
    use("Show its chain", Tile.open, Qt.Key.Key_Return, Qt.Key.Key_Enter),
    use("Use as A", lambda tile: tile.use_as("A"), Qt.Key.Key_A),
    use("Use as B", lambda tile: tile.use_as("B"), Qt.Key.Key_B),
    use("Remove", lambda tile: tile.take_away(), Qt.Key.Key_Delete, Qt.Key.Key_Backspace),
)


class NameEditor(QLineEdit):
    """A name while it is typed. Enter takes it, and so does leaving it; Escape does not."""

    ended = Signal(object)
    """The name, or None when it is to stay as it was. More than once when the focus goes then."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.ended.emit(None)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.ended.emit(self.text())
        else:
            super().keyPressEvent(event)
            event.accept()  # also what it has no use for: the keys of the tile are not meant

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self.ended.emit(self.text())


class KeptTile(Tile):
    """Something on the shelf."""

    def __init__(self, theme: Theme, shelf: Shelf, kept: Kept) -> None:
        super().__init__(theme, shelf)
        self._editor: NameEditor | None = None
        self.show_kept(kept)

    def show_kept(self, kept: Kept | None) -> None:
        super().show_kept(kept)
        if kept is not None:
            self.setAccessibleName(f"{kept.name}{', a favourite' if kept.favourite else ''}")
            self.setToolTip(
                in_tip(
                    f"{kept.name}: {kept.latent.model}, K {kept.latent.short_run.steps}. "
                    "Enter shows its chain, A and B fill a slot, F stars, F2 renames, Delete removes."
                )
            )

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_picture(painter)
        if self._kept is None:
            return
        self.paint_name(painter, self._kept.name, self._theme.tokens.muted)
        if self._kept.favourite:
            self._paint_star(painter, QRectF(PICTURE - 2 * UNIT, 4, 2 * UNIT + 2, 2 * UNIT + 2))

    def _paint_star(self, painter: QPainter, box: QRectF) -> None:
        chip = QColor(self._theme.tokens.surface)
        chip.setAlpha(220)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(chip)
        painter.drawRoundedRect(box, 4, 4)
        QSvgRenderer(svg("starred", self._theme.tokens.accent)).render(painter, box.adjusted(1, 1, -1, -1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_own(self, KEPT_USES, event):
            super().keyPressEvent(event)

    def take_away(self) -> None:
        if self._kept is not None:
            self._shelf.remove(self._kept)

    def star(self) -> None:
        """Make it a favourite, or no longer."""
        if self._kept is not None:
            self._shelf.favourite(self._kept, not self._kept.favourite)

    def menu(self, kept: Kept) -> PictureMenu:
        menu = super().menu(kept)
        menu.addSeparator()
        menu.addAction("Rename", "F2", self.rename)
        menu.addAction("Unstar" if kept.favourite else "Star", "F", self.star)
        menu.addAction("Remove", "Del", self.take_away)
        return menu

    def rename(self) -> None:
        """Let the name be typed."""
        if self._kept is None or self._editor is not None:
            return
        editor = NameEditor(self._kept.name, self)
        editor.setObjectName("rename")
        editor.setAccessibleName("Name")
        editor.setGeometry(0, PICTURE + 3, self.width(), NAME + 1)
        editor.selectAll()
        editor.ended.connect(self._take_name)
        editor.show()
        editor.setFocus()
        self._editor = editor

    def _take_name(self, name: str | None) -> None:
        editor, self._editor = self._editor, None
        if editor is None or self._kept is None:
            return
        if editor.hasFocus():  # and nobody else has taken it
            self.setFocus()
        editor.hide()
        editor.deleteLater()
        if name is not None and name != self._kept.name:
            self._shelf.rename(self._kept, name)


KEPT_USES: Sequence[Use[KeptTile]] = (
    use("Star or unstar", KeptTile.star, Qt.Key.Key_F),
    use("Rename", KeptTile.rename, Qt.Key.Key_F2),
)
HELP = (
    line(TILE_USES[0], "Double click"),
    *map(line, TILE_USES[1:]),
    *map(line, KEPT_USES),
    Line("Copy the image", ("Ctrl+C",)),
    Line("Drag it to a slot or another program", ("Drag",)),
)


class SlotTile(Tile):
    """Slot A or B: a place to drop on."""

    def __init__(self, theme: Theme, shelf: Shelf, slot: Slot) -> None:
        super().__init__(theme, shelf)
        self._slot = slot
        self._is_target = False
        self.setAcceptDrops(True)
        self.setAccessibleName(f"Slot {slot}")
        shelf.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        kept = self._shelf.slot(self._slot)
        if kept is not self._kept or kept is None:
            self.show_kept(kept)
        what = f"{kept.name}. Delete empties it." if kept else "Drop a picture here, or choose Use as in its menu."
        self.setToolTip(in_tip(f"Slot {self._slot}: {what}"))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._theme.tokens
        painter = QPainter(self)
        if self._kept is None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(
                QPen(QColor(t.accent if self._is_target or self.hasFocus() else t.faint), 1, Qt.PenStyle.DashLine)
            )
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.picture_box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            self.paint_name(painter, self._slot, t.muted)
            return
        self.paint_picture(painter)
        if self._is_target:
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.drawRect(self.picture_box.adjusted(-1, -1, 1, 1))
        self.paint_name(painter, f"{self._slot}  {self._kept.name}", t.text)

    def take_away(self) -> None:
        self._shelf.set_slot(self._slot, None)

    def menu(self, kept: Kept) -> PictureMenu:
        menu = super().menu(kept)
        menu.addSeparator()
        menu.addAction("Empty the slot", "Del", self.take_away)
        return menu

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        subject = subject_of(event.mimeData())
        if subject is not None and subject.latent is not None:
            self._is_target = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._is_target = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        subject = subject_of(event.mimeData())
        if subject is not None:
            self._shelf.set_slot(self._slot, subject.on(self._shelf))
        self._is_target = False
        self.update()
        event.acceptProposedAction()
