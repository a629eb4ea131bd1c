"""One model of the Models page, as a card."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import shorten

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.models.evaluation_panel import EvaluationPanel
from ebm_studio.app.pages.models.share_panel import SharePanel
from ebm_studio.app.pages.models.state import Entry, Zoo
from ebm_studio.app.widgets.actions import Use, line, press_own, use
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.app.widgets.fields import button, elided, label
from ebm_studio.app.widgets.formatting import NETWORK_TIP, estimated, network_text, short_run_text, thousands
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.names import in_tip, printable
from ebm_studio.app.widgets.pixel_snapping import draw_picture
from ebm_studio.core.durations import duration
from ebm_studio.core.evaluation.figures import Figures
from ebm_studio.data.models.card import Card, DataCard
from ebm_studio.data.models.card_text import data_title, data_total, title_beside, weaknesses
from ebm_studio.data.pictures.pictures import Pixels

TILE = 8 * UNIT
GAP = UNIT // 2
COLUMNS, ROWS = 4, 2
BOUNDS = "Best possible\n– pure noise"  # in two lines on every card, whatever stands beside it
SHORT_ROWS, MOST_ROWS = 16, 600  # letters of the held-out rows: on the card, and in its tip
WIDTH = COLUMNS * TILE + (COLUMNS - 1) * GAP + 4 * UNIT + 2  # of the narrowest card, with the hairlines


class Samples(QWidget):
    """The first samples of a model, crisp, as large as the card is wide."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._images: list[QImage] = []
        self.setMinimumWidth(COLUMNS * TILE + (COLUMNS - 1) * GAP)
        self._keep_square()
        self.setAccessibleName("Samples")
        self.setToolTip("Samples 0 to 7 of seed 0, not cherry-picked.")

    def _keep_square(self) -> None:
        self.setFixedHeight(ROWS * self.side + (ROWS - 1) * GAP)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._keep_square()

    @property
    def side(self) -> int:
        """Of each sample."""
        return (max(self.width(), self.minimumWidth()) - (COLUMNS - 1) * GAP) // COLUMNS

    def set_pixels(self, pixels: Pixels) -> None:
        """Show pictures uint8 (N, C, H, W)."""
        self._images = [to_image(picture) for picture in pixels]
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tokens.canvas))
        side = self.side
        for index in range(COLUMNS * ROWS):
            corner = QPointF(index % COLUMNS * (side + GAP), index // COLUMNS * (side + GAP))
            tile = QRectF(corner, QSize(side, side))
            painter.drawRect(tile)
            if index < len(self._images):
                draw_picture(painter, tile, self._images[index])


class ModelCard(QFrame):
    """Samples, figures, note; opened by a double click, Enter, or its button."""

    opened = Signal(object)
    compared = Signal(object)

    def __init__(self, theme: Theme, zoo: Zoo, entry: Entry) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setMinimumWidth(WIDTH)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._zoo = zoo
        self.entry = entry
        self._written: Card | None = None  # whose figures are there
        self.samples = Samples(theme)
        self.name = label("", "large")
        self.current = label("in use", "tag")
        self.current.hide()
        self.data = label("", "muted")
        self.data.setAccessibleName("Training pictures")
        self.problem = label("", "muted")
        self.note = label("", "muted")
        for text in (self.problem, self.data):
            text.setWordWrap(True)
        self.open = QPushButton("Open")
        self.open.setToolTip("Run this model on the Generate page.")
        self.open.clicked.connect(lambda: self.opened.emit(entry.name))
        self.compare = QPushButton("Compare")
        self.compare.setObjectName("quiet")
        self.compare.setToolTip("Compare this model with the open one, from the same start noise.")
        self.compare.clicked.connect(lambda: self.compared.emit(entry.name))
        self.evaluate = QPushButton("Evaluate")
        self.evaluate.setObjectName("quiet")
        self.evaluate.setCheckable(True)
        self.evaluate.setToolTip("Measure how close its samples are to held-out pictures.")
        self.evaluation = EvaluationPanel(zoo, entry, self)
        self.evaluate.toggled.connect(self.evaluation.set_open)
        self.sharing = SharePanel(zoo, entry, self)
        self.share = button(
            theme, "export", "Share on the hub", "Put this model on the Hugging Face hub.",
            lambda: self.sharing.set_open(not self.sharing.isVisible()),
        )  # fmt: skip
        self.forget = button(
            theme, "close", "Remove from the list", "Remove this file from the list. The file itself stays.",
            lambda: zoo.forget(entry.name),
        )  # fmt: skip
        self._lay_out()
        self.forget.setVisible(not entry.bundled and not entry.own)  # in the card by now: alone it were a window
        self.show_entry(entry)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.name)
        head.addStretch(1)
        head.addWidget(self.current)
        offer_copies(self, self.table)
        self._figures = QGridLayout()
        self._figures.setHorizontalSpacing(UNIT)
        self._figures.setVerticalSpacing(2)
        self._figures.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(UNIT // 2)
        for widget in (self.open, self.compare, self.evaluate):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.share)
        buttons.addWidget(self.forget)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, UNIT + UNIT // 2)
        column.setSpacing(UNIT)
        column.addWidget(self.samples)
        column.addLayout(head)
        column.addWidget(self.data)
        column.addWidget(self.problem)
        column.addLayout(self._figures)
        column.addWidget(self.note)
        column.addWidget(self.evaluation)
        column.addWidget(self.sharing)
        column.addStretch(1)
        column.addLayout(buttons)

    def table(self) -> Table | None:
        """What the card says, a row for each fact; None before it is read."""
        if (card := self._written) is None:
            return None
        facts = [(" ".join(name.split()), text) for name, text, _ in _figures(card)]
        return Table(("fact", "value"), [("Model", card.name), *facts])

    def show_entry(self, entry: Entry) -> None:
        """What is known of it now."""
        self.entry = entry
        room = WIDTH - 4 * UNIT
        self.setAccessibleName(f"Model {entry.title}")
        self.name.setText(elided(self.name, printable(entry.title), room - 5 * UNIT))
        self.name.setToolTip(in_tip(str(entry.path)))
        self.problem.setVisible(bool(entry.problem))
        self.problem.setText(printable(entry.problem))
        for widget in (self.open, self.compare, self.evaluate):
            widget.setEnabled(not entry.problem)
        if (pixels := self._zoo.thumbnails.get(entry.name)) is not None:
            self.samples.set_pixels(pixels)
        card = entry.card
        self.data.setText(_data(card) if card else "")
        self.data.setVisible(card is not None)
        self.note.setText(_first_lines(self.note, _noted(card), 3 * room - 6 * UNIT) if card else "")
        self.note.setWordWrap(True)
        self.note.setToolTip(in_tip(_noted(card)) if card and card.note else "")
        self.note.setVisible(bool(card and card.note))
        if card is not None and card != self._written:
            self._written = card
            while (item := self._figures.takeAt(0)) and (cell := item.widget()):
                cell.deleteLater()
            for row, (name, text, tip) in enumerate(_figures(card)):
                key, value = label(name, "muted"), label(text)
                value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
                key.setAlignment(Qt.AlignmentFlag.AlignTop)
                key.setToolTip(tip)
                value.setToolTip(tip)
                self._figures.addWidget(key, row, 0)
                self._figures.addWidget(value, row, 1)
        self.evaluation.show_entry(entry)
        self.share.setEnabled(card is not None and not entry.problem)
        self.sharing.show_state()

    def set_current(self, is_current: bool) -> None:
        """Mark the model that the Generate page runs."""
        self.current.setVisible(is_current)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.hasFocus() or not press_own(self, USES, event):  # not the Enter of a field on the card
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        QToolTip.hideText()
        self.open.click()


