"""The pictures: a grid of chains, or one of them, at any zoom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolButton, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.studio.keys import Line
from ebm_studio.app.studio.shelf import Shelf, Slot, Subject
from ebm_studio.app.widgets.fields import button
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.images import carry, to_image
from ebm_studio.app.widgets.live_tip import LiveTip
from ebm_studio.app.widgets.names import printable
from ebm_studio.app.widgets.picture_menu import PictureMenu, copy_image, keep
from ebm_studio.app.widgets.pixel_snapping import draw_picture
from ebm_studio.app.widgets.viewport import Arrangement, Viewport, grid_tiles
from ebm_studio.app.widgets.waiting import is_idle, paint_waiting, progress_text, waiting_text
from ebm_studio.data.pictures.pictures import Pixels

NOTCH = 120  # what a wheel turns at least
VEIL = 0.6  # over pictures of the model before


class Canvas(QWidget):
    """Draws the step under the playhead.

    A click selects a chain, another click none; a double click gives it the whole canvas, and back.
    The wheel zooms; a drag moves what is seen when it is zoomed, and else carries a picture away.
    """

    def __init__(self, theme: Theme, state: GenerateState, shelf: Shelf) -> None:
        super().__init__()
        self._tip = LiveTip(self)  # before Qt sends the first event
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Chains")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a click leaves the fields, so that the keys steer the chain
        self._theme = theme
        self._state = state
        self._shelf = shelf
        self._images: list[QImage] = []
        self._hovered: int | None = None
        self._pressed: QPointF | None = None
        self._panned: QPointF | None = None
        self._turned = 0
        self._viewports = {False: Viewport(), True: Viewport()}
        self.back = self._corner("previous", "All chains", "Back to all chains (Esc).", lambda: state.enlarge(None))
        self.whole = self._corner("fit", "Fit", "Fit everything (0).", self.fit)
        state.playback.chain_changed.connect(self._load)
        state.playback.position_changed.connect(self._load)
        state.view_changed.connect(self._show_view)
        state.selection_changed.connect(self.update)
        state.model_changed.connect(self.update)
        for signal in (state.link.progress_changed, state.long.changed):
            signal.connect(self._show_waiting)
        theme.changed.connect(self.update)
        self._show_view()

    def sizeHint(self) -> QSize:
        return QSize(800, 560)

    def pixels(self) -> Pixels | None:
        """What is shown, uint8 (N, C, H, W); None before the first chain."""
        store = self._state.playback.store
        return None if store is None else store.pixels(self._state.playback.row, self._state.view)

    def fit(self) -> None:
        """See everything."""
        self.viewport.fit()
        self._place()

    def zoom_by(self, notches: int, at: QPointF | None = None) -> None:
        """Zoom in or out, around a point or the middle."""
        if self._images:
            fit = Viewport().arrange(*self._content(), self._state.smooth).zoom
            at = at or QPointF(self.rect().center())
            self.viewport.zoom_by(notches, at, self.arrangement(), fit, self._state.smooth)
            self._place()

    @property
    def viewport(self) -> Viewport:
        """What is seen of the grid, or of the enlarged chain."""
        return self._viewports[self._enlarged is not None]

    @property
    def chain(self) -> int | None:
        """The chain that keys are about: the one under the pointer, else the one that is enlarged or selected."""
        if self._hovered is not None:
            return self._hovered
        return self._enlarged if self._enlarged is not None else self._state.selected

    def keep(self) -> None:
        """Put the chain on the shelf."""
        if subject := self._subject(self.chain):
            keep(self._shelf, subject)

    def use_as(self, slot: Slot) -> None:
        """Put the chain in a slot."""
        if subject := self._subject(self.chain):
            self._shelf.set_slot(slot, subject.on(self._shelf))

    def copy(self) -> None:
        """Put the chain's picture in the clipboard."""
        if subject := self._subject(self.chain):
            copy_image(subject)

    @property
    def _enlarged(self) -> int | None:
        chain = self._state.enlarged
        return chain if chain is not None and chain < len(self._images) else None

    def _subject(self, chain: int | None) -> Subject | None:
        return None if chain is None else self._state.subject(chain)

    def _corner(self, icon: str, text: str, tip: str, action: Callable[[], object]) -> QToolButton:
        widget = button(self._theme, icon, text, tip, action)
        widget.setObjectName("corner")
        widget.setText(text)
        widget.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        widget.setParent(self)
        widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        widget.hide()
        return widget

    def _load(self) -> None:
        pixels = self.pixels()
        count = len(self._images)
        self._images = [] if pixels is None else [to_image(chain) for chain in pixels]
        self._describe()
        if len(self._images) != count:
            self._place()
        self.update()

    def _show_view(self) -> None:
        self._load()
        self._hovered = None
        self._place()

    def _show_waiting(self) -> None:
        if not self._images or self._awaits_model:
            self.update()

    @property
    def _awaits_model(self) -> bool:
        """Whether the pictures are still those of another model than the one that is named above them."""
        shown, model = self._state.shown, self._state.model
        return shown is not None and model is not None and shown[1].fingerprint != model.fingerprint

    @property
    def _awaits_click(self) -> bool:
        is_covered = self._awaits_model or not self._images
        return is_covered and self._state.model is not None and is_idle(self._state)

    def _waiting_text(self) -> str:
        model, progress = self._state.model, self._state.link.progress
        if model is None:
            return "Choose a model above to start." if progress is None else progress_text(progress)
        text = waiting_text(self._state)
        return f"{printable(model.card.name)}: {text}" if self._awaits_model else text

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        """Put the buttons in their corners."""
        self.back.setVisible(self._enlarged is not None)
        self.back.adjustSize()
        self.back.move(UNIT, UNIT)
        self.whole.setVisible(bool(self._images) and self.viewport.zoom is not None)
        if self.whole.isVisibleTo(self):
            self.whole.setText(f"{self.arrangement().zoom:.3g} ×")
            self.whole.adjustSize()
            self.whole.move(self.width() - self.whole.width() - UNIT, UNIT)
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.canvas))
        if not self._images:
            self._paint_empty(painter)
            return
        seen = QRectF(event.rect())
        for chain, tile in self._tiles():
            if tile.intersects(seen):
                draw_picture(painter, tile, self._images[chain], self._state.smooth)
        if self._enlarged is None:
            self._paint_frame(painter, self._hovered, self._theme.tokens.muted)
            self._paint_frame(painter, self._state.selected, self._theme.tokens.accent)
        if self._awaits_model:
            veil = QColor(self._theme.tokens.canvas)
            veil.setAlphaF(VEIL)
            painter.fillRect(self.rect(), veil)
            paint_waiting(painter, self.rect(), self._theme, self._waiting_text())

    def _paint_empty(self, painter: QPainter) -> None:
        model = self._state.model
        shape = model.card.net.shape if model else (1, 32, 32)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tokens.surface))
        for tile in grid_tiles(self, self._state.parameters.count, shape[2], shape[1]):
            painter.drawRect(tile)
        paint_waiting(painter, self.rect(), self._theme, self._waiting_text())

    def _paint_frame(self, painter: QPainter, chain: int | None, color: str) -> None:
        if chain is None or chain >= len(self._images):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(QColor(color), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(dict(self._tiles())[chain].adjusted(-2, -2, 2, 2))

    def arrangement(self) -> Arrangement:
        """How the pictures lie at present."""
        return self.viewport.arrange(*self._content(), self._state.smooth)

    def _content(self) -> tuple[QSizeF, float, int, tuple[int, int]]:
        count = len(self._images) if self._enlarged is None else 1
        picture = (self._images[0].width(), self._images[0].height())
        return QSizeF(self.size()), self.devicePixelRatioF(), count, picture

    def _tiles(self) -> list[tuple[int, QRectF]]:
        """The chains that are shown, and where."""
        first = self._enlarged or 0
        return [(first + i, tile) for i, tile in enumerate(self.arrangement().tiles())]

    def chain_at(self, point: QPointF) -> int | None:
        """The chain under a point of the widget."""
        if not self._images:
            return None
        return next((chain for chain, tile in self._tiles() if tile.contains(point)), None)

    def tile(self, chain: int) -> QRect:
        """Where a chain's picture is."""
        return dict(self._tiles())[chain].toRect()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._panned is not None:
            self.viewport.pan(point - self._panned, self.arrangement())
            self._panned = point
            self._place()
            return
        self._hover(self.chain_at(point))
        pressed = self._pressed
        if pressed is None or (point - pressed).manhattanLength() < QApplication.startDragDistance():
            return
        self._pressed = None
        subject = self._subject(self.chain_at(pressed))
        if self.viewport.zoom is not None or subject is None:
            self._grab(pressed)
        else:
            carry(self, subject)

    @guarded
    def event(self, event: QEvent) -> bool:
        self._tip.hear(event)
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._grab(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._panned is not None:
            self._panned = None
            self.unsetCursor()
        elif self._pressed is not None and self._awaits_click:
            self._state.run()
        elif self._pressed is not None and event.button() == Qt.MouseButton.LeftButton and self._enlarged is None:
            chain = self.chain_at(event.position())
            self._state.select(None if chain == self._state.selected else chain)
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._state.enlarge(self.chain_at(event.position()) if self._enlarged is None else None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._turned += event.angleDelta().y()
        notches = int(self._turned / NOTCH)
        self._turned -= notches * NOTCH  # a touchpad turns little at a time
        if notches:
            self.zoom_by(notches, event.position())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        point = QPointF(event.pos())
        chain = self.chain_at(point) if event.reason() == QContextMenuEvent.Reason.Mouse else self.chain
        if (menu := self.menu(chain)) is not None:
            menu.popup(event.globalPos())

    def menu(self, chain: int | None) -> PictureMenu | None:
        """What can be done with a chain."""
        subject = self._subject(chain)
        if subject is None:
            return None
        to, text = (chain, "Show only this chain") if self._enlarged is None else (None, "Show all chains")
        subject = replace(subject, open=lambda: self._state.enlarge(to), open_text=text)
        return PictureMenu(self, self._theme, self._shelf, subject)

    def _grab(self, point: QPointF) -> None:
        self._panned = point
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def _hover(self, chain: int | None) -> None:
        if chain != self._hovered:
            self._hovered = chain
            self._describe()
            self.update()

    def _describe(self) -> None:
        store, chain = self._state.playback.store, self._hovered
        if store is None or chain is None or chain >= store.count:
            self._tip.say("")
            return
        energy = store.energy()[self._state.playback.row, chain]
        facts = f"Chain {chain}, energy E = {signed(energy)}."
        self._tip.say(f"{facts} Click to see it in the plots, double-click to enlarge it.")


HELP = (
    Line("Select a chain, or deselect it", ("Click",)),
    Line("Enlarge a chain, or show all", ("Double click",)),
    Line("Zoom in or out", ("Wheel",)),
    Line("Drag a chain to the shelf or another program", ("Drag",)),
    Line("Move the view when zoomed in", ("Drag",)),
)
