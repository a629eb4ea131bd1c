"""The pictures of one side, and what they are: both from the very same step."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.compare.header import ROOMY
from ebm_studio.app.pages.compare.side import Side
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.live_tip import LiveTip
from ebm_studio.app.widgets.pixel_snapping import draw_picture
from ebm_studio.app.widgets.viewport import grid_tiles
from ebm_studio.app.widgets.waiting import is_idle, paint_waiting, waiting_text
from ebm_studio.data.exports.recipe import FEWEST_SIDES

READOUT_TIP = (
    "The difference is the root mean square (RMS) of that of the pictures that are shown, each pixel in [−1, 1]."
)


class Pictures(QWidget):
    """The chains of one side. The chosen chain is framed on all sides, one that is pointed at only here."""

    def __init__(self, theme: Theme, state: CompareState, side: Side) -> None:
        super().__init__()
        self._tip = LiveTip(self)  # before Qt sends the first event
        self.setObjectName("canvas")
        self.setAccessibleName(f"{side.name} chains")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._theme = theme
        self._state = state
        self._side = side
        self._images: list[QImage] = []
        self._hovered: int | None = None
        self._describe()
        for signal in (state.link.progress_changed, state.long.changed):
            signal.connect(self._show_waiting)
        for signal in (state.selection_changed, theme.changed, side.model_changed, state.parameters_changed):
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(160, 480)

    def load(self) -> None:
        """Take the pictures at the playhead."""
        pixels = self._state.pixels(self._side)
        self._images = [] if pixels is None else [to_image(chain) for chain in pixels]
        self._describe()
        self.update()

    def waiting_text(self) -> str:
        """What there is instead of pictures: all sides come together, and one runs after the other."""
        state = self._state
        progress = state.link.progress
        running = next((side for side in state.sides if progress and progress.request.lane == side.lane), None)
        if running is not None and running is not self._side and not state.long.waiting:
            return f"Waiting for {running.name}…"
        return waiting_text(state)

    def _show_waiting(self) -> None:
        if not self._images:
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.canvas))
        tiles = self.tiles()
        if not self._images:
            for tile in tiles:
                painter.fillRect(tile, QColor(self._theme.tokens.surface))
            paint_waiting(painter, self.rect(), self._theme, self.waiting_text())
            return
        for image, tile in zip(self._images, tiles, strict=True):
            draw_picture(painter, tile, image)
        t = self._theme.tokens
        for chain, colour in ((self._hovered, t.muted), (self._state.selected, t.accent)):
            if chain is not None and chain < len(tiles):
                painter.setPen(QPen(QColor(colour), 2))
                painter.drawRect(tiles[chain].adjusted(-2, -2, 2, 2))

    def tiles(self) -> list[QRectF]:
        """Where each chain's picture is."""
        if self._images:
            width, height, count = self._images[0].width(), self._images[0].height(), len(self._images)
        else:
            shape = self._side.model.card.net.shape if self._side.model else (1, 32, 32)
            width, height, count = shape[2], shape[1], self._state.parameters.count
        return grid_tiles(self, count, width, height)

    @guarded
    def event(self, event: QEvent) -> bool:
        self._tip.hear(event)
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._chain_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def _hover(self, chain: int | None) -> None:
        if chain != self._hovered:
            self._hovered = chain
            self._describe()
            self.update()

    def _describe(self) -> None:
        store, chain = self._state.store_of(self._side), self._hovered
        facts = ""
        if store is not None and store.rows and chain is not None and chain < store.count:
            energy = store.energy()[store.row_of(self._state.playback.position), chain]
            facts = f"Chain {chain}, energy E = {signed(energy)}. "
        self._tip.say(f"{facts}Click a chain to select it on every side and draw its curves.")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._images:
            chain = self._chain_at(event.position())
            self._state.select(None if chain == self._state.selected else chain)
        elif event.button() == Qt.MouseButton.LeftButton and is_idle(self._state):
            self._state.run()
        super().mousePressEvent(event)

    def _chain_at(self, point: QPointF) -> int | None:
        return next((i for i, tile in enumerate(self.tiles()) if tile.contains(point)), None)


class Pane(QWidget):
    """One side: its pictures, and below them the step, the energy, and how far it is from the first side."""

    def __init__(self, theme: Theme, state: CompareState, side: Side) -> None:
        super().__init__()
        self._state = state
        self._side = side
        self.pictures = Pictures(theme, state, side)
        self.readout = label("", "small")
        self.readout.setAccessibleName(f"{side.name} readout")
        self.readout.setWordWrap(True)
        self.readout.setMinimumWidth(1)
        self.readout.setFixedHeight(
            (5 if len(state.sides) > ROOMY else 4 if len(state.sides) > FEWEST_SIDES else 3) * UNIT
        )
        self.readout.setContentsMargins(2 * UNIT, 0, UNIT, 0)
        offer_copies(self.readout, partial(readouts, state))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pictures, 1)
        column.addWidget(self.readout)
        playback = state.playback
        for signal in (state.group_changed, playback.position_changed, state.view_changed, state.selection_changed):
            signal.connect(self._load)
        self._load()

    def _load(self) -> None:
        self.pictures.load()
        text = "  ·  ".join(self._facts())
        self.readout.setText(text)
        self.readout.setToolTip(f"{text}. {READOUT_TIP}" if text else "")

    def _facts(self) -> list[str]:
        store, state, side = self._state.store_of(self._side), self._state, self._side
        if store is None or not store.rows or side not in state.sides:
            return []
        row = store.row_of(state.playback.position)
        energies, chain = store.energy()[row], state.selected
        energy = f"mean E {signed(energies.mean())}" if chain is None else f"chain {chain}: E {signed(energies[chain])}"
        facts = [f"Step {store.indices[row]}/{store.run.steps}", energy]
        first = state.sides[0]
        if side is first:
            return facts
        difference = state.difference(side)
        if difference is not None:
            is_pair = len(state.sides) == FEWEST_SIDES
            apart = (
                f"{side.name} − {first.name}: {difference:.3f} RMS"
                if is_pair
                else f"{difference:.3f} from {first.name}".replace(" ", "\N{NO-BREAK SPACE}")
            )
            facts.append(apart)
        if not state.same_noise(side):
            facts.append("starts from different noise")
        return facts


def readouts(state: CompareState) -> Table | None:
    """What is read at the playhead, a row for each side; None before the chains are there."""
    first, rows = state.sides[0], []
    for side in state.sides:
        store, run = state.store_of(side), side.run
        if store is None or not store.rows or side.model is None:
            return None
        row = store.row_of(state.playback.position)
        apart = "" if side is first else state.difference(side)
        energy = float(store.energy()[row].mean())
        settings = (run.steps, run.step_size, run.noise_scale)
        rows.append((side.name, side.model.card.name, *settings, int(store.indices[row]), energy, apart))
    return Table(("side", "model", "K", "s", "tau", "step", "E (mean)", f"RMS from {first.name}"), rows)