USES: Sequence[Use[ModelCard]] = (
    use("Open the model", lambda card: card.open.click(), Qt.Key.Key_Return, Qt.Key.Key_Enter),
)
HELP = (line(USES[0], "Double click"),)


def _first_lines(widget: QWidget, text: str, width: int) -> str:
    """As many whole sentences as have room, or words of a first one that is too long."""
    cut = elided(widget, text, width)
    if not cut.endswith("…"):
        return cut
    sentences, stop, _ = cut.rpartition(". ")
    return sentences + stop.strip() if stop else cut.rsplit(" ", 1)[0] + " …"


def _data(card: Card) -> str:
    data = card.data
    total = f", {thousands(data_total(data))}" if data.count else ""
    return f"{data_title(data)}{total} · {data.licence or 'licence not stated'}"


def _noted(card: Card) -> str:
    return " ".join(filter(None, weaknesses(card)))


def _figures(card: Card) -> list[tuple[str, str, str]]:
    net = card.net
    shape = f"{net.size} × {net.size} {'grey' if net.channels == 1 else 'colour'}"
    rows = [
        ("Pictures", shape, "Size and colour of a picture."),
        (
            "Network",
            network_text(net),
            NETWORK_TIP,
        ),
        (
            "Short run",
            short_run_text(card.short_run),
            "K, the number of Langevin steps that it was trained with; s, the step size that it draws with; τ, the "
            "noise of a step; m, the last steps that become ever shorter; p₀ × 2, start noise twice as wide as usual.",
        ),
    ]
    if card.data.held_out:
        rows.append(_held_out(card.data))
    if card.updates:
        rows.append(("Updates", thousands(card.updates), "Updates of the weights by Algorithm 1."))
    if card.seconds:
        rows.append(("Trained for", duration(card.seconds), "Time spent in training."))
    if card.health:
        health = f"d {card.health.d:+.2f}  v {card.health.v:.2f}  K·v {card.health.path_length:.3g}".replace("-", "−")
        rows.append(
            (
                "Health",
                health,
                "Means at the end of training: energy difference d between training pictures and samples, healthy near "
                "0; gradient step length v = s·‖∂E/∂x‖, healthy if steady; K·v, the length of a chain.",
            )
        )
    if card.figures:
        rows += _measured(card, card.figures)
    return rows


def _held_out(data: DataCard) -> tuple[str, str, str]:
    ranges, count = data.held_out_rows, thousands(data.held_out)
    which = f": rows {shorten(ranges, MOST_ROWS, placeholder=' …')} in name order, counted from 0" if ranges else ""
    tip = f"<p>{count} held-out pictures, which training never used{which}.</p>"
    shown = f"{count} (rows {ranges})".replace("-", "–") if 0 < len(ranges) <= SHORT_ROWS else count
    return ("Held out", shown, tip)


def _measured(card: Card, figures: Figures) -> list[tuple[str, str, str]]:
    name, kid = figures.names[0], figures.kid
    tip = (
        f"<p>Kernel distance of {thousands(figures.samples)} samples from {thousands(figures.held_out)} held-out "
        f"pictures of {escape(title_beside(card, figures.against))}; lower is better. Best possible: training pictures "
        "instead of samples. Pure noise: training pictures under heavy noise.</p>"
        f"<p>{escape(figures.command)}</p>"
    )
    bounds = f"{kid.floor.mean:.4f} to {kid.ceiling.mean:.4f}".replace("-", "−")
    return [(name, estimated(kid.model, 4), tip), (BOUNDS, bounds, tip)]
